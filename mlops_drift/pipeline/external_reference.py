"""The reference of an external model: a period of its own days, or a file; frozen once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import nan

import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.config.context import ModelContext
from mlops_drift.config.version_columns import VersionColumns
from mlops_drift.errors import UserError
from mlops_drift.learning.training_set import TrainingSet
from mlops_drift.monitors.measured import Measured, measure_metric
from mlops_drift.pipeline.destination import Destination, prediction_columns
from mlops_drift.pipeline.external_predictions import probabilities_sql, score_sql
from mlops_drift.pipeline.landing import quarantined_by_reason
from mlops_drift.pipeline.profiles import reference_of
from mlops_drift.pipeline.reference_days import period_of, reference_day
from mlops_drift.pipeline.scoring import ANSWER
from mlops_drift.pipeline.screening import screen_predictions
from mlops_drift.sources.base import Batch, Source, require_columns
from mlops_drift.sources.external import PREDICTION, SCORE, VERSION, ReferencePeriod
from mlops_drift.sources.predictions import ExternalSource
from mlops_drift.sql import identifier
from mlops_drift.store.lake import Scan
from mlops_drift.store.records import TrainingSetRecord, VersionRecord
from mlops_drift.store.tables import Table
from mlops_drift.store.training_sets import (
    IMPORTANCE,
    REFERENCE_FILES,
    TEST_PREDICTIONS,
    parquet_bytes,
)
from mlops_drift.store.write_once import canonical_json


class UnusableReferenceError(UserError):
    """The reference cannot be used; the message says why, and what would be right."""


@dataclass(frozen=True)
class Frozen:
    """A stored reference: its set, the baseline that each version gets, and what was reached.

    Of rows without a label only features and predictions count. The description is that of the
    columns that it has, as of `VersionRecord`.
    """

    set_id: str
    files: Mapping[str, bytes]
    rows: int
    test: Measured
    description: str | None


def freeze_reference(model: ModelContext, source: Source) -> Frozen:
    """Stores the reference as it is known on its day, or gives the one that is stored.

    Raises:
        SourceError: if the file of the reference cannot be used.
        UnusableReferenceError: if the period has no event with a prediction.
    """
    spec, sets = model.spec, model.store.training_sets
    period = period_of(spec)
    if period is None:
        if not isinstance(source, ExternalSource):
            raise TypeError(f"the predictions of {spec.name} are made here")
        return _frozen(model, _rows_of_file(model, source))
    as_of = reference_day(spec)
    stored = {
        record.training_set
        for record in sets.records()
        if (record.as_of, record.since, record.last_day) == (as_of, period.first, period.last)
    }
    for version in model.store.versions.all():
        if version.training_set in stored:
            return _stored(model, version)
    found = _frozen(model, _rows_of_period(model, period, as_of))
    days = as_of, period.first, period.first, period.last
    rows = found.rows - found.test.n, found.test.n
    tables, lake = model.store.tables, model.store.lake
    commits = lake.last_commit(tables.features), lake.last_commit(tables.labels)
    sets.add_record(TrainingSetRecord(found.set_id, *days, *rows, *commits))
    return found


def _stored(model: ModelContext, record: VersionRecord) -> Frozen:
    sets, stored = model.store.training_sets, (record.training_set, record.version)
    names = (*REFERENCE_FILES, IMPORTANCE, TEST_PREDICTIONS)
    files = {name: sets.read_baseline(*stored, name) for name in names}
    test = Measured(record.value, record.lower, record.upper, record.n_test)
    return Frozen(record.training_set, files, record.rows, test, record.description)


def _rows_of_period(model: ModelContext, period: ReferencePeriod, as_of: date) -> pa.Table:
    """Features and predictions of the events of the period, with the labels known by then."""
    tables, key = model.store.tables, identifier(model.spec.key)
    label, first, last = identifier(model.spec.target.column), period.first, period.last
    found = model.store.lake.query(
        f"""
        WITH known AS (SELECT {key}, arg_max({label}, day) AS {label} FROM l GROUP BY {key})
        SELECT f.*, known.{label}, p.prediction, p.score, p.probabilities
        FROM f JOIN p USING (day, {key}) SEMI JOIN arrived USING ({key})
        LEFT JOIN known USING ({key}) ORDER BY f.day, f.{key}
        """,
        f=Scan(tables.features, first, last),
        p=Scan(tables.predictions, first, last),
        arrived=Scan(tables.landed_predictions, until=as_of),
        l=Scan(tables.labels, first, as_of),
    )
    if not found.num_rows:
        raise UnusableReferenceError(
            f"the reference of {model.spec.name}, {first} to {last}, has no event with a "
            "prediction; choose other days under model.reference"
        )
    return found


def _rows_of_file(model: ModelContext, source: ExternalSource) -> pa.Table:
    """The rows of the file, which all must meet the declared constraints."""
    spec, tables, day = model.spec, model.store.tables, model.spec.start_date - timedelta(days=1)
    part, target = source.reference_rows(day), spec.target
    label = {target.column: target.labels.model_copy(update={"nullable": True})}
    answers = {n: one for n, one in prediction_columns(spec).items() if n != VERSION}
    needed = [spec.key, *spec.columns, *answers]
    require_columns(part, needed, needed, "add it to the file, or correct model.reference.path")
    landed = tables.landed_predictions.schema
    fields = [*tables.features.schema, pa.field(target.column, landed.field(PREDICTION).type)]
    schema = pa.schema([*fields, *(landed.field(name) for name in answers)])
    columns = {**spec.columns, **label, **answers}
    table = Table("reference", schema)
    lake = model.store.lake
    to = Destination(lake, tables, table, "predictions", spec.key, columns, day)
    screened = screen_predictions(to, Batch((part,)), day, day)
    if wrong := quarantined_by_reason(screened.quarantined):
        [(reason, count), *_] = sorted(wrong.items(), key=lambda item: -item[1])
        raise UnusableReferenceError(
            f"model.reference.path {part.place}: {screened.quarantined.num_rows} of "
            f"{part.rows.num_rows} rows break a constraint, {count} of them {reason}; correct the "
            "file"
        )
    if not screened.accepted.num_rows:
        raise UnusableReferenceError(f"model.reference.path {part.place}: the file has no row")
    names = ", ".join(f"p.{identifier(field.name)}" for field in fields)
    return model.store.lake.query(
        f"SELECT {names}, p.prediction, {score_sql(spec)} AS score, "
        f"{probabilities_sql(spec)} AS probabilities FROM p ORDER BY p.{identifier(spec.key)}",
        p=screened.accepted,
    )


def _frozen(model: ModelContext, rows: pa.Table) -> Frozen:
    """Stores rows as a set, with what each version is compared with."""
    spec, target = model.spec, model.spec.target
    schema = model.store.tables.predictions.schema
    has_label = pc.is_valid(rows[target.column])
    of_set = rows.select([*model.store.tables.features.schema.names, target.column])
    stored = TrainingSet(of_set.filter(pc.invert(has_label)), of_set.filter(has_label))
    answers = pa.table(
        {name: rows[name].cast(schema.field(name).type) for name in (spec.key, *ANSWER)}
    )
    tested = answers.filter(has_label).append_column(target.column, stored.test[target.column])
    frame, test = tested.to_pandas(), Measured(nan, nan, nan, 0)
    if tested.num_rows:
        truth, prediction, score = (
            frame[name].to_numpy() for name in (target.column, PREDICTION, SCORE)
        )
        training = spec.training
        test = measure_metric(training.metric, target, truth, prediction, score, training.seed)
    files = {
        **reference_of(spec, of_set, stored.test, answers).to_files(),
        # Of a model that is elsewhere nobody knows what its skill rests on.
        IMPORTANCE: canonical_json({}),
        TEST_PREDICTIONS: parquet_bytes(tested),
    }
    set_id = model.store.training_sets.write(stored)
    return Frozen(
        set_id,
        files,
        rows.num_rows,
        test,
        VersionColumns.of(spec).model_dump_json(exclude_defaults=True),
    )
