"""What every source of events and labels gives: raw rows with their day."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, Protocol

import pyarrow as pa

from mlops_drift.errors import UserError

TableName = Literal["events", "labels"]

# Files that an error names one by one.
LISTED = 5


class SourceError(UserError):
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
class Origin:
    """Where the rows of a day came from.

    Attributes:
        place: a file, as the YAML names it, or the name of a simulated world.
        digest: SHA-256 of the file as it was read, in hexadecimal; empty where there is no file.
    """

    place: str
    digest: str = ""


@dataclass(frozen=True)
class Part:
    """Raw rows that were read together: of one file, or of a simulated world.

    Attributes:
        rows: the columns as they were read, unconverted; no two differ only by case.
        days: the day of each row (date); null where no day can be read.
        times: the moment of each row in UTC (timestamp without zone).
        place: where the rows come from, for messages.
        day_column: the column that the days come from; None for a file named after its day.
        sparse: whether a row may leave columns out, as a JSON record may.
    """

    rows: pa.Table
    days: pa.ChunkedArray
    times: pa.ChunkedArray
    place: str
    day_column: str | None = None
    sparse: bool = False

    def select(self, numbers: pa.Array) -> "Part":
        """Some of the rows, by number."""
        return replace(
            self,
            rows=self.rows.take(numbers),
            days=self.days.take(numbers),
            times=self.times.take(numbers),
        )

    def of(self, day: date) -> "Part":
        """All rows as rows of a day, whatever they say."""
        days = pa.array([day] * self.rows.num_rows, pa.date32())
        return replace(self, days=pa.chunked_array([days]))

    def filter(self, mask: pa.ChunkedArray) -> "Part":
        """The rows that a mask picks."""
        return replace(
            self,
            rows=self.rows.filter(mask),
            days=self.days.filter(mask),
            times=self.times.filter(mask),
        )


@dataclass(frozen=True)
class Look:
    """What a source holds now of one day that has run, or of all days.

    Attributes:
        part: the rows; none where they cannot be read.
        day: the day that all of them count for, whatever they say; None where each has its own.
        stamp: what the file of the day looks like from outside: its size and time of change; empty
            where it is to be read again next time.
        problem: why the file cannot be read, in a sentence; empty if it can.
    """

    part: Part
    day: date | None = None
    stamp: str | None = None
    problem: str = ""


class OtherDays(Protocol):
    """What a source holds of other days than those asked for."""

    def looks(self, stamps: Mapping[date, str]) -> Iterator[Look]:
        """All rows of the source in one look, or the rows of each day whose file has changed.

        Args:
            stamps: the days that have run, each with the stamp of its file at that time.
        """


@dataclass(frozen=True)
class Batch:
    """Raw rows of some days, not yet checked.

    Attributes:
        parts: the rows, in the order of days and files.
        misplaced: rows in the file of a day (the key) that are of another or of no readable day.
        origins: where the rows of each day come from, as far as there was something to read.
        stamps: of each day that a file of its own holds, or would hold, its stamp, see `Look`.
        others: the other days of the source; None where it has no rows but those asked for.
        note: what looks wrong about the source as a whole; empty if nothing does.
    """

    parts: tuple[Part, ...]
    misplaced: Mapping[date, Part] = field(default_factory=dict)
    origins: Mapping[date, Origin] = field(default_factory=dict)
    stamps: Mapping[date, str] = field(default_factory=dict)
    others: OtherDays | None = None
    note: str = ""


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
