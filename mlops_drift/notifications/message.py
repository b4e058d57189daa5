"""A message in plain text."""

from dataclasses import dataclass
from datetime import date
from textwrap import shorten

# As much as a person reads on a phone.
LONGEST_REASON = 240
REASONS = 3


@dataclass(frozen=True)
class Message:
    """A message in plain text.

    Attributes:
        id: identifies the episode: the same episode always gets the same id.
        kind: name of the kind of notification.
        day: the as-of day of its subject.
    """

    id: str
    kind: str
    day: date
    title: str
    body: str


def shortened(text: str, reasons: int = 1) -> str:
    """A text cut at a word, to the length of some reasons.

    >>> len(shortened("word " * 100)) <= LONGEST_REASON
    True
    """
    return shorten(text, reasons * LONGEST_REASON, placeholder=" …")
