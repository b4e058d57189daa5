"""The sentences in which the policy gives its reasons."""

from collections.abc import Sequence
from datetime import date

from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.ranking import worst_first
from mlops_drift.policy.config import RetrainingPolicy
from mlops_drift.policy.decision import DecisionRecord
from mlops_drift.policy.evidence import Evidence, triggers_of
from mlops_drift.policy.history import (
    CONFIRMATION_DAYS,
    cooldown_until,
    decided_until,
    last_has_failed,
    waiting_for_approval,
)


def failed_because(failed: Sequence[CheckEvaluation]) -> str:
    """The reason of the worst evaluation of each check."""
    worst: dict[str, str] = {}
    for item in worst_first(failed):
        worst.setdefault(item.check, item.reason)
    return "; ".join(worst[check] for check in sorted(worst))


def unconfirmed(fresh: Sequence[CheckEvaluation], policy: RetrainingPolicy) -> str:
    """Drift that too few days have shown."""
    return (
        f"{', '.join(triggers_of(fresh))} failed on too few days to rule out chance: "
        f"{policy.confirm_days} of the last {CONFIRMATION_DAYS} are needed. {failed_because(fresh)}"
    )


def no_news(
    evidence: Evidence,
    failed: Sequence[CheckEvaluation],
    mine: Sequence[DecisionRecord],
    policy: RetrainingPolicy,
) -> str:
    """Why a champion without a fresh failure is left alone."""
    name = f"version {evidence.version}"
    if not failed:
        return f"no failed check of {name} that may retrain"
    if awaited := awaits_approval(mine):
        return awaited
    decided = decided_until(evidence.champion, mine)
    cool = cooldown_until(evidence.champion, mine, policy)
    if all(check.day <= decided for check in failed):
        return f"the failed checks of {name} were decided on {decided}"
    if evidence.day <= cool:
        return f"{name} is in its cooldown until {cool}: its failed checks only alert"
    return f"no new failed check of {name} since {max(decided, cool)}"


def awaits_approval(mine: Sequence[DecisionRecord]) -> str:
    """Why no other challenger is trained; empty where none waits."""
    waiting = waiting_for_approval(mine)
    return f"a challenger waits for approval since {waiting.day} ({waiting.id})" if waiting else ""


def paused(rejected: Sequence[DecisionRecord], version: int | None, causes: str) -> str:
    """Why no more challengers are trained until a person looks."""
    whom = f"version {version}" if version else "a first version"
    failed = sum(past.status == "failed" for past in rejected)
    why = (
        f"See why {failed} of them failed in training, and why gates rejected others"
        if failed
        else "See why the gates rejected them"
    )
    return (
        f"paused, needs a person: {len(rejected)} challengers in place of {whom} were rejected "
        f"({causes}), the last on {rejected[-1].day}. {why}, then promote a version by hand or "
        "change gates, features or policy"
    )


def first_version_cools(mine: Sequence[DecisionRecord], cool: date) -> str:
    """Why a first training waits for the end of the cooldown."""
    if last_has_failed(mine):
        return (
            f"a first training failed: the next one starts after {cool}, or when these rows, the "
            "code or the description have changed"
        )
    return f"a first version was rejected: the next one is trained after {cool}"


def few_new_labels(new: int, mine: Sequence[DecisionRecord], policy: RetrainingPolicy) -> str:
    """Why another training waits for labels."""
    since = "few labels since the last training"
    if any(past.brought_no_champion for past in mine):
        since = "a training failed" if last_has_failed(mine) else "a challenger was rejected"
    return f"{since}; {max(new, 0)} of {policy.min_new_labels} new labels for another"
