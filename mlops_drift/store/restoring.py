"""Puts a table back to what it held at an earlier commit, as a commit of its own."""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import CommitFailedError

from mlops_drift.sql import identifier
from mlops_drift.store.delta import all_rows
from mlops_drift.store.history import place_of, table_at
from mlops_drift.store.lake import Lake, LakeError
from mlops_drift.store.readable import has_all_files
from mlops_drift.store.snapshots import open_table
from mlops_drift.store.tables import Table


@dataclass(frozen=True)
class Restored:
    """A table after it was restored.

    Attributes:
        commit: the number of the commit that restored it.
        to: the number of the commit whose rows it holds again.
        days: those whose rows changed; empty for a table without days, None if it was damaged, so
            that nobody knows.
    """

    table: str
    commit: int
    to: int
    days: list[date] | None


def restore(lake: Lake, name: str, to: int, by: str, reason: str) -> Restored:
    """Puts a table back to a commit, and records who did and why.

    What was committed since stays readable as commits. Of two restores at once, or a restore and a
    write, the one that commits first wins: a restore never undoes what nobody has seen.

    Raises:
        LakeError: if there is no such table or commit, its files were removed, it has the rows that
            the table holds now, or another process commits at the same moment.
    """
    place = place_of(lake, name)
    newest = open_table(place)
    wanted = table_at(place, name, to)
    days = _changed_days(lake, name, newest, wanted)
    record = CommitProperties(custom_metadata={"by": by, "reason": reason})
    try:
        newest.restore(to, commit_properties=record)
    except CommitFailedError as error:
        raise LakeError(
            f"{name} is not restored, as another process wrote to it at the same moment; see "
            f"`mlops-drift history {name}` for what it did, then restore again"
        ) from error
    return Restored(name, newest.version(), to, days)


def _changed_days(
    lake: Lake, name: str, newest: DeltaTable, wanted: DeltaTable
) -> list[date] | None:
    """The days whose rows differ between two snapshots; a `LakeError` if nothing differs."""
    same_files = set(newest.file_uris()) == set(wanted.file_uris())
    same_columns = newest.schema() == wanted.schema()
    # A damaged table is to be restored, and cannot be compared.
    if not (same_files or has_all_files(newest)):
        return None
    found = [] if same_files else _different(lake, name, newest, wanted)
    if not found and same_columns:
        raise LakeError(
            f"{name} is not restored: it holds what it held at commit {wanted.version()}"
        )
    return [day for day in found if day is not None]


def _different(lake: Lake, name: str, newest: DeltaTable, wanted: DeltaTable) -> list[date | None]:
    """The days whose rows differ; None in place of the day in a table without days."""
    schemas = [pa.schema(one.schema().to_arrow()) for one in (newest, wanted)]
    columns = pa.unify_schemas(schemas, promote_options="permissive")
    day = "day" if "day" in columns.names else "NULL::DATE"
    cells = ", ".join(map(identifier, columns.names))
    now, then = (
        f"SELECT {day} AS day, count(*) AS n, sum(hash({cells})) AS digest "
        f"FROM {all_rows(Table(name, columns), one)} GROUP BY ALL"
        for one in (newest, wanted)
    )
    # A digest for each day: the rows of both need not be in memory at once.
    sql = f"""
        SELECT DISTINCT day FROM (
            (({now}) EXCEPT ({then})) UNION ALL (({then}) EXCEPT ({now}))
        ) ORDER BY day
    """
    with lake.cursor() as cursor:
        return [row[0] for row in cursor.execute(sql).fetchall()]
