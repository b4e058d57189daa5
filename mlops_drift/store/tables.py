"""The tables of one model: their names and schemas, declared once."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import pyarrow as pa

from mlops_drift.drift.measures import Measures
from mlops_drift.drift.metrics.registry import SHIPPED
from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.context import Coverage
from mlops_drift.schema.columns import Column, ColumnType, Target, source_columns
from mlops_drift.store.records import (
    DecisionRow,
    LandedFile,
    Promotion,
    Removal,
    RemovedDay,
    TrainingSetRecord,
    VersionRecord,
)
from mlops_drift.store.schemas import schema_of

DAY = pa.field("day", pa.date32(), nullable=False)

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "category": pa.string(),
}

# Ends the names of the tables about a challenger that waits.
SHADOW = "_shadow"

KeyType = Literal["integer", "text"]
KEY_TYPES: dict[KeyType, pa.DataType] = {"integer": pa.int64(), "text": pa.string()}


@dataclass(frozen=True)
class Table:
    """A Delta table: ``<schema>.<name>``, its Arrow schema and the columns that partition it."""

    name: str
    schema: pa.Schema
    partition_by: tuple[str, ...] = ("day",)

    @property
    def folder(self) -> str:
        """Path of the table below the lake's root.

        >>> Table("features.churn", pa.schema([DAY])).folder
        'features/churn'
        """
        return self.name.replace(".", "/", 1)


def label_type(target: Target) -> pa.DataType:
    """Labels and predictions are class names, or numbers for a regression."""
    return pa.string() if target.is_classification else pa.float64()


def column_fields(columns: Mapping[str, Column]) -> list[pa.Field]:
    """Columns as they are stored."""
    return [pa.field(name, ARROW_TYPES[column.type]) for name, column in columns.items()]


@dataclass(frozen=True)
class ModelTables:
    """All tables of one model."""

    events: Table
    labels: Table
    quarantined: Table
    received: Table
    features: Table
    predictions: Table
    shadow_predictions: Table
    profiles: Table
    checks: Table
    drift: Table
    shadow: Table
    files: Table
    label_coverage: Table
    training_sets: Table
    versions: Table
    removed_versions: Table
    removed_features: Table
    promotions: Table
    decisions: Table
    outbox: Table

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(vars(self).values())


def model_tables(
    model: str,
    key: str,
    key_type: KeyType,
    columns: Mapping[str, Column],
    target: Target,
    inputs: Mapping[str, Column] = MappingProxyType({}),
) -> ModelTables:
    """Declares the tables of the model ``model``.

    >>> target = Target(column="y", kind="regression")
    >>> columns = {"size": Column(type="number"), "rooms": Column(type="number", derived=True)}
    >>> tables = model_tables("price", "id", "text", columns, target)
    >>> tables.features.name, tables.features.schema.names
    ('features.price', ['day', 'id', 'event_time', 'size', 'rooms'])
    >>> tables.events.schema.names
    ['day', 'id', 'event_time', 'size']
    """
    key_field = pa.field(key, KEY_TYPES[key_type], nullable=False)
    label = label_type(target)
    moment = pa.field("event_time", pa.timestamp("us"))
    version = pa.field("version", pa.int64(), nullable=False)
    predictions = pa.schema(
        [
            DAY,
            version,
            key_field,
            pa.field("prediction", label, nullable=False),
            pa.field("score", pa.float64(), nullable=False),
        ]
    )
    return ModelTables(
        events=Table(
            f"landing.{model}_events",
            pa.schema([DAY, key_field, moment, *column_fields(source_columns(columns, inputs))]),
        ),
        labels=Table(
            f"landing.{model}_labels",
            pa.schema([DAY, key_field, pa.field(target.column, label, nullable=False)]),
        ),
        quarantined=Table(
            f"landing.{model}_quarantined",
            pa.schema(
                [
                    DAY,
                    pa.field("source", pa.string(), nullable=False),
                    pa.field("key", pa.string()),
                    pa.field("reason", pa.string(), nullable=False),
                    pa.field("row", pa.string(), nullable=False),
                    # The row's own day, which may have run already; null where none can be read.
                    pa.field("row_day", pa.date32()),
                ]
            ),
            partition_by=("day", "source"),
        ),
        received=Table(
            f"landing.{model}_received",
            pa.schema(
                [
                    DAY,
                    pa.field("source", pa.string(), nullable=False),
                    pa.field("row_day", pa.date32()),
                    pa.field("rows", pa.int64(), nullable=False),
                    pa.field("digest", pa.string()),
                    pa.field("stamp", pa.string()),
                    *(pa.field(name, pa.int64()) for name in ("gone", "total", "waiting")),
                    pa.field("note", pa.string()),
                ]
            ),
            partition_by=(),
        ),
        features=Table(
            f"features.{model}", pa.schema([DAY, key_field, moment, *column_fields(columns)])
        ),
        predictions=Table(f"predictions.{model}", predictions),
        shadow_predictions=Table(f"predictions.{model}{SHADOW}", predictions),
        profiles=Table(
            f"monitoring.{model}_profiles",
            pa.schema(
                [
                    DAY,
                    version,
                    pa.field("column", pa.string(), nullable=False),
                    pa.field("counts", pa.list_(pa.int64()), nullable=False),
                    pa.field("novelty", pa.list_(pa.int64()), nullable=False),
                    *(pa.field(name, pa.int64()) for name in ("below", "above", "sum", "squares")),
                    pa.field("minimum", pa.float64()),
                    pa.field("maximum", pa.float64()),
                ]
            ),
        ),
        checks=Table(
            f"monitoring.{model}_checks",
            # By asset too, as each writes the checks of its own.
            schema_of(CheckEvaluation).append(pa.field("asset", pa.string(), nullable=False)),
            partition_by=("day", "asset"),
        ),
        drift=Table(
            f"monitoring.{model}_drift",
            pa.schema(
                [
                    DAY,
                    version,
                    pa.field("column", pa.string(), nullable=False),
                    pa.field("window", pa.int64(), nullable=False),
                    pa.field("baseline", pa.string(), nullable=False),
                    pa.field("metric", pa.string(), nullable=False),
                    *(pa.field(name, pa.float64()) for name in SHIPPED),
                    *schema_of(Measures, without=("distances",)),
                ]
            ),
        ),
        shadow=Table(
            f"monitoring.{model}{SHADOW}",
            pa.schema(
                [
                    DAY,
                    pa.field("champion", pa.int64(), nullable=False),
                    pa.field("challenger", pa.int64(), nullable=False),
                    pa.field("since", pa.date32(), nullable=False),
                    pa.field("window", pa.int64(), nullable=False),
                    pa.field("production_day", pa.date32(), nullable=False),
                    pa.field("scored", pa.int64(), nullable=False),
                    pa.field("n", pa.int64(), nullable=False),
                    pa.field("metric", pa.string(), nullable=False),
                    *(
                        pa.field(name, pa.float64())
                        for name in (
                            *("champion_value", "challenger_value", "difference"),
                            *("lower", "upper", "disagreement"),
                            *("champion_score", "challenger_score"),
                        )
                    ),
                ]
            ),
        ),
        files=Table(
            f"landing.{model}_files", schema_of(LandedFile), partition_by=("day", "source")
        ),
        label_coverage=Table(f"monitoring.{model}_label_coverage", schema_of(Coverage)),
        training_sets=Table(
            f"training.{model}_sets", schema_of(TrainingSetRecord), partition_by=()
        ),
        versions=Table(f"training.{model}_versions", schema_of(VersionRecord), partition_by=()),
        removed_versions=Table(f"training.{model}_removed", schema_of(Removal), partition_by=()),
        removed_features=Table(f"landing.{model}_removed", schema_of(RemovedDay), partition_by=()),
        promotions=Table(f"training.{model}_promotions", schema_of(Promotion), partition_by=()),
        decisions=Table(f"monitoring.{model}_decisions", schema_of(DecisionRow), partition_by=()),
        outbox=Table(
            f"monitoring.{model}_outbox",
            pa.schema(
                [
                    pa.field("number", pa.int64(), nullable=False),
                    pa.field("id", pa.string(), nullable=False),
                    pa.field("kind", pa.string(), nullable=False),
                    DAY,
                    pa.field("title", pa.string(), nullable=False),
                    pa.field("body", pa.string(), nullable=False),
                    pa.field("sent", pa.bool_(), nullable=False),
                    pa.field("delivered", pa.list_(pa.string()), nullable=False),
                    pa.field("attempts", pa.int64(), nullable=False),
                    pa.field("error", pa.string()),
                ]
            ),
            partition_by=(),
        ),
    )
