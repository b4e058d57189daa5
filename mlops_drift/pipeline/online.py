"""What a process that serves needs to make derived columns: the query, and the past of a day."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.memory import memory_bound
from mlops_drift.serving.online import OnlineQuery
from mlops_drift.serving.window import (
    EVENT_HISTORY,
    LABEL_HISTORY,
    Window,
    database_in,
    digest_of,
)
from mlops_drift.sql import identifier, literal
from mlops_drift.store.lake import ConflictError, Lake, Scan
from mlops_drift.store.schemas import duckdb_type
from mlops_drift.store.sealed import PAST_EVENTS, PAST_LABELS, FeatureError
from mlops_drift.store.tables import Table, column_fields

# Rows that are skipped or read together: an entity has few, and lies in one or two such groups.
ROWS_OF_A_GROUP = 8192
# A day lands in a few commits.
READ_ATTEMPTS = 10


def online_query(spec: ModelSpec) -> OnlineQuery | None:
    """How the derived columns of a single event are made; None without any.

    Raises:
        FeatureError: if features.sql reads the past, and nothing tells of which entity.
    """
    derivation = spec.derivation
    if derivation is None:
        return None
    past = sorted(derivation.reads & {PAST_EVENTS, PAST_LABELS})
    looks_back = bool(spec.history_days and past)
    if looks_back and spec.online is None:
        raise FeatureError(
            f"features.sql of {spec.name} reads {' and '.join(past)}, which a single event can "
            "only see of its own entity; name the column that tells it, such as `online: "
            "{entity: customer}`"
        )
    return OnlineQuery(
        sql=derivation.sql,
        reads=sorted(derivation.reads),
        key=spec.key,
        events=_types(spec.tables.events.schema),
        labels=_types(spec.tables.labels.schema),
        derived=_types(pa.schema(column_fields(spec.derived_columns))),
        history_days=spec.history_days,
        entity=spec.online.entity if spec.online and looks_back else None,
    )


def _types(schema: pa.Schema) -> dict[str, str]:
    return {field.name: duckdb_type(field.type) for field in schema}


def export_window(model: ModelContext, day: date, folder: Path) -> Window:
    """Writes what events of a day may look at into a folder, which it makes.

    Each table is read at one commit. A label is of the entity of its event, however old that is.

    Raises:
        FeatureError: as `online_query`, or if features.sql does not look back.
        ConflictError: if other processes committed again and again meanwhile.
    """
    query = online_query(model.spec)
    if query is None or query.entity is None:
        raise FeatureError(f"features.sql of {model.spec.name} does not look back")
    entity, store = query.entity, model.store
    tables = [store.tables.events, store.tables.labels]
    read = partial(_past, model, query, entity, day)
    (events, labels), commits = _at_one_commit(store.lake, tables, read)
    folder.mkdir(parents=True, exist_ok=True)
    file = database_in(folder)
    begun = file.with_name(f"{file.name}.new")
    begun.unlink(missing_ok=True)
    _write(query.key, entity, events, labels, begun)
    begun.replace(file)
    window = Window(
        folder=folder,
        day=day,
        history_days=query.history_days,
        entity=entity,
        events=events.num_rows,
        labels=labels.num_rows,
        commits=commits,
        digest=digest_of(file),
    )
    window.write()
    return window


def _past(
    model: ModelContext, query: OnlineQuery, entity: str, day: date
) -> tuple[pa.Table, pa.Table]:
    """The events of a window, and its labels as structs beside their entity."""
    store, key = model.store, identifier(query.key)
    since, until = day - timedelta(days=query.history_days), day - timedelta(days=1)
    label = ", ".join(f"{literal(name)}: l.{identifier(name)}" for name in query.labels)
    labels = store.lake.query(
        f"""
        SELECT known.entity, {{{label}}} AS label FROM labels l JOIN (
            SELECT DISTINCT {key} AS key, {identifier(entity)} AS entity FROM events
        ) known ON l.{key} = known.key
        """,
        labels=Scan(store.tables.labels, since, until),
        events=Scan(store.tables.events, None, until),
    )
    return store.lake.read(Scan(store.tables.events, since, until)), labels


def _at_one_commit(
    lake: Lake, tables: list[Table], read: Callable[[], tuple[pa.Table, pa.Table]]
) -> tuple[tuple[pa.Table, pa.Table], dict[str, int | None]]:
    """What is read while nobody commits to some tables, and the commits that they are at."""
    before = {table.name: lake.last_commit(table) for table in tables}
    for _ in range(READ_ATTEMPTS):
        found = read()
        after = {table.name: lake.last_commit(table) for table in tables}
        if after == before:
            return found, after
        before = after
    names = ", ".join(before)
    raise ConflictError(f"{names}: others committed during each of {READ_ATTEMPTS} reads")


def _write(key: str, entity: str, events: pa.Table, labels: pa.Table, file: Path) -> None:
    by_day = f"day, {identifier(key)}"
    by_label = f"label.day, label.{identifier(key)}"
    with duckdb.connect(config={**memory_bound()}) as connection:
        connection.execute(f"ATTACH {literal(str(file))} AS w (ROW_GROUP_SIZE {ROWS_OF_A_GROUP})")
        for table, rows, order in (
            (EVENT_HISTORY, events, f"{identifier(entity)}, {by_day}"),
            (LABEL_HISTORY, labels, f"entity, {by_label}"),
        ):
            connection.register("rows_read", rows)
            connection.execute(f"CREATE TABLE w.{table} AS FROM rows_read ORDER BY {order}")
        connection.execute("DETACH w")
