"""What every source of events and labels gives: raw rows with their day."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
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
        size: bytes of a file that holds one day; None where there is none.
    """

    place: str
    digest: str = ""
    size: int | None = None


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

    def filter(self, mask: pa.ChunkedArray) -> "Part":
        """The rows that a mask picks."""
        return replace(
            self,
            rows=self.rows.filter(mask),
            days=self.days.filter(mask),
            times=self.times.filter(mask),
        )


class OtherDays(Protocol):
    """What a source holds of other days than those asked for."""

    @property
    def total(self) -> int | None:
        """Rows of the whole source; None where it is not read as a whole."""

    def counts(self, recorded: Mapping[date | None, int | None]) -> Mapping[date | None, int]:
        """How many rows there are, by day; None stands for rows without a readable day.

        Args:
            recorded: the days of rows on record, each with the size of its file at that time. Of
                these a day is left out only where it shows that nothing has come or gone since.
        """

    def parts(self, days: Collection[date | None]) -> list[Part]:
        """The rows of some of these days."""


@dataclass(frozen=True)
class Batch:
    """Raw rows of some days, not yet checked.

    Attributes:
        parts: the rows, in the order of days and files.
        misplaced: rows in the file of a day (the key) that are of another or of no readable day.
        origins: where the rows of each day come from, as far as there was something to read.
        others: the other days of the source; None where it has no rows but those asked for.
        note: what looks wrong about the source as a whole; empty if nothing does.
    """

    parts: tuple[Part, ...]
    misplaced: Mapping[date, Part] = field(default_factory=dict)
    origins: Mapping[date, Origin] = field(default_factory=dict)
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
