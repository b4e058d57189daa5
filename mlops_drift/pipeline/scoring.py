"""Predictions: of a version's pipeline for a table of features, and of the days in production."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.pipeline.parts import parts
from mlops_drift.registry.base import VersionRegistry
from mlops_drift.sql import identifier
from mlops_drift.store.lake import Scan
from mlops_drift.store.tables import Table

if TYPE_CHECKING:
    from mlops_drift.learning.metrics.base import Array
    from mlops_drift.learning.probabilities import Predicted

BATCH = 100_000

# What a version says of a row.
ANSWER = ("prediction", "score", "probabilities")


@dataclass(frozen=True)
class Served:
    """How many predictions some days have, how many of them are new, and by which versions.

    Attributes:
        lacking: events without a prediction, as they lack a value that the version needs.
    """

    rows: int
    added: int
    versions: tuple[int, ...]
    lacking: int = 0


def predict_table(
    spec: ModelSpec, registry: VersionRegistry, version: int, features: pa.Table
) -> pa.Table:
    """A version's predictions: key, prediction, score and probabilities, in the order of the rows.

    The columns of the description are those of the version, see `ModelContext.of_version`. They are
    made by the compiled form where that is proven, else by the pipeline.
    """
    fields = spec.tables.predictions.schema
    schema = pa.schema([fields.field(name) for name in (spec.key, *ANSWER)])
    if features.num_rows == 0:
        return schema.empty_table()
    predicted, wanted = _predictor(spec, registry, version), features.select(list(spec.columns))
    # Whatever a day holds, so many rows are in memory as Python objects.
    starts = range(0, features.num_rows, BATCH)
    parts = [predicted(wanted.slice(start, BATCH)) for start in starts]
    columns = {
        "prediction": [pa.array(part.prediction) for part in parts],
        "score": [pa.array(part.score) for part in parts],
        "probabilities": [_lists(part.probabilities, len(part.score)) for part in parts],
    }
    answers = {name: pa.chunked_array(chunks) for name, chunks in columns.items()}
    return pa.table({spec.key: features[spec.key], **answers}, schema=schema)


def _predictor(
    spec: ModelSpec, registry: VersionRegistry, version: int
) -> "Callable[[pa.Table], Predicted]":
    form = registry.proven_form(spec.name, version)
    if form is not None:
        from mlops_drift.learning.compiled.tables import TableScorer

        return TableScorer(form, spec.target).predicted
    from mlops_drift.learning.families.base import predicted

    pipeline = registry.pipeline(spec.name, version)
    return lambda rows: predicted(pipeline, spec.target, rows.to_pandas())


def _lists(probabilities: "Array | None", rows: int) -> pa.Array:
    """A list of each row."""
    if probabilities is None:
        return pa.nulls(rows, pa.list_(pa.float64()))
    offsets = pa.array(range(0, probabilities.size + 1, probabilities.shape[1]), pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.array(probabilities.ravel()))


def score_days(model: ModelContext, first: date, last: date) -> Served:
    """Scores the days `first` to `last`, each by the champion that served it.

    What was served stays: only events without a prediction of that version get one.
    """
    serving = model.store.versions.champions(first, last)
    versions = {day: champion.version for day, champion in serving.items() if champion}
    return score_by(model, model.store.tables.predictions, versions)


def score_by(model: ModelContext, table: Table, versions: Mapping[date, int]) -> Served:
    """Scores days, each by the version named, into a table of predictions.

    What is there stays: only events without a prediction of that version get one. It is made of the
    columns that the version knows; an event without a value of one that it knows as never missing
    has none.
    """
    if not versions:
        return Served(0, 0, ())
    numbers = sorted(set(versions.values()))
    model.store.versions.require_kept(numbers)
    found = []
    for first, last in parts(model, "events", min(versions), max(versions)):
        mine = {day: one for day, one in versions.items() if first <= day <= last}
        if mine:
            found.append(_score(model, table, mine))
    rows, added, lacking = map(sum, zip(*found, strict=True))
    return Served(rows, added, tuple(numbers), lacking)


def _score(model: ModelContext, table: Table, versions: Mapping[date, int]) -> tuple[int, int, int]:
    """Scores days as `score_by` does: how many rows they have, are new, and could not be scored."""
    scored, lacking = [], 0
    for version in sorted(set(versions.values())):
        known = model.of_version(version)
        days = [day for day in versions if versions[day] == version]
        scan = Scan(known.store.tables.features, min(days), max(days))
        features = model.store.lake.read(scan)
        mine = features.filter(pc.is_in(features["day"], value_set=pa.array(days, pa.date32())))
        rows = scorable(known.spec, mine)
        lacking += mine.num_rows - rows.num_rows
        predicted = predict_table(known.spec, model.registry, version, rows)
        number = pa.array([version] * rows.num_rows, pa.int64())
        predicted = predicted.append_column("day", rows["day"]).append_column("version", number)
        scored.append(predicted.select(table.schema.names))
    fresh = pa.concat_tables(scored)
    added = add_predictions(model, table, fresh, min(versions), max(versions))
    return fresh.num_rows, added, lacking


def scorable(spec: ModelSpec, features: pa.Table) -> pa.Table:
    """The rows that have a value of each column that is never to be missing."""
    for name, column in spec.columns.items():
        if not column.nullable and features[name].null_count:
            features = features.filter(features[name].is_valid())
    return features


def add_predictions(
    model: ModelContext, table: Table, fresh: pa.Table, first: date, last: date
) -> int:
    """Adds predictions of some days that are not there, and says how many that were."""
    store, added, key = model.store, 0, identifier(model.spec.key)

    def build(existing: pa.Table) -> pa.Table | None:
        nonlocal added
        new = store.lake.query(
            f"SELECT * FROM fresh ANTI JOIN existing USING (day, version, {key})",
            fresh=fresh,
            existing=existing,
        ).cast(table.schema)
        added = new.num_rows
        return pa.concat_tables([existing, new]) if added else None

    store.lake.rewrite(Scan(table, first, last), build)
    return added
