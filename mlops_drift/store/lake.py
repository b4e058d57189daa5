"""The lake gateway: tables in days, written atomically, queried by DuckDB."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.errors import UserError
from mlops_drift.sql import in_utc
from mlops_drift.store.files import DataFile
from mlops_drift.store.tables import Table

Row = TypeVar("Row")
# Names of columns, and the values of each row.
Rows = tuple[list[str], list[tuple[Any, ...]]]

# Of DuckDB's sizes, each 1,024 of the one before.
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")

# New rows made of those that are there; None leaves these as they are.
Build = Callable[[pa.Table], pa.Table | None]


class LakeError(UserError):
    """A table cannot be read or written."""


class ConflictError(LakeError):
    """Other writers committed first, again and again."""


class Piece(NamedTuple):
    """A part of what grows: from where it was appended up to, which is 0 at first, to its end."""

    start: int
    end: int


@dataclass(frozen=True)
class Scan:
    """Which days of a table a query reads; bounds are inclusive, None is unbounded."""

    table: Table
    since: date | None = None
    until: date | None = None

    @classmethod
    def of(cls, source: "Scan | Table") -> "Scan":
        """A scan as it is, or all of a table."""
        return source if isinstance(source, Scan) else cls(source)

    @property
    def predicate(self) -> str | None:
        """The bounds as SQL over the column ``day``, such as ``day >= '2024-10-01'``."""
        since = f"day >= '{self.since}'" if self.since else None
        return both(since, f"day <= '{self.until}'" if self.until else None)


def _with_relations(sql: str, relations: list[str]) -> str:
    """Puts relations before a statement: views would be bound twice, and opened twice."""
    if not relations:
        return sql
    statement, joined = sql.strip(), ", ".join(relations)
    if statement.upper().startswith("WITH"):
        return f"WITH {joined}, {statement[4:].lstrip()}"
    return f"WITH {joined} {statement}"


class Lake(ABC):
    """Tables under one root, and training sets beside them.

    Every write is atomic; every read is one snapshot, in a cursor of its own of a DuckDB in memory.
    """

    def __init__(self, root: str | Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.root = str(root)
        self._connection = connection
        self._idle: list[duckdb.DuckDBPyConnection] = []

    def place(self, name: str) -> str:
        """Where the table of a name lies, such as `features.churn`, if it lies anywhere."""
        return f"{self.root}/{name.replace('.', '/', 1)}"

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A DuckDB cursor in UTC, with temporary views of its own."""
        with self._connection.cursor() as cursor:
            yield in_utc(cursor)

    def memory(self) -> int:
        """How many bytes its DuckDB may take."""
        with self._reading({}) as cursor:
            [(text,)] = cursor.execute("SELECT current_setting('memory_limit')").fetchall()
        amount, unit = text.split()
        return int(float(amount) * 1024 ** _UNITS.index(unit))

    def query(self, sql: str, /, **scans: Scan | Table | pa.Table) -> pa.Table:
        """Runs SQL in which each keyword is a relation: a table, a scan of days, or Arrow data."""
        return self._answer(*self._statement(sql, scans))

    def _statement(
        self, sql: str, scans: Mapping[str, Scan | Table | pa.Table]
    ) -> tuple[str, dict[str, pa.Table]]:
        """A statement over files, and the data that it reads besides."""
        relations, data = [], {}
        for name, source in scans.items():
            found = source if isinstance(source, pa.Table) else self._rows(Scan.of(source))
            if isinstance(found, pa.Table):
                data[name] = found
            else:
                relations.append(f'"{name}" AS NOT MATERIALIZED ({found})')
        return _with_relations(sql, relations), data

    @abstractmethod
    def _rows(self, scan: Scan) -> str | pa.Table:
        """The rows of a scan: as SQL over files, or as data."""

    def _answer(self, statement: str, data: Mapping[str, pa.Table]) -> pa.Table:
        """What a statement over files, and over data by its names, gives."""
        with self._reading(data) as cursor:
            return cursor.sql(statement).to_arrow_table()

    def _rows_answered(self, statement: str, data: Mapping[str, pa.Table]) -> Rows:
        """As `_answer`, in plain Python, which takes two thirds of the time where rows are few."""
        with self._reading(data) as cursor:
            cursor.execute(statement)
            return [name for name, *_ in cursor.description or []], cursor.fetchall()

    @contextmanager
    def _reading(self, data: Mapping[str, pa.Table]) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor that knows data by its names."""
        # To set one up takes a tenth of a small query.
        cursor = self._idle.pop() if self._idle else in_utc(self._connection.cursor())
        try:
            for name, table in data.items():
                cursor.register(name, table)
            yield cursor
        finally:
            for name in data:
                cursor.unregister(name)
            self._idle.append(cursor)

    def rows(self, sql: str, /, **scans: Scan | Table | pa.Table) -> list[dict[str, Any]]:
        """The result of `query` as plain rows."""
        names, rows = self._rows_answered(*self._statement(sql, scans))
        return [dict(zip(names, row, strict=True)) for row in rows]

    def records(self, record: Callable[..., Row], sql: str, /, **scans: Scan | Table) -> list[Row]:
        """The result of `query` as instances of a dataclass with its columns."""
        return [record(**row) for row in self.rows(sql, **scans)]

    def read(self, source: Scan | Table) -> pa.Table:
        """All columns of a table or of some of its days, in the declared order and types."""
        return self.query("FROM source", source=source).cast(Scan.of(source).table.schema)

    @abstractmethod
    def holds(self, source: Scan | Table) -> bool:
        """Whether a table, or some of its days, has rows, without a query."""

    @abstractmethod
    def replace_days(
        self, table: Table, first: date, last: date, data: pa.Table, *, where: str | None = None
    ) -> None:
        """Replaces the rows of the days ``first`` to ``last``, inclusive, in one commit.

        Nothing is committed where nothing is there and nothing comes. All new rows are of those
        days, and meet the further SQL condition on what is replaced.
        """

    @abstractmethod
    def rewrite(self, source: Scan | Table, build: Build) -> None:
        """Replaces a small table, or some of its days, by a function of what they hold.

        ``build`` runs again when another process committed to the table in between.
        """

    def append_unless(
        self, table: Table, row: Mapping[str, object], **same: Collection[object]
    ) -> bool:
        """Appends a row unless one has such values in such columns; tells whether it did."""
        appended = False

        def build(existing: pa.Table) -> pa.Table | None:
            nonlocal appended
            found = existing
            for name, values in same.items():
                wanted = pa.array(list(values), table.schema.field(name).type)
                found = found.filter(pc.is_in(found[name], value_set=wanted))
            appended = not found.num_rows
            if not appended:
                return None
            return pa.concat_tables([existing, pa.Table.from_pylist([row], schema=table.schema)])

        self.rewrite(table, build)
        return appended

    @abstractmethod
    def append_once(self, table: Table, data: pa.Table, pieces: Mapping[str, Piece]) -> bool:
        """Appends pieces of what grows elsewhere, by its name, in one commit; tells whether it did.

        It does where each piece begins at what was appended before, so that nothing is appended
        twice, whatever dies or works beside it. Then it is on the disk.
        """

    @abstractmethod
    def appended(self, table: Table, names: Collection[str]) -> dict[str, int]:
        """Up to which position pieces of some names were appended, 0 where none was."""

    @abstractmethod
    def files(self, source: Scan | Table) -> list[DataFile]:
        """The files of a table, or those that may hold some of its days; none in memory."""

    @abstractmethod
    def most_rows(self, source: Scan | Table) -> int:
        """No fewer than the rows of a table, or of some of its days, without a query."""

    @abstractmethod
    def rearrange(self, scan: Scan) -> None:
        """Writes the rows of some days anew, in their order, into few files; no row changes."""

    @abstractmethod
    def last_commit(self, table: Table) -> int | None:
        """The number of a table's last commit, which reads back what it held; None without one."""

    @abstractmethod
    def names(self) -> list[str]:
        """The tables there are, as ``<schema>.<table>``, sorted."""


def both(*conditions: str | None) -> str | None:
    """All conditions together as SQL; None without any."""
    return " AND ".join(condition for condition in conditions if condition) or None
