"""A lake in memory, for a backtest: the same questions and answers, and nothing is kept."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.store.lake import Lake, LakeError, Scan, both
from mlops_drift.store.tables import Table


class MemoryLake(Lake):
    """Tables as immutable Arrow data. Only training sets go to the root's folder.

    Args:
        root: a folder for training sets.
        connection: an in-memory DuckDB connection; each query runs in a cursor of its own.
    """

    def __init__(self, root: str | Path, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(root, connection)
        self._tables: dict[str, pa.Table] = {}

    def copy(self, root: str | Path) -> "MemoryLake":
        """A lake with the tables that are there now, which goes its own way from here on."""
        lake = MemoryLake(root, self._connection)
        lake._tables = dict(self._tables)
        return lake

    def _offer(self, cursor: duckdb.DuckDBPyConnection, name: str, scan: Scan) -> None:
        cursor.register(name, _days(self._stored(scan.table), scan.since, scan.until))

    def _stored(self, table: Table) -> pa.Table:
        return self._tables.get(table.name, table.schema.empty_table())

    def holds(self, scan: Scan) -> bool:
        """As `Lake.holds`."""
        return bool(_days(self._stored(scan.table), scan.since, scan.until).num_rows)

    def replace_days(
        self, table: Table, first: date, last: date, data: pa.Table, *, where: str | None = None
    ) -> None:
        """As `Lake.replace_days`."""
        stored = self._stored(table)
        if not pc.all(_within(data, first, last)).as_py() and data.num_rows:
            raise LakeError(f"table {table.name}: the new rows must be of {first} to {last}")
        if not where:
            kept = stored.filter(pc.invert(_within(stored, first, last)))
        else:
            kept = self._picked(table, both(Scan(table, first, last).predicate, where))[1]
        self._put(table, [kept, data])

    def _rewrite(
        self,
        table: Table,
        predicate: str | None,
        build: Callable[[pa.Table], pa.Table | None],
    ) -> None:
        picked, kept = self._picked(table, predicate)
        data = build(picked)
        if data is not None:
            self._put(table, [kept, data])

    def _picked(self, table: Table, predicate: str | None) -> tuple[pa.Table, pa.Table]:
        """The rows that a condition picks, and the others."""
        stored = self._stored(table)
        if predicate is None:
            return stored, stored.slice(0, 0)
        with self.cursor() as cursor:
            cursor.register("stored", stored)
            found = cursor.sql(f"SELECT coalesce({predicate}, false) AS picked FROM stored")
            picked = found.to_arrow_table()["picked"]
        return stored.filter(picked), stored.filter(pc.invert(picked))

    def _put(self, table: Table, parts: list[pa.Table]) -> None:
        names = table.schema.names
        # The cast refuses a null where none may be.
        together = pa.concat_tables([part.select(names).cast(table.schema) for part in parts])
        # Every query reads every chunk.
        self._tables[table.name] = together.combine_chunks()

    def last_commit(self, table: Table) -> int | None:
        """Nothing can be read back."""
        return None

    def has(self, table: Table) -> bool:
        """As `Lake.has`."""
        return table.name in self._tables

    def names(self) -> list[str]:
        """The tables there are, as ``<schema>.<table>``, sorted."""
        return sorted(self._tables)


def _within(table: pa.Table, first: date | None, last: date | None) -> pa.ChunkedArray:
    days = table["day"]
    since = pc.greater_equal(days, pa.scalar(first or date.min, pa.date32()))
    return pc.and_(since, pc.less_equal(days, pa.scalar(last or date.max, pa.date32())))


def _days(table: pa.Table, since: date | None, until: date | None) -> pa.Table:
    if since is None and until is None:
        return table
    return table.filter(_within(table, since, until))
