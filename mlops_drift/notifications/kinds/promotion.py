"""A version becomes champion."""

from collections.abc import Iterator

from mlops_drift.notifications.base import REASONS, Message, NotificationKind
from mlops_drift.notifications.events import shortened
from mlops_drift.notifications.history import History
from mlops_drift.notifications.kinds.decision import outcome_facts, triggered_by
from mlops_drift.policy.decision import DecisionRecord


class Promotion(NotificationKind):
    """One message for each promotion."""

    name = "promotion"

    def messages(self, history: History) -> Iterator[Message]:
        """The promotions."""
        for record in history.decisions:
            outcome, before = record.outcome, record.version
            if outcome is not None and outcome.status == "promoted":
                place = f"in place of version {before}" if before else "as the first version"
                head = f"It serves after {outcome.day} {place}{triggered_by(record)}."
                body = f"{head}\n{shortened(outcome.reason, REASONS)}"
                title = f"{history.model}: version {outcome.challenger} is champion"
                name = f"{record.id}-v{outcome.challenger}-promoted"
                facts = {"previous": before, **outcome_facts(record, outcome)}
                yield self.message(history, name, outcome.day, title, body, _how(record), **facts)


def _how(record: DecisionRecord) -> str:
    if record.action == "rollback":
        return "version.rolled_back"
    by_a_person = record.outcome is not None and record.outcome.person is not None
    return "version.approved" if by_a_person else "version.promoted"
