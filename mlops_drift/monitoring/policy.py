"""The retraining policy: a pure function from evidence and history to a decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from mlops_drift.monitoring.config import RetrainingPolicy

NO_CHAMPION = "no_champion"
MANUAL = "manual"
PERFORMANCE_DROP = "performance_drop"

Action = Literal["retrain", "wait", "nothing"]
Outcome = Literal["promoted", "rejected"]


@dataclass(frozen=True)
class Champion:
    """The version that serves, the day whose end it was promoted at, and by which decision."""

    version: int
    as_of: date
    decision: str = ""


@dataclass(frozen=True)
class FailedCheck:
    """One number that made a check fail.

    Attributes:
        day: the day on which the check failed.
        production_day: the day of the events that the number is about.
        version: the version that was judged.
        column: the column, or the metric for performance.
    """

    check: str
    day: date
    production_day: date
    version: int
    column: str
    value: float
    threshold: float
    n: int
    reason: str


@dataclass(frozen=True)
class Evidence:
    """What was known at the end of a day.

    Attributes:
        day: the as-of date.
        champion: None before the first promotion.
        failed: failed numbers about the champion, up to `day`.
        labelled: labelled rows known at the end of `day`, by day of the event.
        missing_classes: classes of the target that no labelled row has.
    """

    day: date
    champion: Champion | None
    failed: Sequence[FailedCheck]
    labelled: Mapping[date, int]
    missing_classes: Sequence[str] = ()


@dataclass(frozen=True)
class PastDecision:
    """An earlier decision to retrain and what came of it; no outcome yet means under way."""

    id: str
    day: date
    rules: tuple[str, ...]
    version: int | None
    since: date | None
    labelled: int
    outcome: Outcome | None


@dataclass(frozen=True)
class Decision:
    """What to do, and why.

    Attributes:
        id: derives from the champion and the first day of the episode: one decision an episode.
        day: the as-of date of the training set.
        rules: the failed checks, or `no_champion`.
        version: the champion that the decision is about.
        since: first event day of the training set; None takes all.
        labelled: labelled rows known at `day`.
        evidence: the failed numbers that it rests on.
    """

    action: Action
    reason: str
    day: date
    id: str = ""
    rules: tuple[str, ...] = ()
    version: int | None = None
    since: date | None = None
    labelled: int = 0
    evidence: tuple[FailedCheck, ...] = ()


def decide(
    model: str, evidence: Evidence, history: Sequence[PastDecision], policy: RetrainingPolicy
) -> Decision:
    """Decides whether to retrain.

    A decision under way is given again, so that it can be taken up after a kill. Without a
    champion the first version is trained once there are enough labelled rows. With one, failures
    of the checks in `retrain_on` since the last decision are one drift episode and lead to one
    retraining; a refused challenger is followed by another one only with new labels and a new
    failure.

    Args:
        model: name of the model.
        evidence: what was known at the end of the day.
        history: all decisions on this model so far.
        policy: the rules.
    """
    labelled = sum(evidence.labelled.values())
    under_way = [past for past in history if _is_under_way(past, evidence.champion)]
    if under_way:
        past = under_way[-1]
        return Decision(
            "retrain",
            f"decision {past.id} is under way",
            past.day,
            past.id,
            past.rules,
            past.version,
            past.since,
            past.labelled,
        )
    if evidence.champion is None:
        return _first_version(model, evidence, history, policy, labelled)
    return _retraining(model, evidence, evidence.champion, history, policy, labelled)


def _is_under_way(past: PastDecision, champion: Champion | None) -> bool:
    """Whether a decision still has to be carried out, or to be recorded as carried out.

    One about a version that another decision has replaced has nothing left to do.
    """
    if past.outcome is not None:
        return False
    if champion is None:
        return past.version is None
    return past.version == champion.version or past.id == champion.decision


def _first_version(
    model: str,
    evidence: Evidence,
    history: Sequence[PastDecision],
    policy: RetrainingPolicy,
    labelled: int,
) -> Decision:
    day = evidence.day
    refused = [past.labelled for past in history if past.outcome == "rejected"]
    needed = max([policy.first_training_rows, *(n + policy.min_new_labels for n in refused)])
    if labelled < needed:
        return Decision("wait", f"{labelled} of {needed} labelled rows for a first version", day)
    if evidence.missing_classes:
        missing = ", ".join(evidence.missing_classes)
        return Decision("wait", f"no labelled row of class {missing} yet", day)
    return Decision(
        "retrain",
        f"no champion, and {labelled} labelled rows",
        day,
        f"{model}-v0-{day}",
        (NO_CHAMPION,),
        None,
        _window_start(evidence, policy),
        labelled,
    )


def _retraining(
    model: str,
    evidence: Evidence,
    champion: Champion,
    history: Sequence[PastDecision],
    policy: RetrainingPolicy,
    labelled: int,
) -> Decision:
    day = evidence.day
    mine = [past for past in history if past.version == champion.version]
    decided_until = max([champion.as_of, *(past.day for past in mine)])
    failed = [
        check
        for check in evidence.failed
        if check.version == champion.version
        and decided_until < check.day <= day
        and check.check in policy.retrain_on
    ]
    if not failed:
        before = [check for check in evidence.failed if check.version == champion.version]
        reason = (
            f"the failed checks of version {champion.version} were decided on {decided_until}"
            if before
            else f"no failed check of version {champion.version}"
        )
        return Decision("nothing", reason, day)
    refused = [past.labelled for past in mine if past.outcome == "rejected"]
    if refused and labelled < max(refused) + policy.min_new_labels:
        return Decision(
            "wait",
            f"a challenger was refused; {labelled - max(refused)} of {policy.min_new_labels} new "
            "labels for another",
            day,
        )
    if evidence.missing_classes:
        missing = ", ".join(evidence.missing_classes)
        return Decision("wait", f"no labelled row of class {missing} yet", day)
    rules = tuple(name for name in policy.retrain_on if name in {check.check for check in failed})
    episode = min(check.day for check in failed)
    return Decision(
        "retrain",
        "; ".join(_worst(failed, rule).reason for rule in rules),
        day,
        f"{model}-v{champion.version}-{episode}",
        rules,
        champion.version,
        _since(evidence, champion, policy),
        labelled,
        tuple(failed),
    )


def _worst(failed: Sequence[FailedCheck], rule: str) -> FailedCheck:
    mine = [check for check in failed if check.check == rule]
    return max(mine, key=lambda check: abs(check.value - check.threshold))


def _since(evidence: Evidence, champion: Champion, policy: RetrainingPolicy) -> date | None:
    """After an abrupt change: the first failing production day, if enough rows came since.

    Of all failures of this champion: a refused challenger does not make the change later.
    """
    drops = [
        check.production_day
        for check in evidence.failed
        if check.check == PERFORMANCE_DROP and check.version == champion.version
    ]
    if drops:
        first = min(drops)
        rows = sum(n for day, n in evidence.labelled.items() if day >= first)
        if rows >= policy.rows_since_change:
            return first
    return _window_start(evidence, policy)


def _window_start(evidence: Evidence, policy: RetrainingPolicy) -> date | None:
    if policy.window_days is None or not evidence.labelled:
        return None
    start = max(evidence.labelled) - timedelta(days=policy.window_days - 1)
    return max(start, min(evidence.labelled))
