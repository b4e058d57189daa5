"""What earlier decisions leave to decide: news, confirmation, cooldown, budget, enough rejections.

Each function is about one rule of the policy; `mine` are the decisions about the champion that
serves, or about a first version as long as none does.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from mlops_drift.learning.gates.beats_champion import BeatsChampion
from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.model_age import ModelAge
from mlops_drift.policy.config import RetrainingPolicy
from mlops_drift.policy.decision import EPISODE_GAP_DAYS, DecisionRecord
from mlops_drift.policy.evidence import Champion, Evidence

# Within so many days a second failing day confirms the first.
CONFIRMATION_DAYS = 28


def standing(history: Sequence[DecisionRecord]) -> list[DecisionRecord]:
    """The decisions without those that failed by what has changed since."""
    return [past for past in history if not past.superseded]


def about(version: int | None, history: Sequence[DecisionRecord]) -> list[DecisionRecord]:
    """The decisions about a champion; None for a first version."""
    return [past for past in history if past.version == version]


def failures_that_may_retrain(
    evidence: Evidence, policy: RetrainingPolicy
) -> list[CheckEvaluation]:
    """The failures of the champion since its promotion whose checks are in `retrain_on`."""
    champion = evidence.champion
    return [
        check
        for check in evidence.failed
        if champion is not None
        and check.version == champion.version
        and champion.as_of < check.day <= evidence.day
        and check.check in policy.retrain_on
    ]


def fresh_failures(
    evidence: Evidence, history: Sequence[DecisionRecord], policy: RetrainingPolicy
) -> list[CheckEvaluation]:
    """The failures that nothing has been decided about yet, after the cooldown.

    Without one, labels make no difference to the decision.
    """
    failed, champion = failures_that_may_retrain(evidence, policy), evidence.champion
    mine = about(evidence.version, standing(history))
    decided = decided_until(champion, mine)
    after = max(decided, cooldown_until(champion, mine, policy))
    forgotten = evidence.day - timedelta(days=CONFIRMATION_DAYS)
    # A corrected label judges the same predictions again: that they fail is no news.
    known = {_judged_rows(check) for check in failed if check.day <= decided}
    return [
        check
        for check in failed
        if check.day > after
        and (check.check not in evidence.confirm or check.day > forgotten)
        and _judged_rows(check) not in known
    ]


def _judged_rows(check: CheckEvaluation) -> tuple[str, date, int, str, int]:
    """What was judged, whenever that was: the same rows of the same window."""
    return check.check, check.production_day, check.window, check.subject, check.n


def confirmed_failures(
    fresh: Sequence[CheckEvaluation], evidence: Evidence, policy: RetrainingPolicy
) -> list[CheckEvaluation]:
    """The failures that are more than the chance of a single day."""
    recent = evidence.day - timedelta(days=CONFIRMATION_DAYS)
    failing: dict[str, set[date]] = {}
    for check in fresh:
        if check.day > recent:
            failing.setdefault(check.check, set()).add(check.day)
    return [
        check
        for check in fresh
        if check.check not in evidence.confirm
        or len(failing.get(check.check, ())) >= policy.confirm_days
    ]


def decided_until(champion: Champion | None, mine: Sequence[DecisionRecord]) -> date:
    """The last day that was decided on since the champion was promoted."""
    promoted = champion.as_of if champion else date.min
    return max([promoted, *(past.day for past in mine)])


def cooldown_until(
    champion: Champion | None, mine: Sequence[DecisionRecord], policy: RetrainingPolicy
) -> date:
    """The last day of the cooldown after the promotion, or the last rejected challenger, if any."""
    trained = [past.day for past in mine if past.brought_no_champion]
    if champion is not None:
        trained.append(champion.as_of)
    return max(trained) + timedelta(days=policy.cooldown_days) if trained else date.min


def waiting_for_approval(mine: Sequence[DecisionRecord]) -> DecisionRecord | None:
    """The decision whose challenger waits for a person, the last of several."""
    return next((past for past in reversed(mine) if past.status == "waiting"), None)


def last_has_failed(mine: Sequence[DecisionRecord]) -> bool:
    """Whether the last decision that brought no champion failed in training."""
    return [past.status for past in mine if past.brought_no_champion][-1:] == ["failed"]


def enough_rejections(
    mine: Sequence[DecisionRecord], rules: Sequence[str], policy: RetrainingPolicy
) -> list[DecisionRecord]:
    """The decisions of rejected challengers, once each of the rules has had its share of them."""
    rejected = [
        past
        for past in mine
        if past.brought_no_champion and {*past.rules} & {*rules} and not _has_aged_well(past)
    ]
    enough = all(
        sum(rule in past.rules for past in rejected) >= policy.give_up_after for rule in rules
    )
    return rejected if enough else []


def _has_aged_well(past: DecisionRecord) -> bool:
    """Whether a challenger that only age asked for was no better than the champion."""
    gates = past.outcome.failed_gates if past.outcome else ()
    return past.triggers == (ModelAge.name,) and gates == (BeatsChampion.name,)


def new_labels(
    evidence: Evidence, history: Sequence[DecisionRecord], mine: Sequence[DecisionRecord]
) -> int:
    """Labelled rows since the last training for this champion, or of it."""
    trained = [past.labelled for past in mine if past.action == "retrain"]
    champion = evidence.champion
    trained += [past.labelled for past in history if champion and past.id == champion.decision]
    return evidence.rows - max(trained, default=0)


def retrainings_since(history: Sequence[DecisionRecord], day: date) -> int:
    """Retrainings after a day that spend the budget: neither first trainings nor those by hand."""
    return sum(
        past.action == "retrain" and past.day > day and past.kind not in ("first", "by_hand")
        for past in history
    )


def first_of_episode(days: Sequence[date]) -> date:
    """The first of the days that reach to the last one without a longer pause.

    >>> first_of_episode([date(2024, 1, 1), date(2024, 1, 20), date(2024, 1, 25)])
    datetime.date(2024, 1, 20)
    """
    descending = sorted(set(days), reverse=True)
    start = descending[0]
    for earlier in descending[1:]:
        if (start - earlier).days > EPISODE_GAP_DAYS:
            break
        start = earlier
    return start
