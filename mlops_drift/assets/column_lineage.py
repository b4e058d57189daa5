"""Which columns the columns of a table are made of, as Dagster's catalog has it."""

from collections.abc import Iterable, Mapping

import dagster as dg

from mlops_drift.assets.common import (
    EVENTS,
    FEATURES,
    LABELS,
    PREDICTIONS,
    Metadata,
    asset_key,
)
from mlops_drift.config.spec import ModelSpec
from mlops_drift.sources.external import PREDICTION, SCORE, score_of, scored_classes
from mlops_drift.store import sealed

# What features.sql names, and the asset that it reads there.
_READ = {sealed.EVENTS: EVENTS, sealed.PAST_EVENTS: EVENTS, sealed.PAST_LABELS: LABELS}


def of_features(spec: ModelSpec) -> Metadata:
    """Columns of the source come from events; derived ones from all that features.sql reads."""
    tables = {EVENTS: spec.tables.events, LABELS: spec.tables.labels}
    derivation = spec.derivation
    read = {_READ[name] for name in derivation.reads} if derivation else set()
    derived = [(asset, name) for asset in sorted(read) for name in tables[asset].schema.names]
    return _lineage(
        spec,
        {
            name: derived if name in spec.derived_columns else [(EVENTS, name)]
            for name in spec.tables.features.schema.names
        },
    )


def of_predictions(spec: ModelSpec) -> Metadata:
    """The key comes from the features, the answer from all of them."""
    given = ["day", spec.key]
    answered = [(FEATURES, name) for name in spec.columns]
    return _lineage(
        spec,
        {
            name: [(FEATURES, name)] if name in given else answered
            for name in spec.tables.predictions.schema.names
            if name != "version"
        },
    )


def of_external_predictions(spec: ModelSpec) -> Metadata:
    """The day comes from the events, the answer from what arrived."""
    landed = {
        "score": [PREDICTION, SCORE],
        "probabilities": list(map(score_of, scored_classes(spec.target))),
    }
    return _lineage(
        spec,
        {
            name: [(EVENTS, name)]
            if name == "day"
            else [(PREDICTIONS, one) for one in landed.get(name, [name])]
            for name in spec.tables.predictions.schema.names
        },
    )


def _lineage(spec: ModelSpec, made_of: Mapping[str, Iterable[tuple[str, str]]]) -> Metadata:
    lineage = {
        column: [dg.TableColumnDep(asset_key(spec, asset), name) for asset, name in columns]
        for column, columns in made_of.items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(lineage)}
