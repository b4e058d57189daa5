"""The retraining policy: a pure function from evidence and history to a decision."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from mlops_drift.learning.gates.beats_champion import BeatsChampion
from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.model_age import ModelAge
from mlops_drift.monitors.ranking import worst_first
from mlops_drift.policy.config import RetrainingPolicy, TrainingWindow
from mlops_drift.policy.decision import (
    EPISODE_GAP_DAYS,
    MANUAL,
    NO_CHAMPION,
    Action,
    Champion,
    Decision,
    Evidence,
    PastDecision,
)

# Within so many days a second failing day confirms the first.
CONFIRMATION_DAYS = 28

# Outcomes that bring no new champion; without new labels another training would bring none either.
REFUSED = ("rejected", "failed")


def decide(
    model: str, evidence: Evidence, history: Sequence[PastDecision], policy: RetrainingPolicy
) -> Decision:
    """Decides whether to retrain.

    A decision under way is given again, so that it can be taken up after a kill. Without a
    champion the first version is trained once there are enough labelled rows. With one, failures
    of the checks in `retrain_on`, after the cooldown and since the last decision, are one drift
    episode and lead to one retraining, those of drift once a second day has confirmed them. It
    waits for new labels, for a row of every class, and for the budget. Once `give_up_after`
    challengers of one champion were refused because of each of the checks, it gives up, until
    another check fails.

    A decision whose training failed counts as a refused challenger does, as long as the rows, the
    code and the description are those by which it failed; when they have changed, it is as if it
    had never been.

    Args:
        model: name of the model.
        evidence: what was known at the end of the day.
        history: all decisions on this model so far that led to something.
        policy: the rules.
    """
    under_way = [past for past in history if is_under_way(past, evidence.champion)]
    if under_way:
        past = under_way[-1]
        return Decision(
            "retrain",
            past.reason,
            past.day,
            past.id,
            past.rules,
            past.version,
            past.candidates,
            past.labelled,
        )
    standing = _standing(history)
    decision = (
        _first_version(model, evidence, standing, policy)
        if evidence.champion is None
        else _retraining(model, evidence, evidence.champion, standing, policy)
    )
    return _numbered(decision, history)


def _standing(history: Sequence[PastDecision]) -> list[PastDecision]:
    """The decisions without those that failed by what has changed since."""
    return [past for past in history if not past.superseded]


def _numbered(decision: Decision, history: Sequence[PastDecision]) -> Decision:
    """The decision under an id of its own, if one that failed has had it."""
    failed = [past.id for past in history if past.outcome == "failed"]
    name, number = decision.id, 1
    while name in failed:
        number += 1
        name = f"{decision.id}-{number}"
    return replace(decision, id=name)


def is_under_way(past: PastDecision, champion: Champion | None) -> bool:
    """Whether a decision still has to be carried out, or to be recorded as carried out.

    One about a version that another decision has replaced has nothing left to do.
    """
    if past.action != "retrain" or past.outcome is not None:
        return False
    if champion is None:
        return past.version is None
    return past.version == champion.version or past.id == champion.decision


def _first_version(
    model: str, evidence: Evidence, history: Sequence[PastDecision], policy: RetrainingPolicy
) -> Decision:
    day, labelled = evidence.day, sum(evidence.labelled.values())
    mine = [past for past in history if past.version is None]
    trained = [past.labelled for past in mine if past.outcome in (*REFUSED, "waiting")]
    needed = max([policy.first_training_rows, *(n + policy.min_new_labels for n in trained)])
    stop = _given_up(model, evidence, None, mine, [NO_CHAMPION], policy)
    if stop is not None:
        return stop
    awaited = _awaited(mine)
    if awaited:
        return _nothing(model, evidence, awaited)
    cool = _cool(None, mine, policy)
    if day <= cool:
        reason = f"a first version was refused: the next one is trained after {cool}"
        if _has_failed(mine):
            reason = (
                f"a first training failed: the next one is trained after {cool}, or when these "
                "rows, the code or the description have changed"
            )
        return _waiting(model, evidence, reason)
    if labelled < needed:
        return _waiting(
            model, evidence, f"{labelled} of {needed} labelled rows for a first version"
        )
    obstacle = _missing_classes(evidence) or _spent_budget(evidence, history, policy)
    if obstacle:
        return _waiting(model, evidence, obstacle)
    reason = f"no champion, and {labelled} labelled rows"
    if policy.mode == "alert":
        if any(past.action == "alert" for past in mine):
            return _nothing(
                model, evidence, f"no champion; mode is alert, and {mine[-1].id} said so"
            )
        reason = f"{reason}; mode is alert: train the first version by hand"
    return Decision(
        "alert" if policy.mode == "alert" else "retrain",
        reason,
        day,
        f"{model}-v0-{day}",
        (NO_CHAMPION,),
        None,
        _candidates(evidence, None, policy),
        labelled,
        (_no_champion(day, labelled, needed),),
    )


def _no_champion(day: date, labelled: int, needed: int) -> CheckEvaluation:
    reason = f"no version serves, and {labelled} of {needed} labelled rows are there"
    return CheckEvaluation(
        check=NO_CHAMPION,
        day=day,
        production_day=day,
        version=0,
        subject="labelled rows",
        window=0,
        verdict="fail",
        code=NO_CHAMPION,
        reason=reason,
        value=labelled,
        threshold=needed,
        n=labelled,
    )


def _retraining(
    model: str,
    evidence: Evidence,
    champion: Champion,
    history: Sequence[PastDecision],
    policy: RetrainingPolicy,
) -> Decision:
    day, labelled = evidence.day, sum(evidence.labelled.values())
    mine = _about(champion, history)
    failed = _asking(evidence, champion, policy)
    fresh = fresh_failures(evidence, champion, history, policy)
    if not fresh:
        return _nothing(model, evidence, _why_nothing(evidence.day, failed, champion, mine, policy))
    awaited = _awaited(mine)
    if awaited:
        return _nothing(model, evidence, awaited)
    confirmed = _confirmed(fresh, evidence, policy)
    if not confirmed:
        return _waiting(model, evidence, _unconfirmed(fresh, policy))
    stop = _given_up(model, evidence, champion, mine, _rules(confirmed), policy)
    if stop is not None:
        return stop
    if policy.mode == "alert":
        return _alert(model, evidence, champion, mine, failed, confirmed)
    obstacle = (
        _few_new_labels(labelled, champion, history, mine, policy)
        or _missing_classes(evidence)
        or _spent_budget(evidence, history, policy)
    )
    if obstacle:
        return _waiting(model, evidence, obstacle)
    return Decision(
        "retrain",
        _because(confirmed),
        day,
        f"{model}-v{champion.version}-{min(check.day for check in confirmed)}",
        _rules(confirmed),
        champion.version,
        _candidates(evidence, champion, policy),
        labelled,
        tuple(confirmed),
    )


def _confirmed(
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


def _unconfirmed(fresh: Sequence[CheckEvaluation], policy: RetrainingPolicy) -> str:
    listed = ", ".join(_rules(fresh))
    return (
        f"{listed} failed on too few days to be no chance: {policy.confirm_days} of the last "
        f"{CONFIRMATION_DAYS} are needed. {_because(fresh)}"
    )


def fresh_failures(
    evidence: Evidence,
    champion: Champion,
    history: Sequence[PastDecision],
    policy: RetrainingPolicy,
) -> list[CheckEvaluation]:
    """The failures that nothing has been decided about yet, after the cooldown.

    Without one, labels make no difference to the decision.
    """
    asking = _asking(evidence, champion, policy)
    mine = _about(champion, _standing(history))
    decided_until = _decided_until(champion, mine)
    settled = max(decided_until, _cool(champion, mine, policy))
    forgotten = evidence.day - timedelta(days=CONFIRMATION_DAYS)
    # A corrected label judges the same predictions again: that they fail is no news.
    known = {_subject(check) for check in asking if check.day <= decided_until}
    return [
        check
        for check in asking
        if check.day > settled
        and (check.day > forgotten or check.check not in evidence.confirm)
        and _subject(check) not in known
    ]


def _subject(check: CheckEvaluation) -> tuple[str, date, int, str, int]:
    """What a failed number is about, whenever it was computed: the same rows of the same window."""
    return check.check, check.production_day, check.window, check.subject, check.n


def _about(champion: Champion, history: Sequence[PastDecision]) -> list[PastDecision]:
    return [past for past in history if past.version == champion.version]


def _asking(
    evidence: Evidence, champion: Champion, policy: RetrainingPolicy
) -> list[CheckEvaluation]:
    """The failures of the champion that may retrain."""
    return [
        check
        for check in evidence.failed
        if check.version == champion.version
        and champion.as_of < check.day <= evidence.day
        and check.check in policy.retrain_on
    ]


def _decided_until(champion: Champion, mine: Sequence[PastDecision]) -> date:
    return max([champion.as_of, *(past.day for past in mine)])


def _cool(
    champion: Champion | None, mine: Sequence[PastDecision], policy: RetrainingPolicy
) -> date:
    """The last day of the cooldown after the promotion, or the last refused challenger, if any."""
    trained = [past.day for past in mine if past.outcome in REFUSED]
    if champion is not None:
        trained.append(champion.as_of)
    return max(trained) + timedelta(days=policy.cooldown_days) if trained else date.min


def _why_nothing(
    day: date,
    failed: Sequence[CheckEvaluation],
    champion: Champion,
    mine: Sequence[PastDecision],
    policy: RetrainingPolicy,
) -> str:
    name = f"version {champion.version}"
    if not failed:
        return f"no failed check of {name} that may retrain"
    awaited = _awaited(mine)
    if awaited:
        return awaited
    decided_until = _decided_until(champion, mine)
    cool = _cool(champion, mine, policy)
    if all(check.day <= decided_until for check in failed):
        return f"the failed checks of {name} were decided on {decided_until}"
    if day <= cool:
        return f"{name} is in its cooldown until {cool}: its failed checks only alert"
    return f"no new failed check of {name} since {max(decided_until, cool)}"


def _awaited(mine: Sequence[PastDecision]) -> str:
    """Why no other challenger is trained; empty where none waits."""
    waiting = [past for past in mine if past.outcome == "waiting"]
    if not waiting:
        return ""
    return f"a challenger waits for approval since {waiting[-1].day} ({waiting[-1].id})"


def _alert(
    model: str,
    evidence: Evidence,
    champion: Champion,
    mine: Sequence[PastDecision],
    failed: Sequence[CheckEvaluation],
    fresh: Sequence[CheckEvaluation],
) -> Decision:
    """In the mode `alert`, an episode that goes on is said once."""
    said = {
        rule
        for rule in _rules(fresh)
        if any(
            past.action == "alert"
            and rule in past.rules
            and past.day >= _first_of_episode([each.day for each in failed if each.check == rule])
            for past in mine
        )
    }
    news = [check for check in fresh if check.check not in said]
    if not news:
        reason = f"{', '.join(sorted(said))} goes on; mode is alert, and it has been said"
        return _nothing(model, evidence, reason)
    return Decision(
        "alert",
        f"{_because(news)}; mode is alert: nothing is trained",
        evidence.day,
        f"{model}-v{champion.version}-{evidence.day}",
        _rules(news),
        champion.version,
        evidence=tuple(news),
    )


def _first_of_episode(days: Sequence[date]) -> date:
    """The first of the days that reach to the last one without a longer pause."""
    descending = sorted(set(days), reverse=True)
    start = descending[0]
    for earlier in descending[1:]:
        if (start - earlier).days > EPISODE_GAP_DAYS:
            break
        start = earlier
    return start


def _given_up(
    model: str,
    evidence: Evidence,
    champion: Champion | None,
    mine: Sequence[PastDecision],
    asking: Sequence[str],
    policy: RetrainingPolicy,
) -> Decision | None:
    """Once each of the checks that ask has had its share of refused challengers."""
    refused = [
        past
        for past in mine
        if past.outcome in REFUSED and set(past.rules) & {*asking} and not _confirmed_age(past)
    ]
    if any(sum(rule in past.rules for past in refused) < policy.give_up_after for rule in asking):
        return None
    said = [past for past in mine if past.action == "give_up"]
    if {rule for past in said for rule in past.rules}.issuperset(asking):
        reason = f"gave up on {said[-1].day}; promote a version by hand, or raise give_up_after"
        return _nothing(model, evidence, reason)
    number = champion.version if champion else 0
    whom = f"version {number}" if champion else "a first version"
    failed = sum(past.outcome == "failed" for past in refused)
    why = (
        f"See why {failed} of them failed in training, and why gates refused others"
        if failed
        else "See why the gates refused them"
    )
    return Decision(
        "give_up",
        f"{len(refused)} challengers in place of {whom} were refused, the last on "
        f"{refused[-1].day}: because of {', '.join(asking)} no more are trained until a person "
        f"looks. {why}, then promote a version by hand or change gates, features or policy",
        evidence.day,
        f"{model}-v{number}-{evidence.day}-gave-up",
        tuple(asking),
        champion.version if champion else None,
    )


def _confirmed_age(past: PastDecision) -> bool:
    """Whether a challenger that only age asked for was no better: the champion has aged well."""
    return past.rules == (ModelAge.name,) and past.against == (BeatsChampion.name,)


def _few_new_labels(
    labelled: int,
    champion: Champion,
    history: Sequence[PastDecision],
    mine: Sequence[PastDecision],
    policy: RetrainingPolicy,
) -> str:
    trained = [
        past.labelled
        for past in history
        if past.id == champion.decision or (past in mine and past.action == "retrain")
    ]
    new = labelled - max(trained, default=0)
    if new >= policy.min_new_labels:
        return ""
    since = "few labels since the last training"
    if any(past.outcome in REFUSED for past in mine):
        since = "a training failed" if _has_failed(mine) else "a challenger was refused"
    return f"{since}; {max(new, 0)} of {policy.min_new_labels} new labels for another"


def _has_failed(mine: Sequence[PastDecision]) -> bool:
    """Whether the last decision that brought no champion failed in training."""
    return [past.outcome for past in mine if past.outcome in REFUSED][-1] == "failed"


def _missing_classes(evidence: Evidence) -> str:
    missing = ", ".join(evidence.missing_classes)
    return f"no labelled row of class {missing} yet" if missing else ""


def _spent_budget(
    evidence: Evidence, history: Sequence[PastDecision], policy: RetrainingPolicy
) -> str:
    budget = policy.budget
    if budget is None:
        return ""
    since = evidence.day - timedelta(days=budget.days)
    spent = [
        past
        for past in history
        if past.action == "retrain"
        and past.day > since
        and not {MANUAL, NO_CHAMPION} & set(past.rules)
    ]
    if len(spent) < budget.retrainings:
        return ""
    return f"{len(spent)} retrainings since {since}: the budget of {budget.days} days is spent"


def _because(failed: Sequence[CheckEvaluation]) -> str:
    """The worst reason of each check that failed."""
    worst: dict[str, str] = {}
    for item in worst_first(failed):
        worst.setdefault(item.check, item.reason)
    return "; ".join(worst[rule] for rule in sorted(worst))


def _rules(failed: Sequence[CheckEvaluation]) -> tuple[str, ...]:
    return tuple(sorted({check.check for check in failed}))


def _candidates(
    evidence: Evidence, champion: Champion | None, policy: RetrainingPolicy
) -> dict[TrainingWindow, date | None]:
    """First event day by training window, of those that the policy allows and the data has."""
    found: dict[TrainingWindow, date | None] = {}
    if policy.window_days is not None and evidence.labelled:
        start = max(evidence.labelled) - timedelta(days=policy.window_days - 1)
        found["recent"] = max(start, min(evidence.labelled))
    change = _first_failing_day(evidence, champion)
    if change is not None:
        rows = sum(n for day, n in evidence.labelled.items() if day >= change)
        if rows >= policy.rows_since_change:
            found["since_change"] = change
    if champion is not None or not found:
        found["everything"] = None
    allowed = {name: since for name, since in found.items() if name in policy.training_windows}
    return allowed or {"everything": None}


def _first_failing_day(evidence: Evidence, champion: Champion | None) -> date | None:
    """Of the present episode of this champion, also before a refused challenger."""
    if champion is None:
        return None
    days = [
        check.production_day
        for check in evidence.failed
        if check.check in evidence.realized and check.version == champion.version
    ]
    return _first_of_episode(days) if days else None


def _nothing(model: str, evidence: Evidence, reason: str) -> Decision:
    return _idle("nothing", model, evidence, reason)


def _waiting(model: str, evidence: Evidence, reason: str) -> Decision:
    return _idle("wait", model, evidence, reason)


def _idle(action: Action, model: str, evidence: Evidence, reason: str) -> Decision:
    """Nothing is done at the end of this day; what was seen is kept all the same."""
    return Decision(
        action,
        reason,
        evidence.day,
        f"{model}-{evidence.day}-{action}",
        version=evidence.champion.version if evidence.champion else None,
        labelled=sum(evidence.labelled.values()),
        evidence=tuple(check for check in evidence.failed if check.day == evidence.day),
    )
