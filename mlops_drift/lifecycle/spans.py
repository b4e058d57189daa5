"""The decisions on a model as people read them: what was done, and how long it waited."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from operator import attrgetter

from mlops_drift.policy.decision import IDLE, Action, DecisionRecord, Kind


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
