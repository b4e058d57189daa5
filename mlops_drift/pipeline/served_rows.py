"""What a service has answered for the events that landed: the features and the version's answer."""

import json
from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.monitors.context import EVENTS
from mlops_drift.pipeline.parts import parts
from mlops_drift.pipeline.scoring import Served, add_predictions, score_days
from mlops_drift.pipeline.served_events import SERVED_ROW, SERVED_ROW_SQL, served_days
from mlops_drift.sql import identifier, literal, literals
from mlops_drift.store.lake import Scan
from mlops_drift.store.schemas import duckdb_type


def landed_rows(model: ModelContext, first: date, last: date) -> pa.Table:
    """The rows of the log that are the events of some days: of each key, the one that landed.

    With the columns of `predictions.<model>_served`; none of days before the service.
    """
    days, tables = served_days(model.spec, first, last), model.store.tables
    if days is None:
        return tables.served.schema.empty_table()
    first, last = days
    key = identifier(model.spec.key)
    # All others of these days are quarantined, with them or later.
    found = model.store.lake.query(
        f"""
        SELECT s.* FROM s JOIN events e ON e.day = s.day AND e.{key} = s.key
        ANTI JOIN (
            SELECT json_extract_string(row, '$.{SERVED_ROW}') AS name FROM q
            WHERE source = {literal(EVENTS)} AND row_day BETWEEN '{first}' AND '{last}'
        ) other ON other.name = {SERVED_ROW_SQL}
        -- What has come since they landed may be of the same keys.
        QUALIFY row_number() OVER (
            PARTITION BY s.day, s.key ORDER BY time, request_id, row_number
        ) = 1
        ORDER BY s.day, s.key
        """,
        s=Scan(tables.served, first, last),
        events=Scan(tables.events, first, last),
        q=Scan(tables.quarantined, first),
    )
    return found.cast(tables.served.schema)


def logged_features(model: ModelContext, first: date, last: date) -> pa.Table:
    """The features that the version was given, of the events whose record has all of them.

    Day, key and the declared columns.
    """
    names, key = list(model.spec.columns), identifier(model.spec.key)
    return model.store.lake.query(
        f"""
        SELECT day, key AS {key}, {given_columns(model, names)} FROM s
        WHERE list_has_all(json_keys(features), {literals(names)})
        """,
        s=landed_rows(model, first, last),
    )


def given_columns(model: ModelContext, aliases: Sequence[str]) -> str:
    """SQL of the columns that a version was given, of `features`, under other names."""
    names, schema = list(model.spec.columns), model.store.tables.features.schema
    wanted = literal(json.dumps(dict.fromkeys(names, "VARCHAR")))
    parsed = f"json_transform(features, {wanted})"
    return ", ".join(
        f"CAST(struct_extract({parsed}, {literal(name)}) AS "
        f"{duckdb_type(schema.field(name).type)}) AS {identifier(alias)}"
        for name, alias in zip(names, aliases, strict=True)
    )


def predict_days(model: ModelContext, first: date, last: date) -> Served:
    """Puts what was served on some days into the table of predictions.

    That is what the log of the service has of the versions themselves, whoever was champion; of
    days before it, and of a model without one, what the champion of the day predicts. What is
    there stays.
    """
    days = served_days(model.spec, first, last)
    if days is None:
        return score_days(model, first, last)
    logged = [_put_answers(model, *part) for part in parts(model, EVENTS, *days)]
    scored = score_days(model, first, days[0] - date.resolution) if first < days[0] else None
    found = [*logged, *([scored] if scored else [])]
    return Served(
        sum(one.rows for one in found),
        sum(one.added for one in found),
        tuple(sorted({version for one in found for version in one.versions})),
        sum(one.lacking for one in found),
    )


def _put_answers(model: ModelContext, first: date, last: date) -> Served:
    table, key = model.store.tables.predictions, identifier(model.spec.key)
    answers = model.store.lake.query(
        f"""
        SELECT day, version, key AS {key}, model_prediction AS prediction, score, probabilities
        FROM s WHERE version IS NOT NULL AND model_prediction IS NOT NULL
        """,
        s=landed_rows(model, first, last),
    ).cast(table.schema)
    if not answers.num_rows:
        return Served(0, 0, ())
    added = add_predictions(model, table, answers, first, last)
    return Served(answers.num_rows, added, tuple(answers["version"].unique().to_pylist()))
