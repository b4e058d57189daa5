"""The lake on disk: Delta tables, read by DuckDB from the Parquet files of one snapshot."""

import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from urllib.parse import unquote

import duckdb
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from mlops_drift.sql import identifier, literal
from mlops_drift.store.lake import Lake, LakeError, Scan, both
from mlops_drift.store.tables import Table

# A conflict means that another process committed first: with few writers a handful suffices.
COMMIT_ATTEMPTS = 20

# Opening a table reads the commits since its last checkpoint.
CHECKPOINT_INTERVAL = 10

# A version names the commits that it was trained on; Delta forgets them after 30 days by default.
COMMITS_KEPT = "interval 36525 days"


def _duckdb_type(data_type: pa.DataType) -> str:
    names = {
        pa.date32(): "DATE",
        pa.int64(): "BIGINT",
        pa.float64(): "DOUBLE",
        pa.string(): "VARCHAR",
        pa.bool_(): "BOOLEAN",
        pa.timestamp("us"): "TIMESTAMP",
        pa.list_(pa.int64()): "BIGINT[]",
        pa.list_(pa.string()): "VARCHAR[]",
    }
    return names[data_type]


def files_relation(
    snapshot: DeltaTable, partitions: Mapping[str, str], predicate: str | None = None
) -> str | None:
    """SQL that reads the Parquet files of a snapshot; None if it has no files.

    Args:
        snapshot: the snapshot.
        partitions: DuckDB type of each column that partitions the table.
        predicate: a condition on partition columns that picks files.

    Raises:
        LakeError: if the table uses deletion vectors.
    """
    if "deletionVectors" in (snapshot.protocol().reader_features or []):
        raise LakeError(
            f"{snapshot.table_uri} uses deletion vectors, which hide rows from a plain Parquet "
            "reader; rewrite it without them (delta.enableDeletionVectors = false)"
        )
    files = snapshot.file_uris(file_pruning_predicate=predicate)
    if not files:
        return None
    # Paths come percent-encoded, which only a URL may be.
    paths = [file if "://" in file else unquote(file) for file in files]
    listing = ", ".join(literal(path) for path in sorted(paths))
    types = ", ".join(f"{literal(name)}: {kind}" for name, kind in partitions.items())
    hive = f", hive_partitioning = true, hive_types = {{{types}}}" if types else ""
    return f"SELECT * FROM read_parquet([{listing}], union_by_name = true{hive})"


def open_table(uri: str) -> DeltaTable:
    """The newest snapshot of a table that is there.

    Raises:
        LakeError: if it is damaged.
    """
    try:
        return DeltaTable(uri)
    except DeltaError as error:
        cause = str(error).splitlines()[0]
        raise LakeError(
            f"the table {uri} cannot be read: {cause}; bring it back from a backup"
        ) from error


def _relation(table: Table, snapshot: DeltaTable | None, predicate: str | None) -> str:
    """SQL for the rows of a snapshot; an empty relation of the declared columns without one."""
    columns = ", ".join(map(identifier, table.schema.names))
    nulls = ", ".join(
        f"CAST(NULL AS {_duckdb_type(field.type)}) AS {identifier(field.name)}"
        for field in table.schema
    )
    empty = f"SELECT {nulls} WHERE false"
    if snapshot is None:
        return f"({empty})"
    types = {name: _duckdb_type(table.schema.field(name).type) for name in table.partition_by}
    files = files_relation(snapshot, types, predicate)
    if files is None:
        return f"({empty})"
    # Files older than a column lack it: the union with the empty relation fills it with nulls.
    return f"(SELECT {columns} FROM ({empty} UNION ALL BY NAME {files}))"


