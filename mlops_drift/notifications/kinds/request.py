"""A decision calls who makes the versions of an external model."""

from collections.abc import Iterator

from mlops_drift.notifications.base import REASONS, Message, NotificationKind
from mlops_drift.notifications.events import shortened
from mlops_drift.notifications.history import History
from mlops_drift.notifications.kinds.decision import REQUESTED, decided_facts
from mlops_drift.policy.decision import Decision


class Request(NotificationKind):
    """One event for each decision to retrain, for the webhook of `policy.action` alone."""

    name = "request"

    def messages(self, history: History) -> Iterator[Message]:
        """The decisions that ask for a version; by hand nobody asks for one."""
        for record in history.decisions:
            if record.action == "retrain" and record.kind != "by_hand":
                title = f"{history.model}: {REQUESTED}"
                body = shortened(record.reason, REASONS)
                about = (request_id(record), record.day, title, body, "retraining.requested")
                yield self.message(history, *about, **decided_facts(record))


def request_id(decision: Decision) -> str:
    """The id of the message of a decision."""
    return f"{decision.id}-requested"
