"""What every source of events and labels gives: raw rows with their day."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import pyarrow as pa

TableName = Literal["events", "labels"]

# Files that an error names one by one.
LISTED = 5


class SourceError(Exception):
    """A source cannot be read; the message says what, where, and what would be right."""


class MissingDayError(SourceError):
    """Days without their file: the other days of the source can be read.

    Args:
        places: by day, the file that is missing, as the YAML names it.
    """

    def __init__(self, places: Mapping[date, str]) -> None:
        self.places = dict(places)
        listed = ", ".join(list(self.places.values())[:LISTED])
        more = f" and {len(self.places) - LISTED} more" if len(self.places) > LISTED else ""
        wanted = f"{min(places)}{'' if len(places) == 1 else f' to {max(places)}'}"
        super().__init__(
            f"{listed}{more}: no such file (wanted for {wanted}); put the file there and run the "
            "day again, or correct `path` in the model's defs.yaml. Other days run without it"
        )


@dataclass(frozen=True)
class Stray:
    """A row of a source that none of the days asked for can hold.

    Attributes:
        day: the day whose file it is in; None for a row of a file for all days.
        reason: why no day holds it.
        row: its content as JSON.
    """

    day: date | None
    reason: str
    row: str


@dataclass(frozen=True)
class Origin:
    """Where the rows of a day came from.

    Attributes:
        place: a file, as the YAML names it, or the name of a simulated world.
        digest: SHA-256 of the file as it was read, in hexadecimal; empty where there is no file.
    """

    place: str
    digest: str = ""


@dataclass(frozen=True)
class Batch:
    """Raw rows of some days, not yet checked.

    Attributes:
        rows: `day` (date), `event_time` (timestamp) and the source's own columns, unconverted.
        origin: where the rows come from, for messages.
        strays: rows of the source that none of the days asked for can hold.
        origins: where the rows of each day come from, as far as there was something to read.
    """

    rows: pa.Table
    origin: str
    strays: tuple[Stray, ...] = ()
    origins: Mapping[date, Origin] = field(default_factory=dict)


class Source(ABC):
    """Gives the raw events of a range of days, and the labels that arrived on them."""

    @abstractmethod
    def events(self, first: date, last: date) -> Batch:
        """The events of the days `first` to `last`, inclusive."""

    @abstractmethod
    def labels(self, first: date, last: date) -> Batch:
        """The labels that arrived on the days `first` to `last`, inclusive."""

    def missing_days(self, table: TableName, first: date, last: date) -> dict[date, str]:
        """The days of a table that have no file although they need one, each with that file.

        On these `events` or `labels` raises `MissingDayError`; a source without files has none.
        """
        return {}