class DeltaLake(Lake):
    """Delta tables under one root: every write is one commit.

    Args:
        root: the folder (or URL) that holds ``<schema>/<table>``.
        connection: an in-memory DuckDB connection; each query runs in a cursor of its own.
    """

    def __init__(self, root: str | Path, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(root, connection)
        self._opened: dict[str, DeltaTable] = {}

    def uri(self, table: Table) -> str:
        """Where a table lives."""
        return f"{self.root}/{table.folder}"

    def snapshot(self, table: Table) -> DeltaTable | None:
        """The newest snapshot, or None while the table has never been written."""
        uri = self.uri(table)
        if uri in self._opened:
            self._opened[uri].update_incremental()
        elif DeltaTable.is_deltatable(uri):
            self._opened[uri] = open_table(uri)
        return self._opened.get(uri)

    def _offer(self, cursor: duckdb.DuckDBPyConnection, name: str, scan: Scan) -> str:
        relation = _relation(scan.table, self.snapshot(scan.table), scan.predicate)
        where = f" WHERE {scan.predicate}" if scan.predicate else ""
        return f"SELECT * FROM {relation}{where}"

    def holds(self, scan: Scan) -> bool:
        """As `Lake.holds`, from the names of the files."""
        snapshot = self.snapshot(scan.table)
        return snapshot is not None and bool(
            snapshot.file_uris(file_pruning_predicate=scan.predicate)
        )

    def replace_days(
        self, table: Table, first: date, last: date, data: pa.Table, *, where: str | None = None
    ) -> None:
        """As `Lake.replace_days`, in one commit; none where nothing is there and nothing comes."""
        predicate = both(Scan(table, first, last).predicate, where)

        def commit() -> None:
            snapshot = self.snapshot(table) or self._create(table)
            if data.num_rows or snapshot.file_uris(file_pruning_predicate=predicate):
                _overwrite(table, snapshot, data, predicate)

        self._until_committed(table, commit)

    def _rewrite(
        self,
        table: Table,
        predicate: str | None,
        build: Callable[[pa.Table], pa.Table | None],
    ) -> None:
        def commit() -> None:
            # A snapshot of the writer's own: what it has read decides whether a commit conflicts.
            uri = self.uri(table)
            snapshot = open_table(uri) if DeltaTable.is_deltatable(uri) else self._create(table)
            relation = _relation(table, snapshot, predicate)
            with self.cursor() as cursor:
                # The predicate has picked files, which may hold other rows too.
                where = f" WHERE {predicate}" if predicate else ""
                existing = cursor.sql(f"SELECT * FROM {relation}{where}").to_arrow_table()
            data = build(existing.cast(table.schema))
            if data is not None:
                # No rebase onto other commits: where nothing was, what they added is no conflict.
                _overwrite(table, snapshot, data, predicate, CommitProperties(max_commit_retries=0))

        self._until_committed(table, commit)

    def _until_committed(self, table: Table, commit: Callable[[], None]) -> None:
        for attempt in range(1, COMMIT_ATTEMPTS + 1):
            try:
                commit()
            except CommitFailedError as error:
                if attempt == COMMIT_ATTEMPTS:
                    raise LakeError(
                        f"table {table.name}: {COMMIT_ATTEMPTS} commits lost to other writers"
                    ) from error
                time.sleep(0.02 * attempt)
            else:
                return

    def _create(self, table: Table) -> DeltaTable:
        uri = self.uri(table)
        try:
            return DeltaTable.create(
                uri,
                table.schema,
                mode="ignore",
                partition_by=list(table.partition_by),
                name=table.name,
                configuration={
                    "delta.checkpointInterval": str(CHECKPOINT_INTERVAL),
                    "delta.logRetentionDuration": COMMITS_KEPT,
                },
            )
        except DeltaError:
            # Another process created it in the same moment.
            if not DeltaTable.is_deltatable(uri):
                raise
            return open_table(uri)

    def last_commit(self, table: Table) -> int | None:
        """As `Lake.last_commit`."""
        snapshot = self.snapshot(table)
        return None if snapshot is None else snapshot.version()

    def has(self, table: Table) -> bool:
        """As `Lake.has`."""
        return self.snapshot(table) is not None

    def names(self) -> list[str]:
        """The tables there are, as ``<schema>.<table>``, sorted."""
        root = Path(self.root)
        return sorted(
            f"{log.parent.parent.name}.{log.parent.name}" for log in root.glob("*/*/_delta_log")
        )


def _overwrite(
    table: Table,
    snapshot: DeltaTable,
    data: pa.Table,
    predicate: str | None,
    commit: CommitProperties | None = None,
) -> None:
    write_deltalake(
        snapshot,
        data.select(table.schema.names).cast(table.schema),
        mode="overwrite",
        predicate=predicate,
        schema_mode="merge" if _columns_differ(table, snapshot) else None,
        commit_properties=commit,
    )


def _columns_differ(table: Table, snapshot: DeltaTable) -> bool:
    """Whether columns were added or taken away; old files have nulls in place of the new ones.

    Raises:
        LakeError: if a column has another type: a merge would convert the values, or cut them.
    """
    stored = pa.schema(snapshot.schema().to_arrow())
    for field in table.schema:
        if field.name in stored.names and stored.field(field.name).type != field.type:
            raise LakeError(
                f"table {table.name}: column {field.name!r} is stored as "
                f"{stored.field(field.name).type} and declared as {field.type}; declare it as it "
                "was, or give the column another name"
            )
    return set(stored.names) != set(table.schema.names)
