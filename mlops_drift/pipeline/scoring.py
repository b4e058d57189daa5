"""Predictions: of a version's pipeline for a table of features, and of the days in production."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError
from mlops_drift.pipeline.logged import description_of
from mlops_drift.registry.base import VersionRegistry
from mlops_drift.sql import identifier
from mlops_drift.store.lake import Scan
from mlops_drift.store.tables import Table


class ColumnsError(UserError):
    """A version knows other columns than the model now declares; the message says which."""


@dataclass(frozen=True)
class Served:
    """What the predictions of some days are.

    Attributes:
        rows: predictions of these days by the versions that score them.
        added: those of them that were not there before.
        versions: the scoring versions.
    """

    rows: int
    added: int
    versions: tuple[int, ...]


def predict_table(
    spec: ModelSpec, registry: VersionRegistry, version: int, features: pa.Table
) -> pa.Table:
    """Predictions of a version.

    Args:
        spec: the model.
        registry: holds the pipeline.
        version: number of the version.
        features: rows with the key and the feature columns.

    Returns:
        key, prediction, score, in the order of the rows.
    """
    from mlops_drift.learning.families.base import predict

    schema = spec.tables.predictions.schema
    fields = [schema.field(name) for name in (spec.key, "prediction", "score")]
    if features.num_rows == 0:
        return pa.schema(fields).empty_table()
    frame = features.select(list(spec.columns)).to_pandas()
    predicted = predict(registry.pipeline(spec.name, version), spec.target, frame)
    return pa.table(
        {
            spec.key: features[spec.key],
            "prediction": pa.array(predicted["prediction"], fields[1].type),
            "score": pa.array(predicted["score"], pa.float64()),
        },
        schema=pa.schema(fields),
    )


def score_days(model: ModelContext, first: date, last: date) -> Served:
    """Scores the days `first` to `last`, each by the champion that served it.

    What was served stays: only events without a prediction of that version get one.
    """
    serving = model.store.versions.champions(first, last)
    versions = {day: champion.version for day, champion in serving.items() if champion}
    return score_by(model, model.store.tables.predictions, versions)


def score_by(
    model: ModelContext,
    table: Table,
    versions: Mapping[date, int],
) -> Served:
    """Scores days, each by the version named, into a table of predictions.

    What is there stays: only events without a prediction of that version get one.

    Raises:
        ColumnsError: if a version was trained on other columns.
    """
    store = model.store
    if not versions:
        return Served(0, 0, ())
    store.versions.require_kept(versions.values())
    for version in sorted(set(versions.values())):
        _require_its_columns(model.spec, model.registry, version)
    first, last = min(versions), max(versions)
    features = store.lake.read(Scan(store.tables.features, first, last))
    fresh = _predictions(model, features, versions)
    added = 0

    key = identifier(model.spec.key)

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
    return Served(fresh.num_rows, added, tuple(sorted(set(versions.values()))))


def _require_its_columns(spec: ModelSpec, registry: VersionRegistry, version: int) -> None:
    then = description_of(registry, spec.name, version).columns
    known = {name: column.type for name, column in then.items()}
    declared = {name: column.type for name, column in spec.columns.items()}
    if known == declared:
        return
    changed = {
        "without": sorted(known.keys() - declared),
        "with": sorted(declared.keys() - known),
        "with another type of": sorted(
            n for n in known.keys() & declared if known[n] != declared[n]
        ),
    }
    changes = ", ".join(f"{how} {', '.join(names)}" for how, names in changed.items() if names)
    raise ColumnsError(
        f"{spec.name} is now described {changes}, but version {version}, which serves or waits, "
        f"was trained on {', '.join(known)}: it cannot score these features. Revert the columns, "
        "or describe a model of another name, which trains beside this one"
    )


def _predictions(
    model: ModelContext,
    features: pa.Table,
    versions: Mapping[date, int],
) -> pa.Table:
    schema = model.store.tables.predictions.schema
    parts = []
    for version in sorted(set(versions.values())):
        days = pa.array([day for day in versions if versions[day] == version], pa.date32())
        rows = features.filter(pc.is_in(features["day"], value_set=days))
        predicted = predict_table(model.spec, model.registry, version, rows)
        parts.append(
            predicted.append_column("day", rows["day"])
            .append_column("version", pa.array([version] * rows.num_rows, pa.int64()))
            .select(schema.names)
            .cast(schema)
        )
    return pa.concat_tables(parts)
