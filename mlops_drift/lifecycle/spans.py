"""The decisions on a model as people read them: what was done, and how long it waited."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from math import isnan
from operator import attrgetter

from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.measured import shown
from mlops_drift.monitors.ranking import worst_first
from mlops_drift.policy.decision import IDLE, Action, DecisionRecord, Kind
from mlops_drift.schema.days import span


@dataclass(frozen=True)
class Span:
    """One decision that did something, or consecutive days on which the policy waited.

    Attributes:
        first: its first day; of a decision that did something its only day.
        last: its last day.
        triggers: the checks that asked for a retraining, all of those of a wait.
        reason: that of the last day: "300 of 500 new labels for another".
        record: the last decision of the span.
    """

    first: date
    last: date
    action: Action
    kind: Kind
    triggers: tuple[str, ...]
    reason: str
    record: DecisionRecord

    @property
    def days(self) -> str:
        """Its days as text."""
        return span(self.first, self.last)


def outcome_of(record: DecisionRecord) -> str:
    """What became of a decision, in a few words; empty where nothing did, or nothing yet.

    >>> from mlops_drift.policy.decision import Outcome
    >>> day = date(2024, 10, 5)
    >>> gates = Outcome("rejected", day, "F1 is 0.4.", 2, ("test_f1", "calibration"))
    >>> outcome_of(DecisionRecord("retrain", "31 days old", day, "churn-v1", outcome=gates))
    'rejected by test_f1, calibration'
    """
    outcome = record.outcome
    if outcome is None:
        return ""
    if outcome.status == "promoted":
        by = f" by {outcome.person}" if outcome.person else ""
        return f"promoted v{outcome.challenger}{by}"
    if outcome.status == "waiting":
        return f"v{outcome.challenger} waits for approval"
    against = ", ".join(outcome.failed_gates) or outcome.person
    return f"{outcome.status} by {against}" if against else outcome.status


def sentence_of(record: DecisionRecord) -> str:
    """A decision in one line: what, because of which numbers, and what became of it.

    >>> sentence_of(DecisionRecord("wait", "300 of 500 new labels", date(2024, 10, 5), "churn-v1"))
    'wait: 300 of 500 new labels'
    """
    worst = {item.check: item for item in reversed(worst_first(record.evidence))}
    numbers = [_numbers(worst[check]) for check in record.triggers if check in worst]
    acts = record.action not in IDLE
    why = "; ".join(numbers) if acts and numbers else record.reason
    outcome = outcome_of(record)
    return f"{record.action}: {why} → {outcome}" if outcome else f"{record.action}: {why}"


def _numbers(item: CheckEvaluation) -> str:
    """A failed check with its number and limit, as `performance_drop 0.677 < 0.800`."""
    if isnan(item.value) or isnan(item.threshold):
        return f"{item.check} {item.subject}"
    value, limit = item.value, item.threshold
    sign = "<" if value < limit else "≥" if value == limit else ">"
    return f"{item.check} {_number(value)} {sign} {_number(limit)}"


def _number(value: float) -> str:
    """Days and rows without decimals."""
    return f"{value:.0f}" if float(value).is_integer() and abs(value) > 1 else shown(value)


def acted_and_waited(records: Sequence[DecisionRecord]) -> list[Span]:
    """All decisions on a model, by day, without the days on which there was nothing to do.

    Days of waiting are one span if they are about one champion, and no decision between them did
    something else or found nothing to do. What waits on the day of another decision follows it.
    """
    spans: list[Span] = []
    waited: Span | None = None
    for _, group in groupby(records, attrgetter("day")):
        of_day = list(group)
        acted = [_span(record) for record in of_day if record.action not in IDLE]
        wait = next((_span(record) for record in of_day if record.action == "wait"), None)
        spans += acted
        if waited and wait and not acted and waited.record.version == wait.record.version:
            spans.pop()
            triggers = tuple(sorted({*waited.triggers, *wait.triggers}))
            wait = replace(wait, first=waited.first, triggers=triggers)
        if wait:
            spans.append(wait)
        waited = wait
    return spans


def _span(record: DecisionRecord) -> Span:
    facts = (record.action, record.kind, record.triggers, record.reason)
    return Span(record.day, record.day, *facts, record)
