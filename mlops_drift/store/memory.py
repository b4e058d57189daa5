"""A lake in memory, for a backtest: the same questions and answers, and nothing is kept."""

from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.schema.day_columns import within
from mlops_drift.store.files import DataFile
from mlops_drift.store.lake import Build, Lake, LakeError, Piece, Scan, both
from mlops_drift.store.stored_columns import as_stored, stored_fields, stored_names
from mlops_drift.store.tables import Table


class MemoryLake(Lake):
    """Tables as immutable Arrow data. Only training sets go to the root's folder."""

    def __init__(self, root: str | Path, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(root, connection)
        self._tables: dict[str, pa.Table] = {}
        self._appended: dict[tuple[str, str], int] = {}

    def copy(self, root: str | Path) -> "MemoryLake":
        """A lake with the tables that are there now, which goes its own way from here on."""
        lake = MemoryLake(root, self._connection)
        lake._tables, lake._appended = dict(self._tables), dict(self._appended)
        return lake

    def _rows(self, scan: Scan) -> pa.Table:
        stored = self._stored(scan.table)
        if scan.since is None and scan.until is None:
            return stored
        return stored.filter(within(stored["day"], scan.since or date.min, scan.until or date.max))

    def _stored(self, table: Table) -> pa.Table:
        """The rows of a table, null in columns that they were written without."""
        stored = self._tables.get(table.name)
        if stored is None:
            return table.schema.empty_table()
        names = stored_names(table, stored.schema)
        columns = [
            stored[names[field.name]]
            if names[field.name] in stored.column_names
            else pa.nulls(stored.num_rows, field.type)
            for field in table.schema
        ]
        return pa.table(columns, schema=table.schema)

    def holds(self, source: Scan | Table) -> bool:
        return bool(self._rows(Scan.of(source)).num_rows)

    def replace_days(
        self, table: Table, first: date, last: date, data: pa.Table, *, where: str | None = None
    ) -> None:
        if not pc.all(within(data["day"], first, last), min_count=0).as_py():
            raise LakeError(f"table {table.name}: the new rows must be of {first} to {last}")
        if where:
            mask = self._mask(table, both(Scan(table, first, last).predicate, where))
        else:
            mask = within(self._stored(table)["day"], first, last)
        self._put(table, mask, data)

    def rewrite(self, source: Scan | Table, build: Build) -> None:
        scan = Scan.of(source)
        mask = self._mask(scan.table, scan.predicate)
        data = build(self._stored(scan.table).filter(mask))
        if data is not None:
            self._put(scan.table, mask, data)

    def append_once(self, table: Table, data: pa.Table, pieces: Mapping[str, Piece]) -> bool:
        if self.appended(table, pieces) != {name: one.start for name, one in pieces.items()}:
            return False
        self._put(table, _none(self._stored(table)), data)
        self._appended |= {(table.name, name): one.end for name, one in pieces.items()}
        return True

    def appended(self, table: Table, names: Collection[str]) -> dict[str, int]:
        return {name: self._appended.get((table.name, name), 0) for name in names}

    def _mask(self, table: Table, predicate: str | None) -> pa.ChunkedArray:
        """Which rows a condition picks; all without one."""
        stored = self._stored(table)
        if predicate is None:
            return pc.invert(_none(stored))
        sql = f"SELECT coalesce({predicate}, false) AS picked FROM stored"
        return self._answer(sql, {"stored": stored})["picked"]

    def _put(self, table: Table, replaced: pa.ChunkedArray, data: pa.Table) -> None:
        """Puts rows in place of those that a mask picks; others keep all of their columns."""
        stored = self._tables.get(table.name)
        if stored is None:
            fields = stored_fields(table, stored_names(table, pa.schema([])))
            stored = fields.empty_table()
        # The cast refuses a null where none may be.
        new = as_stored(table, data, stored_names(table, stored.schema))
        parts = [stored.filter(pc.invert(replaced)), new]
        together = pa.concat_tables(parts, promote_options="default")
        # Every query reads every chunk.
        self._tables[table.name] = together.combine_chunks()

    def files(self, source: Scan | Table) -> list[DataFile]:
        """There are none."""
        return []

    def most_rows(self, source: Scan | Table) -> int:
        rows: int = self._rows(Scan.of(source)).num_rows
        return rows

    def rearrange(self, scan: Scan) -> None:
        """Nothing lies in files."""

    def last_commit(self, table: Table) -> int | None:
        """Nothing can be read back."""
        return None

    def names(self) -> list[str]:
        return sorted(self._tables)


def _none(table: pa.Table) -> pa.ChunkedArray:
    """A mask that picks no row."""
    return pa.chunked_array([pa.repeat(pa.scalar(False), table.num_rows)])
