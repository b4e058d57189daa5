"""What a source of events and labels is: it gives raw rows with their day."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.errors import UserError
from mlops_drift.schema.days import span
from mlops_drift.schema.fields import Strict

TableName = Literal["events", "labels", "predictions"]

# Files that an error lists.
LISTED = 5


class SourceError(UserError):
    """A source cannot be read; the message says what, where, and how to fix it."""


class MissingDayError(SourceError):
    """Days without their file: the other days of the source can be read.

    Args:
        places: by day, the file that is missing, as the YAML names it.
    """

    def __init__(self, places: Mapping[date, str]) -> None:
        self.places = dict(places)
        more = f" and {len(places) - LISTED} more" if len(places) > LISTED else ""
        super().__init__(
            f"{', '.join(list(places.values())[:LISTED])}{more}: no such file (wanted for "
            f"{span(min(places), max(places))}); put the file there and run the day again, or "
            "correct `path` in the model's defs.yaml. Other days run without it"
        )


def with_near_names(problem: str, missing: Sequence[str], found: Sequence[str], hint: str) -> str:
    """The sentence about columns that a table lacks; the hint is for those without a near name.

    >>> print(with_near_names("no id", ["id"], ["ID", " b"], "add it"))
    no id; found 'ID', ' b'; names are case-sensitive: write 'ID' as 'id'
    """
    hints, further = [], []
    for name in missing:
        if (other := _other_case(name, found)) is not None:
            hints.append(f"names are case-sensitive: write {other!r} as {name!r}")
        elif spaced := [one for one in found if one.strip() == name.strip()]:
            hints.append(f"remove the space around {spaced[0]!r}")
        else:
            further = [hint]
    if len(found) == 1 and (dividers := [mark for mark in ",;\t|" if mark in found[0]]):
        hints.append(f"the only column holds {dividers[0]!r}: is it what divides the columns?")
    return "; ".join([problem, f"found {_quoted(found) or 'none'}", *hints, *further])


def require_columns(part: "Part", wanted: Sequence[str], always: Sequence[str], hint: str) -> str:
    """Requires that rows have their columns; records may leave out those that are not for `always`.

    Returns:
        a note on what none of these records has; empty where nothing is left out.

    Raises:
        SourceError: a column is missing; the message ends with the hint.
    """
    found, count = part.rows.column_names, part.rows.num_rows
    if unusable := [name for name in wanted if name in part.unusable]:
        raise SourceError(
            f"{part.place}: no model can use the type of {_quoted(unusable)}, such as arrays, "
            "objects, bytes or money; read numbers, texts, truths or dates in their place"
        )
    missing = [name for name in wanted if name not in found]
    if part.sparse and not found:
        return ""
    needed = [
        name for name in missing if not part.sparse or name in always or _other_case(name, found)
    ]
    if needed:
        problem = f"{part.place}: missing columns: {_quoted(needed)}"
        raise SourceError(with_near_names(problem, needed, found, hint))
    if not missing or not count:
        return ""
    others = [name for name in found if name not in (*wanted, part.day_column)]
    they = "it is" if len(missing) == 1 else "they are"
    rows = "its only row" if count == 1 else f"all {count:,} rows"
    beside = f"; beside there is {_quoted(others[:LISTED])}" if others else ""
    return f"no record has {_quoted(missing)}: {they} null in {rows}{beside}"


def _other_case(name: str, found: Sequence[str]) -> str | None:
    return next((other for other in found if other.lower() == name.lower() and other != name), None)


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))


@dataclass(frozen=True)
class Origin:
    """Where the rows of a day came from.

    Attributes:
        place: a file, as the YAML names it, a table, or the name of a simulated world.
        digest: SHA-256 in hexadecimal of the file as it was read, or of the rows of the day in any
            order; empty where there are neither.
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
        unusable: columns that were left out, as they hold arrays, objects or bytes.
        own_days: the day that each row says; None where it is the one in `days`.
    """

    rows: pa.Table
    days: pa.ChunkedArray
    times: pa.ChunkedArray
    place: str
    day_column: str | None = None
    sparse: bool = False
    unusable: tuple[str, ...] = ()
    own_days: pa.ChunkedArray | None = None

    def select(self, numbers: Sequence[int] | npt.NDArray[np.uint64]) -> "Part":
        """Some of the rows, by number."""
        at = pa.array(numbers, pa.int64())
        rows, days, times = (values.take(at) for values in (self.rows, self.days, self.times))
        own_days = None if self.own_days is None else self.own_days.take(at)
        return replace(self, rows=rows, days=days, times=times, own_days=own_days)

    def of(self, day: date) -> "Part":
        """All rows as rows of a day, whatever they say."""
        days = pa.array([day] * self.rows.num_rows, pa.date32())
        own_days = self.days if self.own_days is None else self.own_days
        return replace(self, days=pa.chunked_array([days]), own_days=own_days)

    def filter(self, mask: pa.ChunkedArray) -> "Part":
        """The rows that a mask picks."""
        # As one chunk: pyarrow crashes where there is none.
        picked = pc.indices_nonzero(pc.fill_null(mask.combine_chunks(), False))
        return self.select(picked.to_numpy())


@dataclass(frozen=True)
class Look:
    """What a source holds now of one day that has run, of some of these, or of all days.

    Attributes:
        part: the rows; without any where they cannot be read.
        day: the day that all of them count for, whatever they say; None where each has its own.
        before: the day at which a look at several days ends; None where it has no end.
        since: the day at which such a look begins, which then is at days that have run only.
        stamp: size and times of the file of the day; empty where it is to be read again next time.
        problem: why the file cannot be read, in a sentence; empty if it can.
    """

    part: Part
    day: date | None = None
    stamp: str | None = None
    problem: str = ""
    before: date | None = None
    since: date | None = None


# What a source holds of other days than those asked for: all of its rows in one look, or those of
# each day whose file has changed. It is given the days that have run, each with the stamp of its
# file at that time.
OtherDays = Callable[[Mapping[date, str]], Iterable[Look]]


@dataclass(frozen=True)
class Batch:
    """Raw rows of some days, not yet checked.

    Attributes:
        misplaced: rows in the file of a day (the key) that are of another or of no readable day.
        origins: where the rows of each day come from, as far as there was something to read.
        stamps: of each day that a file of its own holds, or would hold, see `Look`.
        others: the other days of the source; None where it has no rows but those asked for.
        note: a warning about the source as a whole; empty without one.
    """

    parts: tuple[Part, ...]
    misplaced: Mapping[date, Part] = field(default_factory=dict)
    origins: Mapping[date, Origin] = field(default_factory=dict)
    stamps: Mapping[date, str] = field(default_factory=dict)
    others: OtherDays | None = None
    note: str = ""


class Source(ABC):
    """Gives the raw events of a range of days, and the labels that arrived on them.

    Attributes:
        tables: what it gives; predictions where they are made elsewhere.
    """

    tables: tuple[TableName, ...] = ("events", "labels")

    @abstractmethod
    def events(self, first: date, last: date) -> Batch:
        """The events of the days `first` to `last`, inclusive."""

    @abstractmethod
    def labels(self, first: date, last: date) -> Batch:
        """The labels that arrived on the days `first` to `last`, inclusive."""

    def predictions(self, first: date, last: date) -> Batch:
        """The predictions that arrived on the days `first` to `last`, inclusive."""
        raise SourceError("this source has no predictions: describe them under `model`")

    def as_recorded(self, places: Mapping[str, str | None]) -> "Source":
        """The source as it was when its tables were at these places, as `Origin` has them.

        A table that keeps no past versions is as it is now.
        """
        return self

    def missing_days(self, table: TableName, first: date, last: date) -> dict[date, str]:
        """The days of a table that have no file although they need one, each with that file.

        On these `events` or `labels` raises `MissingDayError`; a source without files has none.
        """
        return {}


class SourceConfig(Strict, ABC):
    """The section `source` of the YAML for one kind of source; has a field `kind`."""

    @property
    def day_zone(self) -> str:
        """The time zone whose midnights divide the days."""
        return "UTC"

    @abstractmethod
    def open(self, folder: Path) -> Source:
        """The source; relative paths start in the folder of the YAML file."""
