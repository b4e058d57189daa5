"""A version becomes champion."""

from collections.abc import Iterator

from mlops_drift.notifications.base import NotificationKind
from mlops_drift.notifications.history import History
from mlops_drift.notifications.kinds.decision import triggered_by
from mlops_drift.notifications.message import REASONS, Message, shortened


class Promotion(NotificationKind):
    """One message for each promotion.

    >>> from datetime import date
    >>> from mlops_drift.notifications.history import Decided
    >>> day = date(2024, 10, 5)
    >>> entry = Decided("churn-v3-2024-10-05", day, "retrain", ["performance_drop"], 3, "",
    ...     "promoted", day, 4, "accuracy 0.910 on recent rows, version 3 has 0.700")
    >>> [message] = Promotion().messages(History("churn", decisions=[entry]))
    >>> print(message.title)
    churn: version 4 is champion
    >>> print(message.body)
    It serves after 2024-10-05 in place of version 3, triggered by performance_drop.
    accuracy 0.910 on recent rows, version 3 has 0.700
    """

    name = "promotion"

    def messages(self, history: History) -> Iterator[Message]:
        """The promotions."""
        for entry in history.decisions:
            if entry.outcome == "promoted" and entry.settled is not None:
                before = (
                    f"in place of version {entry.version}"
                    if entry.version
                    else "as the first version"
                )
                yield self.message(
                    f"{entry.decision}-v{entry.challenger}-promoted",
                    entry.settled,
                    f"{history.model}: version {entry.challenger} is champion",
                    f"It serves after {entry.settled} {before}{triggered_by(entry)}.\n"
                    f"{shortened(entry.outcome_reason, REASONS)}",
                )
