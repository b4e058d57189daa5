"""What every source of events and labels gives: raw rows with their day."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date

import pyarrow as pa


class SourceError(Exception):
    """A source cannot be read; the message says what, where, and what would be right."""


@dataclass(frozen=True)
class Batch:
    """Raw rows of some days, not yet checked.

    Attributes:
        rows: `day` (date), `event_time` (timestamp) and the source's own columns, unconverted.
        undated: rows of the source whose day cannot be read, and which no day can therefore hold.
        origin: where the rows come from, for messages.
    """

    rows: pa.Table
    undated: int
    origin: str


class Source(ABC):
    """Gives the raw events of a range of days, and the labels that arrived on them."""

    @abstractmethod
    def events(self, first: date, last: date) -> Batch:
        """The events of the days `first` to `last`, inclusive."""

    @abstractmethod
    def labels(self, first: date, last: date) -> Batch:
        """The labels that arrived on the days `first` to `last`, inclusive."""
