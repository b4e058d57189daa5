"""A kind of notification."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import date

from mlops_drift.notifications.history import History
from mlops_drift.notifications.message import Message


class NotificationKind(ABC):
    """Turns what happened to a model into messages.

    It is asked every time the sensor runs, so the same episode must get the same message id.

    Attributes:
        name: the name in `notifications.about`.
    """

    name: str

    @abstractmethod
    def messages(self, history: History) -> Iterator[Message]:
        """All messages of this kind; those that are in the outbox already are ignored."""

    def message(self, name: str, day: date, title: str, body: str) -> Message:
        """A message of this kind."""
        return Message(name, self.name, day, title, body)
