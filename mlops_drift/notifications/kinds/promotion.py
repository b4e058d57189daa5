"""A version becomes champion."""

from collections.abc import Iterator

from mlops_drift.notifications.base import REASONS, Message, NotificationKind, shortened
from mlops_drift.notifications.history import History
from mlops_drift.notifications.kinds.decision import triggered_by


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
                yield self.message(name, outcome.day, title, body)
