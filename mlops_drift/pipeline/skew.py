"""What a service has answered on some days, compared with what the batch path makes of them."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.config.context import ModelContext
from mlops_drift.learning.families.registry import SHIPPED
from mlops_drift.learning.metrics.base import Array
from mlops_drift.monitors.context import EVENTS
from mlops_drift.monitors.serving_skew import ColumnSkew, Difference, RowSkew, SkewDay
from mlops_drift.pipeline.features import batch_features
from mlops_drift.pipeline.parts import parts
from mlops_drift.pipeline.quarantine import TOO_LATE
from mlops_drift.pipeline.scoring import ANSWER, predict_table
from mlops_drift.pipeline.screening import taken_reasons
from mlops_drift.pipeline.served_events import SERVED_ROW, SERVED_ROW_SQL, served_days
from mlops_drift.pipeline.served_rows import given_columns, landed_rows
from mlops_drift.schema.days import days_between
from mlops_drift.schema.numbers import is_rounding
from mlops_drift.sql import identifier, literal
from mlops_drift.store.lake import Scan
from mlops_drift.store.records import RemovedError

_NOT_LANDED = "it was not read when its day landed"


@dataclass(frozen=True)
class _Compared:
    """One column of some rows, in the order of their answers, in which bits stand for numbers.

    Attributes:
        about: day, key, time and version of each row.
        served: as the log has it.
        batch: as the batch path makes it.
    """

    column: str
    about: pa.Table
    served: pa.Array
    batch: pa.Array

    def kinds(self) -> tuple[Array, Array, Array]:
        """Which rows are mismatching, missing and extra; shape (n,)."""
        in_log, in_batch = (one.is_valid().to_numpy(False) for one in (self.served, self.batch))
        pair = (_bits(one) for one in (self.served, self.batch))
        unequal = pc.fill_null(pc.not_equal(*pair), False).to_numpy(False)
        return unequal, in_batch & ~in_log, in_log & ~in_batch

    def by_day(self, is_same: Array | None = None) -> dict[date, ColumnSkew]:
        """How it differs on each day; `is_same` tells the rows whose features all agree."""
        kinds = self.kinds()
        differs = np.any(kinds, axis=0)
        days = self.about["day"].to_numpy()
        found = {}
        for day in np.unique(days):
            mine = days == day
            mismatching, missing, extra = (int((kind & mine).sum()) for kind in kinds)
            places = np.flatnonzero(differs & mine)
            unexplained = None if is_same is None else int((differs & mine & is_same).sum())
            first = self._difference(int(places[0])) if len(places) else None
            n = int(mine.sum())
            found[day.astype(object)] = ColumnSkew(
                self.column, n, mismatching, missing, extra, unexplained, first
            )
        return found

    def _difference(self, place: int) -> Difference:
        key, time, version = (self.about[name][place].as_py() for name in _ABOUT)
        pair = (one[place].as_py() for one in (self.served, self.batch))
        return Difference(key, time, version, *pair)


# What is counted of a column.
_COUNTS = ("rows", "mismatching", "missing", "extra")

# What a difference says of its row.
_ABOUT = ("key", "time", "version")


def skew_of_days(model: ModelContext, first: date, last: date) -> dict[date, SkewDay]:
    """The log of each of some days compared with the batch path; none of days without a service.

    Raises:
        FeatureError: if features.sql cannot be used.
    """
    days = served_days(model.spec, first, last)
    if days is None:
        return {}
    found: dict[date, SkewDay] = {}
    for part in parts(model, EVENTS, *days):
        found |= _skew_of_part(model, *part)
    return found


def _skew_of_part(model: ModelContext, first: date, last: date) -> dict[date, SkewDay]:
    landed = landed_rows(model, first, last)
    rows = _rows(model, first, last, landed)
    found = {day: SkewDay(day, rows.get(day, RowSkew(0))) for day in days_between(first, last)}
    for known, mine in _by_description(model, landed):
        pairs = _pairs(known, mine, batch_features(known, first, last))
        features, is_same = _features(known, pairs)
        predictions, skipped = _predictions(known, pairs, is_same)
        for day in pc.unique(pairs["day"]).to_pylist():
            columns = [one.get(day, ColumnSkew(name, 0)) for name, one in features.items()]
            if predicted := [one[day] for one in predictions.values() if day in one]:
                columns += predicted
            elif day not in skipped:
                columns += [ColumnSkew(name, 0) for name in predictions]
            found[day] = replace(
                found[day],
                columns=_together([*found[day].columns, *columns]),
                skipped={**found[day].skipped, **skipped.get(day, {})},
            )
    return found


def _by_description(
    model: ModelContext, landed: pa.Table
) -> Iterator[tuple[ModelContext, pa.Table]]:
    """The rows of the log by the description of the version that answered them."""
    groups: dict[int, tuple[ModelContext, list[int]]] = {}
    for version in pc.unique(landed["version"]).to_pylist():
        known = model if version is None else model.of_version(version)
        groups.setdefault(id(known), (known, []))[1].append(version or 0)
    versions = landed["version"].fill_null(0)
    for known, mine in groups.values():
        yield known, landed.filter(pc.is_in(versions, value_set=pa.array(mine, versions.type)))


def _together(columns: Sequence[ColumnSkew]) -> list[ColumnSkew]:
    """One of each column: versions that know others may have answered on the same day."""
    found: dict[str, ColumnSkew] = {}
    for one in columns:
        before = found.get(one.column)
        if before is not None:
            counts = {name: getattr(before, name) + getattr(one, name) for name in _COUNTS}
            known = [n for n in (before.unexplained, one.unexplained) if n is not None]
            unexplained = sum(known) if known else None
            first = before.first or one.first
            one = replace(one, **counts, unexplained=unexplained, first=first)
        found[one.column] = one
    return list(found.values())


def _rows(model: ModelContext, first: date, last: date, landed: pa.Table) -> dict[date, RowSkew]:
    """Which rows of the log are no events, and which events are no rows of the log, by day."""
    tables, lake, key = model.store.tables, model.store.lake, identifier(model.spec.key)
    log, events = Scan(tables.served, first, last), Scan(tables.events, first, last)
    taken = ", ".join(map(literal, taken_reasons(model.spec.key)))
    late = f"'event_time: ' || day || {literal(f' {TOO_LATE}')}"
    others = lake.rows(
        f"""
        WITH faults AS (
            SELECT json_extract_string(row, '$.{SERVED_ROW}') AS name, min(reason) AS fault
            FROM q WHERE source = {literal(EVENTS)} AND row_day BETWEEN '{first}' AND '{last}'
            GROUP BY name
        ), others AS (
            SELECT day, key, time, request_id, coalesce(fault, {literal(_NOT_LANDED)}) AS fault,
                coalesce(fault IN ({taken}) OR starts_with(fault, {late}), false) AS is_repeated
            FROM (SELECT *, {SERVED_ROW_SQL} AS name FROM s) LEFT JOIN faults USING (name)
            WHERE name NOT IN (SELECT {SERVED_ROW_SQL} FROM landed)
        )
        SELECT day, count(*) FILTER (is_repeated) AS repeated,
            count(*) FILTER (NOT is_repeated) AS lost,
            arg_min('key ' || key || ' of request ' || request_id || ': ' || fault, time)
                FILTER (NOT is_repeated) AS lost_example
        FROM others GROUP BY day
        """,
        s=log,
        q=Scan(tables.quarantined, first),
        landed=landed,
    )
    unlogged = lake.rows(
        f"""
        SELECT e.day, count(*) AS unlogged, CAST(min(e.{key}) AS VARCHAR) AS unlogged_example
        FROM e ANTI JOIN landed l ON l.day = e.day AND l.key = e.{key} GROUP BY e.day
        """,
        e=events,
        landed=landed,
    )
    logged = lake.rows("SELECT day, count(*) AS logged FROM s GROUP BY day", s=log)
    found: dict[date, dict[str, Any]] = {}
    for row in (*logged, *others, *unlogged):
        found.setdefault(row.pop("day"), {"logged": 0}).update(
            {name: value for name, value in row.items() if value is not None}
        )
    return {day: RowSkew(**counts) for day, counts in found.items()}


def _pairs(model: ModelContext, landed: pa.Table, batch: pa.Table) -> pa.Table:
    """Rows of the log in the order of their answers, each with the features of the batch path.

    The columns that the version was given are `s0`, `s1` and so on, those of the batch path `b0`.
    """
    names, key = list(model.spec.columns), identifier(model.spec.key)
    given = given_columns(model, [f"s{place}" for place in range(len(names))])
    made = ", ".join(f"{identifier(name)} AS b{place}" for place, name in enumerate(names))
    return model.store.lake.query(
        f"""
        SELECT * FROM (
            SELECT day, key, time, request_id, row_number, version,
                features IS NOT NULL AS is_given, model_prediction AS prediction, score,
                probabilities, {given}
            FROM landed
        ) JOIN (SELECT day, {key} AS key, {made} FROM batch) USING (day, key)
        ORDER BY time, request_id, row_number
        """,
        landed=landed,
        batch=batch,
    ).combine_chunks()


def _features(
    model: ModelContext, pairs: pa.Table
) -> tuple[dict[str, dict[date, ColumnSkew]], Array]:
    """How each feature differs by day, and which rows agree in all of them; shape (n,)."""
    is_given = pairs["is_given"].to_numpy()
    given, is_same = pairs.filter(is_given), np.ones(pairs.num_rows, dtype=bool)
    found = {}
    for place, name in enumerate(model.spec.columns):
        one = _Compared(name, given, *(_array(given[f"{side}{place}"]) for side in "sb"))
        is_same[is_given] &= ~np.any(one.kinds(), axis=0)
        found[name] = one.by_day()
    return found, is_same


def _predictions(
    model: ModelContext, pairs: pa.Table, is_same: Array
) -> tuple[dict[str, dict[date, ColumnSkew]], dict[date, dict[int, str]]]:
    """How predictions differ by day, and why those of some versions could not be made again.

    Each row is predicted by the version that the log names, if it was given features.
    """
    spec, names = model.spec, ANSWER if model.spec.target.is_classification else ANSWER[:2]
    columns = {name: pairs[f"b{place}"] for place, name in enumerate(spec.columns)}
    features = pa.table({spec.key: pairs["key"], **columns})
    is_asked = pc.or_(pairs["is_given"], pairs["prediction"].is_valid()).to_numpy()
    versions = pairs["version"].fill_null(0).to_numpy()
    skipped: dict[date, dict[int, str]] = {}
    rows, predicted = [], []
    for version in np.unique(versions[is_asked & (versions > 0)]).tolist():
        mine = np.flatnonzero(is_asked & (versions == version))
        try:
            model.store.versions.require_kept([version])
        except RemovedError as error:
            for day in pc.unique(pairs["day"].take(mine)).to_pylist():
                skipped.setdefault(day, {})[version] = str(error)
            continue
        again = predict_table(spec, model.registry, version, features.take(mine))
        if model.store.versions.get(version).family not in SHIPPED:
            again = _without_rounding(again, pairs.take(mine), names)
        predicted.append(again)
        rows.append(mine)
    if not rows:
        return {name: {} for name in names}, skipped
    places = np.concatenate(rows)
    order = np.argsort(places)
    logged, again = pairs.take(places[order]), pa.concat_tables(predicted).take(order)
    compared = {
        name: _Compared(name, logged, *(_array(one[name]) for one in (logged, again)))
        for name in names
    }
    return {name: one.by_day(is_same[places[order]]) for name, one in compared.items()}, skipped


def _without_rounding(again: pa.Table, logged: pa.Table, names: Sequence[str]) -> pa.Table:
    """Predictions in which a number that was served but for its last digits is as it was served.

    Estimators of a user's own may round a row otherwise alone than among others; the shipped ones
    do not.
    """
    for name in names:
        column = again[name]
        values = [
            served if is_rounding(served, batch) else batch
            for served, batch in zip(logged[name].to_pylist(), column.to_pylist(), strict=True)
        ]
        place = again.schema.get_field_index(name)
        again = again.set_column(place, again.schema.field(name), [pa.array(values, column.type)])
    return again


def _array(column: pa.ChunkedArray) -> pa.Array:
    found = column.combine_chunks()
    return found if isinstance(found, pa.Array) else pa.concat_arrays(found.chunks)


def _bits(values: pa.Array) -> pa.Array:
    """Values that are equal just where every bit is."""
    if pa.types.is_floating(values.type):
        return values.view(pa.int64())
    if pa.types.is_list(values.type):
        lists = values.to_pylist()
        return pa.array([None if one is None else array("d", one).tobytes() for one in lists])
    return values
