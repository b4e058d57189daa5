"""The lake on disk: Delta tables, read by DuckDB from the Parquet files of one snapshot."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
from deltalake import (
    ColumnProperties,
    CommitProperties,
    DeltaTable,
    PostCommitHookProperties,
    Transaction,
    WriterProperties,
    write_deltalake,
)
from deltalake.exceptions import CommitFailedError, DeltaError

from mlops_drift.sql import identifier, literal
from mlops_drift.store.durable import sync_commits
from mlops_drift.store.files import DataFile, files_of
from mlops_drift.store.lake import Build, ConflictError, Lake, LakeError, Piece, Rows, Scan, both
from mlops_drift.store.schemas import duckdb_type
from mlops_drift.store.snapshots import open_table, snapshots_of
from mlops_drift.store.stored_columns import as_stored, stored_fields, stored_names
from mlops_drift.store.tables import Table

# A conflict means that another process committed first: with few writers a handful suffices.
COMMIT_ATTEMPTS = 20

# Opening a table reads the commits since its last checkpoint.
CHECKPOINT_INTERVAL = 10
CONFIGURATION = {
    "delta.checkpointInterval": str(CHECKPOINT_INTERVAL),
    # A version names the commits that it was trained on; 30 days is the default.
    "delta.logRetentionDuration": "interval 36525 days",
}

# No log expires, and to look for one that did lists all of them at each commit.
HOOKS = PostCommitHookProperties(cleanup_expired_logs=False)

# Few numbers come twice: to collect them first takes most of the time of a write.
NO_DICTIONARY = ColumnProperties(dictionary_enabled=False)

# How a commit that changes no row is known in the history of its table.
COMPACTION_MARK = "compaction"
COMPACTION = CommitProperties(custom_metadata={COMPACTION_MARK: "true"})


def relation(table: Table, snapshot: DeltaTable | None, files: Sequence[DataFile]) -> str:
    """SQL for the rows of some files of a snapshot."""
    names = _names(table, snapshot)
    types = {names[field.name]: duckdb_type(field.type) for field in table.schema}
    nulls = ", ".join(f"CAST(NULL AS {kind}) AS {identifier(n)}" for n, kind in types.items())
    empty = f"SELECT {nulls} WHERE false"
    if snapshot and "deletionVectors" in (snapshot.protocol().reader_features or []):
        raise LakeError(
            f"{snapshot.table_uri} uses deletion vectors, which hide rows from a plain Parquet "
            "reader; rewrite it without them (delta.enableDeletionVectors = false)"
        )
    if snapshot is None or not files:
        return f"(SELECT {_selected(names)} FROM ({empty}))"
    # Only what others put into the lake is partitioned.
    partitions = snapshot.metadata().partition_columns
    hive = ", ".join(f"{literal(name)}: {types[name]}" for name in partitions)
    options = f", hive_partitioning = true, hive_types = {{{hive}}}" if hive else ""
    listing = ", ".join(literal(file.uri) for file in files)
    # Files older than a column lack it: the union with the empty relation fills it with nulls.
    return (
        f"(SELECT {_selected(names)} FROM ({empty} UNION ALL BY NAME "
        f"SELECT * FROM read_parquet([{listing}], union_by_name = true{options})))"
    )


def _names(table: Table, snapshot: DeltaTable | None) -> dict[str, str]:
    """The stored name of each column of a table."""
    if not table.columns:
        return {name: name for name in table.schema.names}
    return stored_names(table, _stored(snapshot) if snapshot else pa.schema([]))


def _stored(snapshot: DeltaTable) -> pa.Schema:
    return pa.schema(snapshot.schema().to_arrow())


def _selected(names: Mapping[str, str]) -> str:
    """SQL of stored columns under the names of a table."""
    return ", ".join(
        identifier(stored) if stored == name else f"{identifier(stored)} AS {identifier(name)}"
        for name, stored in names.items()
    )


def all_rows(table: Table, snapshot: DeltaTable) -> str:
    """SQL for the rows of a snapshot."""
    return relation(table, snapshot, files_of(snapshot))


class DeltaLake(Lake):
    """Delta tables ``<schema>/<table>`` under one root: every write is one commit."""

    def __init__(self, root: str | Path, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(root, connection)
        self._snapshots = snapshots_of(self.root)

    def uri(self, table: Table) -> str:
        """Where a table lives."""
        return self.place(table.name)

    def snapshot(self, table: Table) -> DeltaTable | None:
        """The newest snapshot, or None while the table has never been written."""
        return self._snapshots.newest(self.uri(table))

    def files(self, source: Scan | Table) -> list[DataFile]:
        scan = Scan.of(source)
        return self._files_of(scan, self.snapshot(scan.table))

    def most_rows(self, source: Scan | Table) -> int:
        return sum(file.rows for file in self.files(source))

    def _files_of(self, scan: Scan, snapshot: DeltaTable | None) -> list[DataFile]:
        if snapshot is None:
            return []
        files = self._snapshots.files(self.uri(scan.table), snapshot)
        return [one for one in files if one.may_hold(scan.since, scan.until)]

    def _rows(self, scan: Scan) -> str:
        return self._rows_of(scan, self.snapshot(scan.table))

    def _rows_of(self, scan: Scan, snapshot: DeltaTable | None) -> str:
        where = f" WHERE {scan.predicate}" if scan.predicate else ""
        found = relation(scan.table, snapshot, self._files_of(scan, snapshot))
        return f"SELECT * FROM {found}{where}"

    def _answer(self, statement: str, data: Mapping[str, pa.Table]) -> pa.Table:
        ask = partial(super()._answer, statement, data)
        return ask() if data else self._snapshots.tables.of(statement, ask)

    def _rows_answered(self, statement: str, data: Mapping[str, pa.Table]) -> Rows:
        ask = partial(super()._rows_answered, statement, data)
        return ask() if data else self._snapshots.rows.of(statement, ask)

    def holds(self, source: Scan | Table) -> bool:
        scan = Scan.of(source)
        files = self.files(scan)
        # Between the first and the last day of a file may be none.
        return any(one.surely_holds(scan.since, scan.until) for one in files) or (
            bool(files) and self._has_rows(scan)
        )

    def _has_rows(self, scan: Scan, where: str | None = None) -> bool:
        condition = f" WHERE {where}" if where else ""
        return bool(self.query(f"SELECT 1 FROM t{condition} LIMIT 1", t=scan).num_rows)

    def replace_days(
        self, table: Table, first: date, last: date, data: pa.Table, *, where: str | None = None
    ) -> None:
        days = Scan(table, first, last)
        predicate = both(days.predicate, where)

        def commit() -> None:
            snapshot = self.snapshot(table) or self._create(table)
            if data.num_rows or self._has_rows(days, where):
                _overwrite(table, snapshot, data, predicate)

        self._until_committed(table, commit)

    def rewrite(self, source: Scan | Table, build: Build) -> None:
        scan = Scan.of(source)
        table = scan.table

        def commit() -> None:
            # A snapshot of the writer's own: what it has read decides whether a commit conflicts.
            with self._snapshots.unshared(self.uri(table)) as found:
                snapshot = found or self._create(table)
                existing = self._answer(self._rows_of(scan, snapshot), {})
                data = build(existing.cast(table.schema))
                if data is not None:
                    # No rebase onto other commits: where nothing was, what they added is no
                    # conflict.
                    alone = CommitProperties(max_commit_retries=0)
                    _overwrite(table, snapshot, data, scan.predicate, alone)

        self._until_committed(table, commit)

    def append_once(self, table: Table, data: pa.Table, pieces: Mapping[str, Piece]) -> bool:
        starts = {name: one.start for name, one in pieces.items()}
        noted = [Transaction(name, one.end) for name, one in pieces.items()]
        appended = False

        def append() -> None:
            nonlocal appended
            # Where another process appends the same in between, Delta refuses this commit.
            with self._snapshots.unshared(self.uri(table)) as found:
                snapshot = found or self._create(table)
                appended = _appended(snapshot, pieces) == starts
                if appended:
                    properties, before = (
                        CommitProperties(app_transactions=noted),
                        snapshot.version(),
                    )
                    _write(table, snapshot, data, "append", commit=properties)
                    # Where the data come from they are deleted next.
                    sync_commits(self.uri(table), before + 1, snapshot.version())

        self._until_committed(table, append)
        return appended

    def appended(self, table: Table, names: Collection[str]) -> dict[str, int]:
        return _appended(self.snapshot(table), names)

    def rearrange(self, scan: Scan) -> None:
        def commit() -> None:
            # As in `rewrite`: what another thread reads must not move this snapshot.
            with self._snapshots.unshared(self.uri(scan.table)) as snapshot:
                if snapshot is None:
                    return
                # A column that is no longer declared keeps its values.
                stored = replace(scan.table, schema=_stored(snapshot), columns={})
                found = self._rows_of(replace(scan, table=stored), snapshot)
                rows = self._answer(found, {})
                # Chunks would be written side by side, in any order.
                _overwrite(stored, snapshot, rows.combine_chunks(), scan.predicate, COMPACTION)

        self._until_committed(scan.table, commit)

    def _until_committed(self, table: Table, commit: Callable[[], None]) -> None:
        for attempt in range(1, COMMIT_ATTEMPTS + 1):
            try:
                commit()
                return
            except CommitFailedError as error:
                if attempt == COMMIT_ATTEMPTS:
                    lost = f"table {table.name}: {attempt} commits lost to other writers"
                    raise ConflictError(lost) from error
                time.sleep(0.02 * attempt)

    def _create(self, table: Table) -> DeltaTable:
        uri, settings = self.uri(table), CONFIGURATION | _statistics(table)
        try:
            names = _names(table, None)
            fields = stored_fields(table, names)
            return DeltaTable.create(uri, fields, "ignore", name=table.name, configuration=settings)
        except DeltaError:
            # Another process created it in the same moment.
            if not DeltaTable.is_deltatable(uri):
                raise
            return open_table(uri)

    def last_commit(self, table: Table) -> int | None:
        snapshot = self.snapshot(table)
        return snapshot.version() if snapshot else None

    def names(self) -> list[str]:
        tables = (log.parent for log in Path(self.root).glob("*/*/_delta_log"))
        return sorted(f"{table.parent.name}.{table.name}" for table in tables)


def _statistics(table: Table) -> dict[str, str]:
    if table.bounds:
        return {"delta.dataSkippingStatsColumns": ",".join(table.bounds)}
    return {"delta.dataSkippingNumIndexedCols": "0"}


def _appended(snapshot: DeltaTable | None, names: Collection[str]) -> dict[str, int]:
    """Up to which position pieces of some names were appended, 0 where none was."""
    if snapshot is None:
        return dict.fromkeys(names, 0)
    return {name: snapshot.transaction_version(name) or 0 for name in names}


def _overwrite(
    table: Table,
    snapshot: DeltaTable,
    data: pa.Table,
    predicate: str | None,
    commit: CommitProperties | None = None,
) -> None:
    _write(table, snapshot, data, "overwrite", predicate, commit)


def _write(
    table: Table,
    snapshot: DeltaTable,
    data: pa.Table,
    mode: Literal["append", "overwrite"],
    predicate: str | None = None,
    commit: CommitProperties | None = None,
) -> None:
    rows = as_stored(table, data, _names(table, snapshot))
    write_deltalake(
        snapshot,
        rows,
        # Each overload knows one of the two.
        mode=mode,  # type: ignore[arg-type]
        predicate=predicate,
        schema_mode="merge" if _columns_differ(table.name, rows.schema, snapshot) else None,
        commit_properties=commit,
        post_commithook_properties=HOOKS,
        writer_properties=WriterProperties(
            column_properties=dict.fromkeys(_fractions(rows.schema), NO_DICTIONARY)
        ),
    )


def _fractions(schema: pa.Schema) -> Iterator[str]:
    """The columns of fractions, as Parquet names them."""
    for field in schema:
        if pa.types.is_floating(field.type):
            yield field.name
        elif pa.types.is_list(field.type) and pa.types.is_floating(field.type.value_type):
            yield f"{field.name}.list.element"


def _columns_differ(name: str, schema: pa.Schema, snapshot: DeltaTable) -> bool:
    """Whether columns were added or taken away; old files have nulls in place of the new ones."""
    stored = {field.name: field.type for field in _stored(snapshot)}
    for field in schema:
        if stored.get(field.name, field.type) != field.type:
            # A merge would convert the values, or cut them.
            raise LakeError(
                f"table {name}: column {field.name!r} is stored as {stored[field.name]} and "
                f"declared as {field.type}; declare it as it was, or give the column another name"
            )
    return set(stored) != set(schema.names)
