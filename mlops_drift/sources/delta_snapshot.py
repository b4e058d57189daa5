"""One version of a Delta table of somebody else: its rows of some days, and what changed of others.

Rows are read by delta-rs itself, which knows deletion vectors and mapped columns; a plain reader of
the Parquet files does not.
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError, TableNotFoundError

from mlops_drift.files.store_faults import store_fault
from mlops_drift.schema.day_columns import within
from mlops_drift.sources.base import Origin, Part, SourceError, with_near_names
from mlops_drift.sources.dated_rows import part_of
from mlops_drift.sources.dating import moments
from mlops_drift.sql import identifier, literal

# Statistics of times are cut to milliseconds.
_MILLISECOND = pa.scalar(timedelta(milliseconds=1), pa.duration("us"))
_A_DAY = timedelta(days=1)
# As texts, 2024-3-1 comes after 2024-10-01.
_PADDED = "^[0-9]{4}-[0-9]{2}-[0-9]{2}"
_FEATURE = re.compile(r"[Ff]eature[^'\[{]*['\[{]+(\w+)")
_GONE = re.compile(r"not found|NoSuchKey|No such file", re.IGNORECASE)


class DeltaSnapshot:
    """A version of a table.

    Args:
        place: path or URL, as the YAML has it.
        uri: where that is.
        day_column: gives the day of a row.
        timezone: whose midnights divide the days.
        options: of the object store, beside what the environment says.
        version: which one; None for the newest.

    Raises:
        SourceError: there is no such table or version, or it cannot be read.
    """

    def __init__(
        self,
        place: str,
        uri: str,
        day_column: str,
        timezone: str,
        options: Mapping[str, str],
        version: int | None = None,
    ) -> None:
        self._place, self._day_column, self._timezone = place, day_column, timezone
        with self._explained():
            self._table = DeltaTable(uri, version=version, storage_options=dict(options) or None)
            self._schema = pa.schema(self._table.schema().to_arrow())
        if day_column not in self._schema.names:
            problem = f"{place}: the day column {day_column!r} is missing"
            hint = "name one of these as `day_column`"
            raise SourceError(with_near_names(problem, [day_column], self._schema.names, hint))

    @property
    def version(self) -> int:
        """The number of its last commit."""
        return self._table.version()

    @cached_property
    def origin(self) -> Origin:
        """The table and the version, with a digest of its identity and of its files."""
        digest = hashlib.sha256(f"{self._table.metadata().id} {self.version}".encode())
        for number in sorted(self._file_numbers.tolist()):
            digest.update(f" {number:x}".encode())
        return Origin(f"{self._place}@{self.version}", digest.hexdigest())

    def rows(self, first: date, last: date) -> Part:
        """The rows of some days, and perhaps of days beside them, each with its day."""
        column = identifier(self._day_column)
        with self._explained():
            found = QueryBuilder().register("t", self._table)
            read = found.execute(f"SELECT * FROM t WHERE {self._within(column, first, last)}")
            rows = pa.table(read)
        part = part_of(rows, self._place, self._day_column, self._timezone)
        return part.filter(within(part.days, first, last))

    def _within(self, column: str, first: date, last: date) -> str:
        """SQL that is true of all rows of some days, in any time zone."""
        kind = self._schema.field(self._day_column).type
        if pa.types.is_date(kind):
            return f"{column} BETWEEN DATE '{first}' AND DATE '{last}'"
        if pa.types.is_timestamp(kind):
            begin, end = first - _A_DAY, last + 2 * _A_DAY
            return f"{column} BETWEEN TIMESTAMP '{begin}' AND TIMESTAMP '{end}'"
        # Of texts only the year is written alike.
        years = range((first - _A_DAY).year, (last + _A_DAY).year + 1)
        wanted = ", ".join(literal(f"{year:04}") for year in years)
        return f"substr(trim(CAST({column} AS VARCHAR)), 1, 4) IN ({wanted})"

    def stamps(self, days: Collection[date]) -> dict[date, str]:
        """What changes of a day when a file that may hold rows of it comes, goes or loses some."""
        if not days:
            return {}
        first, last = min(days).toordinal(), max(days).toordinal()
        begin, end = self._file_days
        # What a file adds from its first day on, and takes away after its last.
        steps = np.zeros(last - first + 2, dtype=np.uint64)
        np.add.at(steps, np.clip(begin, first, last + 1) - first, self._file_numbers)
        np.subtract.at(steps, np.clip(end + 1, first, last + 1) - first, self._file_numbers)
        sums = np.cumsum(steps, dtype=np.uint64)
        return {day: f"{int(sums[day.toordinal() - first]):x}" for day in days}

    @property
    def without_day(self) -> int:
        """How many rows have no day, as far as the statistics of the files tell."""
        nulls = self._files.get(f"null_count.{self._physical}")
        values = self._files.get(f"partition.{self._physical}")
        if values is not None:
            rows = self._files["num_records"].filter(pc.is_null(values))
            return int(pc.sum(rows).as_py() or 0)
        return int(pc.sum(nulls).as_py() or 0) if nulls is not None else 0

    @cached_property
    def _files(self) -> dict[str, pa.ChunkedArray]:
        with self._explained():
            found = pa.table(self._table.get_add_actions(flatten=True))
        return dict(zip(found.column_names, found.columns, strict=True))

    @cached_property
    def _file_numbers(self) -> npt.NDArray[np.uint64]:
        """A number of each file, from its path and the rows that are deleted from it."""
        deleted = self._deleted()
        digests = (
            hashlib.sha256(f"{path} {deleted.get(_name(path), '')}".encode()).digest()
            for path in self._files["path"].to_pylist()
        )
        return np.array([int.from_bytes(one[:8], "big") for one in digests], dtype=np.uint64)

    def _deleted(self) -> dict[str, str]:
        """Which rows are deleted from files that stay, by the name of the file."""
        if "deletionVectors" not in (self._table.protocol().reader_features or []):
            return {}
        with self._explained():
            found = pa.table(self._table.deletion_vectors()).to_pylist()
        # No two files of a table have one name.
        return {
            _name(one["filepath"]): hashlib.sha256(bytes(one["selection_vector"])).hexdigest()
            for one in found
        }

    @property
    def _physical(self) -> str:
        """The name of the day column in the log, which a mapping may have given another."""
        [field] = [one for one in self._table.schema().fields if one.name == self._day_column]
        mapped: str = field.metadata.get("delta.columnMapping.physicalName", self._day_column)
        return mapped

    @cached_property
    def _file_days(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The first and the last day that each file may hold rows of, as ordinals."""
        values = self._files.get(f"partition.{self._physical}")
        ends = (
            self._files.get(f"min.{self._physical}", values),
            self._files.get(f"max.{self._physical}", values),
        )
        if values is not None:
            ends = (values, values)
        elif None not in ends:
            ends = _in_order(*ends)
        count = len(self._files["path"])
        bounds = (date.min, date.max)
        return tuple(  # type: ignore[return-value]
            self._ordinals(column, bound, count) for column, bound in zip(ends, bounds, strict=True)
        )

    def _ordinals(
        self, column: pa.ChunkedArray | None, unknown: date, count: int
    ) -> npt.NDArray[np.int64]:
        if column is None:
            return np.full(count, unknown.toordinal())
        if unknown == date.max and pa.types.is_timestamp(column.type):
            column = pc.add(column.cast(pa.timestamp("us", column.type.tz)), _MILLISECOND)
        days, _ = moments(self._place, self._day_column, column, self._timezone)
        return np.array([(day or unknown).toordinal() for day in days.to_pylist()], dtype=np.int64)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turns what delta-rs raises into a sentence without a secret."""
        try:
            yield
        except TableNotFoundError:
            problem = "there is no Delta table; correct `path` in the model's defs.yaml"
        except (DeltaError, OSError, ValueError) as error:
            problem = _fault(error, is_remote="://" in self._place)
        else:
            return
        # Without its cause: what a client of a store says may hold a key.
        raise SourceError(f"{self._place}: {problem}") from None


def _in_order(
    first: pa.ChunkedArray, last: pa.ChunkedArray
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """The first and the last values of files; null where texts are not in the order of days."""
    if first.type not in (pa.string(), pa.large_string(), pa.string_view()):
        return first, last
    texts = (first.cast(pa.string()), last.cast(pa.string()))
    is_padded = pc.and_(*(pc.match_substring_regex(one, _PADDED) for one in texts))
    return tuple(pc.if_else(is_padded, one, None) for one in texts)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _fault(error: Exception, *, is_remote: bool) -> str:
    said = str(error)
    if "nsupported" in said and (feature := _FEATURE.search(said)):
        return (
            f"the table needs the feature {feature[1]}, which delta-rs cannot read; turn it off, "
            "or read the table by a function (`kind: python`)"
        )
    if "end version" in said:
        return "there is no such version, or its log has been cleaned up"
    if "Parquet" in said and _GONE.search(said):
        return "files of this version are gone, as after a VACUUM; they cannot be read again"
    if is_remote and (fault := store_fault(error)):
        return fault
    return f"the table cannot be read ({said.splitlines()[0][:200]})"
