"""A version becomes champion."""

from collections.abc import Iterator

from mlops_drift.notifications.base import REASONS, Message, NotificationKind, shortened
from mlops_drift.notifications.history import History
from mlops_drift.notifications.kinds.decision import triggered_by


class Promotion(NotificationKind):
    """One message for each promotion.

    >>> from datetime import date
    >>> from mlops_drift.policy.decision import DecisionRecord, Outcome
    >>> day = date(2024, 10, 5)
    >>> outcome = Outcome("promoted", day, "accuracy 0.910 on recent rows, version 3 has 0.700", 4)
    >>> record = DecisionRecord("retrain", "", day, "churn-v3-2024-10-05",
    ...     triggers=("performance_drop",), version=3, outcome=outcome)
    >>> [message] = Promotion().messages(History("churn", decisions=[record]))
    >>> print(message.title)
    churn: version 4 is champion
    >>> print(message.body)
    It serves after 2024-10-05 in place of version 3, triggered by performance_drop.
    accuracy 0.910 on recent rows, version 3 has 0.700
    """

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
