"""The features of some days: what an event brings, and what features.sql derives from it."""

from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.config.context import ModelContext
from mlops_drift.pipeline.living import LivingColumns, living_columns
from mlops_drift.pipeline.parts import parts
from mlops_drift.pipeline.served_rows import logged_features
from mlops_drift.sql import identifier
from mlops_drift.store.lake import Scan
from mlops_drift.store.sealed import FeatureError
from mlops_drift.store.tables import Table


def make_features(model: ModelContext, first: date, last: date) -> int:
    """Puts the features of the days `first` to `last` into their table.

    Of an event that a service has answered they are those that the version was given.

    Returns:
        How many rows were written.

    Raises:
        FeatureError: if features.sql cannot be used; days before may have been written.
    """
    return sum(_put_features(model, *part) for part in parts(model, "events", first, last))


def _put_features(model: ModelContext, first: date, last: date) -> int:
    store, key = model.store, identifier(model.spec.key)
    living = living_columns(model, first, last)
    table, events = living.features(model), Scan(living.events(model), first, last)
    columns = _selected(table)
    # What a version was given stays, whatever would be made of it today; where versions know
    # different columns, no row of the log has them all.
    logged = logged_features(model, first, last)
    if living.further:
        logged = logged.slice(0, 0)
    selects, further = [], {"logged": logged}
    if logged.num_rows:
        selects.append(
            f"SELECT {columns} FROM logged "
            f"JOIN (SELECT day, {key}, event_time FROM events) USING (day, {key})"
        )
    if not logged.num_rows or logged.num_rows < _count(model, events):
        made, beside = _made(model, living, first, last)
        selects.append(f"{made} ANTI JOIN logged USING (day, {key})")
        further |= beside
    features = store.lake.query(
        f"FROM ({' UNION ALL '.join(selects)}) ORDER BY day, event_time", events=events, **further
    ).cast(table.schema)
    store.lake.replace_days(table, first, last, features)
    return int(features.num_rows)


def batch_features(model: ModelContext, first: date, last: date) -> pa.Table:
    """The features of some days as they are made of what landed, whatever a version was given.

    Raises:
        FeatureError: as in `make_features`.
    """
    tables = model.store.tables
    made, beside = _made(model, LivingColumns({}, frozenset(), ()), first, last)
    events = Scan(tables.events, first, last)
    return model.store.lake.query(made, events=events, **beside).cast(tables.features.schema)


def _made(
    model: ModelContext, living: LivingColumns, first: date, last: date
) -> tuple[str, dict[str, pa.Table]]:
    """SQL that makes features of `events`, and what else it reads."""
    key, found = identifier(model.spec.key), {}
    if (made := derived(model, first, last)) is not None:
        found["derived"] = made
    # What only an earlier version derives, it derives by its own SQL.
    for number, known in living.versions.items():
        mine = [one for one in living.further if one.column.derived and one.versions[0] == number]
        if mine and (made := derived(known, first, last)) is not None:
            own = made.select(["day", model.spec.key, *(one.called for one in mine)])
            names = ["day", model.spec.key, *(one.name for one in mine)]
            found[f"derived_{number}"] = own.rename_columns(names)
    joins = "".join(f" JOIN {name} USING (day, {key})" for name in found)
    return f"SELECT {_selected(living.features(model))} FROM events{joins}", found


def _selected(table: Table) -> str:
    return ", ".join(identifier(name) for name in table.schema.names)


def _count(model: ModelContext, events: Scan) -> int:
    [counted] = model.store.lake.rows("SELECT count(*) AS n FROM e", e=events)
    return int(counted["n"])


def require_point_in_time(model: ModelContext, features: pa.Table) -> None:
    """Requires that derived features are what features.sql makes of what was known on their day.

    They are made again, day by day, and compared. So a feature that knew more than its day, that
    depends on the clock or on chance, or that was made by other SQL or of other events, stays out
    of a training set.

    Raises:
        FeatureError: if a value differs; the message names the column, the day and the key.
    """
    spec, key = model.spec, identifier(model.spec.key)
    if spec.derivation is None or not features.num_rows:
        return
    days = pc.min_max(features["day"]).as_py()
    made = derived(model, days["min"], days["max"])
    for name in spec.derived_columns:
        column = identifier(name)
        different = model.store.lake.rows(
            f"""
            SELECT f.day, f.{key} AS key, f.{column} AS stored, m.{column} AS made,
                   m.{key} IS NOT NULL AS known, count(*) OVER () AS n
            FROM features f LEFT JOIN made m USING (day, {key})
            WHERE m.{key} IS NULL OR f.{column} IS DISTINCT FROM m.{column}
            ORDER BY f.day, f.{key} LIMIT 1
            """,
            features=features,
            made=made,
        )
        for row in different:
            known = f"features.sql makes {row['made']!r} of what was known then"
            raise FeatureError(
                f"the feature {name} of {spec.key} {row['key']} on {row['day']} is "
                f"{row['stored']!r}, but {known if row['known'] else 'its event is gone'} "
                f"({row['n']} of {features.num_rows} rows differ). A model that learned from it "
                "would know more than it can in production. If events or features.sql have "
                "changed, materialize features of these days again; if not, the query depends on "
                "the clock or on chance"
            )


def derived(model: ModelContext, first: date, last: date) -> pa.Table | None:
    """The day, the key and the derived columns; None for a model without any."""
    spec, store = model.spec, model.store
    if spec.derivation is None:
        return None
    since = first - timedelta(days=spec.history_days)
    events = store.lake.read(Scan(store.tables.events, since, last))
    labels = store.lake.read(Scan(store.tables.labels, since, last))
    made = [
        table.append_column("day", pa.array([day] * table.num_rows, pa.date32()))
        for day, table in spec.derivation.derive(events, labels, first, last)
    ]
    names = ["day", spec.key, *spec.derived_columns]
    return pa.concat_tables(made or [store.tables.features.schema.empty_table().select(names)])
