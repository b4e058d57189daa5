"""A kind of notification, and its messages in plain text."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from textwrap import shorten

from mlops_drift.notifications.history import History

# As much as a person reads on a phone.
LONGEST_REASON = 240
REASONS = 3


@dataclass(frozen=True)
class Message:
    """A message about an episode, which always gets the same id, and the as-of day."""

    id: str
    kind: str
    day: date
    title: str
    body: str


def shortened(text: str, reasons: int = 1) -> str:
    """A text cut at a word, to the length of some reasons."""
    return shorten(text, reasons * LONGEST_REASON, placeholder=" …")


class NotificationKind(ABC):
    """Turns what happened to a model into messages.

    It is asked every time the sensor runs, so the same episode must get the same message id. Its
    name stands in `notifications.about`.
    """

    name: str

    @abstractmethod
    def messages(self, history: History) -> Iterator[Message]:
        """All messages of this kind; those that are in the outbox already are ignored."""

    def message(self, name: str, day: date, title: str, body: str) -> Message:
        """A message of this kind."""
        return Message(name, self.name, day, title, body)
