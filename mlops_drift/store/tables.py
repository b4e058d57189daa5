"""The tables of one model: their names and schemas, declared once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Literal, NamedTuple

import pyarrow as pa

from mlops_drift.drift.column_profile import ColumnProfile
from mlops_drift.drift.measures import Measures
from mlops_drift.drift.metrics.registry import SHIPPED
from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.schema.columns import Column, ColumnType, Target, source_columns
from mlops_drift.sources.external import PREDICTION, SCORE, score_of, scored_classes
from mlops_drift.sources.external import VERSION as VERSION_NAME
from mlops_drift.store import descriptions
from mlops_drift.store.records import (
    DecisionRow,
    ExternalVersion,
    LabelArrivals,
    LandedColumn,
    LandedFile,
    Promotion,
    QuarantinedRow,
    QueuedMessage,
    Received,
    Removal,
    RemovedDay,
    Shadow,
    TrainingSetRecord,
    VersionRecord,
    WindowComparison,
)
from mlops_drift.store.schemas import columns_of, schema_of

DAY, VERSION = columns_of(day=date, version=int)

# Ends the names of the tables about a challenger that waits.
SHADOW = "_shadow"
# Ends the name of the table of what a service has answered.
SERVED = "_served"

KeyType = Literal["integer", "text"]

_TYPES: dict[ColumnType | KeyType, type] = {
    "number": float,
    "integer": int,
    "boolean": bool,
    "category": str,
    "text": str,
}


class UserColumn(NamedTuple):
    """A column of the user: its name in the YAML, and the digest of what derives it, if anything.

    Where one is derived otherwise, or has another type, it is another column.
    """

    name: str
    derivation: str = ""


@dataclass(frozen=True)
class Table:
    """A Delta table: ``<schema>.<name>``, its Arrow schema, and what tells its files apart.

    `about` says what columns mean that are not the user's, where an asset shows the table. Of the
    columns `bounds` each file has its lowest and highest value on record: a query opens
    only the files that may hold what it asks for.

    Attributes:
        columns: those of the user, which may change, by their names here; see `stored_names`.
    """

    name: str
    schema: pa.Schema
    bounds: tuple[str, ...] = ("day",)
    about: descriptions.Descriptions = field(default_factory=dict, compare=False)
    columns: Mapping[str, UserColumn] = field(default_factory=dict, hash=False)

    @property
    def has_days(self) -> bool:
        """Whether the table grows day by day."""
        return "day" in self.bounds

    def with_columns(self, further: Mapping[str, tuple[UserColumn, Column]]) -> "Table":
        """This table with further columns of the user, by their names here."""
        if not further:
            return self
        fields = column_fields({name: column for name, (_, column) in further.items()})
        names = {name: user for name, (user, _) in further.items()}
        return replace(
            self, schema=pa.schema([*self.schema, *fields]), columns={**self.columns, **names}
        )

    @property
    def folder(self) -> str:
        """Path of the table below the lake's root, such as `features/churn`."""
        return self.name.replace(".", "/", 1)


def column_fields(columns: Mapping[str, Column]) -> list[pa.Field]:
    """Columns as they are stored."""
    return list(columns_of(**{name: _TYPES[it.type] | None for name, it in columns.items()}))


class ModelTables(NamedTuple):
    """All tables of one model."""

    events: Table
    labels: Table
    quarantined: Table
    received: Table
    landed_predictions: Table
    features: Table
    predictions: Table
    shadow_predictions: Table
    served: Table
    profiles: Table
    checks: Table
    drift: Table
    shadow: Table
    files: Table
    columns: Table
    label_arrivals: Table
    training_sets: Table
    versions: Table
    external_versions: Table
    removed_versions: Table
    removed_features: Table
    promotions: Table
    decisions: Table
    outbox: Table


def model_tables(
    model: str,
    key: str,
    key_type: KeyType,
    columns: Mapping[str, Column],
    target: Target,
    inputs: Mapping[str, Column] = MappingProxyType({}),
    derivation: str = "",
) -> ModelTables:
    """Declares the tables of the model ``model``; the derivation is the digest of features.sql.

    >>> target = Target(column="y", kind="regression")
    >>> columns = {"size": Column(type="number"), "rooms": Column(type="number", derived=True)}
    >>> model_tables("price", "id", "text", columns, target).events.schema.names
    ['day', 'id', 'event_time', 'size']
    """
    landing, training, monitoring = (f"{s}.{model}_" for s in ("landing", "training", "monitoring"))
    label = float if target.kind == "regression" else str
    keys = columns_of(day=date, **{key: _TYPES[key_type]})
    events = [*keys, *columns_of(event_time=datetime | None)]
    scored = columns_of(prediction=label, score=float, probabilities=tuple[float, ...] | None)
    predictions = pa.schema([DAY, VERSION, keys.field(key), *scored])
    return ModelTables(
        events=Table(
            f"{landing}events",
            pa.schema([*events, *column_fields(source_columns(columns, inputs))]),
            about=descriptions.EVENTS,
            columns={name: UserColumn(name) for name in source_columns(columns, inputs)},
        ),
        labels=Table(
            f"{landing}labels",
            pa.schema([*keys, *columns_of(**{target.column: label})]),
            about=descriptions.LABELS,
        ),
        landed_predictions=Table(
            f"{landing}predictions",
            pa.schema([*events, *_landed_answer(label, target)]),
            about=descriptions.PREDICTIONS,
        ),
        quarantined=Table(f"{landing}quarantined", schema_of(QuarantinedRow), ("day", "source")),
        received=Table(f"{landing}received", schema_of(Received), ()),
        features=Table(
            f"features.{model}",
            pa.schema([*events, *column_fields(columns)]),
            about=descriptions.EVENTS,
            columns={
                name: UserColumn(name, derivation if column.derived else "")
                for name, column in columns.items()
            },
        ),
        predictions=Table(f"predictions.{model}", predictions, about=descriptions.PREDICTIONS),
        shadow_predictions=Table(f"predictions.{model}{SHADOW}", predictions),
        served=Table(
            f"predictions.{model}{SERVED}",
            _served(_TYPES[key_type], label),
            about=descriptions.SERVED,
        ),
        profiles=Table(
            f"{monitoring}profiles",
            pa.schema([DAY, VERSION, *columns_of(column=str), *schema_of(ColumnProfile)]),
        ),
        # By asset too, as each writes the checks of its own.
        checks=Table(
            f"{monitoring}checks",
            pa.schema([*schema_of(CheckEvaluation), *columns_of(asset=str)]),
            ("day", "asset"),
            descriptions.CHECKS,
        ),
        drift=Table(
            f"{monitoring}drift",
            pa.schema(
                [
                    *(DAY, VERSION),
                    *columns_of(column=str, window=int, baseline=str, metric=str),
                    *columns_of(**dict.fromkeys(SHIPPED, float | None)),
                    *schema_of(Measures, without=("distances",)),
                ]
            ),
            about=descriptions.DRIFT,
        ),
        shadow=Table(
            f"monitoring.{model}{SHADOW}",
            pa.schema([DAY, *schema_of(Shadow), *schema_of(WindowComparison)]),
        ),
        files=Table(f"{landing}files", schema_of(LandedFile), ("day", "source")),
        columns=Table(f"{landing}columns", schema_of(LandedColumn), ()),
        label_arrivals=Table(f"{monitoring}label_arrivals", schema_of(LabelArrivals)),
        training_sets=Table(f"{training}sets", schema_of(TrainingSetRecord), ()),
        versions=Table(f"{training}versions", schema_of(VersionRecord), (), descriptions.VERSIONS),
        external_versions=Table(f"{training}external", schema_of(ExternalVersion), ()),
        removed_versions=Table(f"{training}removed", schema_of(Removal), ()),
        removed_features=Table(f"{landing}removed", schema_of(RemovedDay), ()),
        promotions=Table(
            f"{training}promotions",
            schema_of(Promotion),
            (),
            descriptions.PROMOTIONS,
        ),
        decisions=Table(
            f"{monitoring}decisions",
            schema_of(DecisionRow),
            (),
            descriptions.DECISIONS,
        ),
        outbox=Table(f"{monitoring}outbox", schema_of(QueuedMessage), ()),
    )


def _landed_answer(label: type, target: Target) -> pa.Schema:
    """What a prediction that was made elsewhere says, as it arrived."""
    scores = dict.fromkeys(map(score_of, scored_classes(target)), float | None)
    return columns_of(**{PREDICTION: label, SCORE: float | None, VERSION_NAME: str, **scores})


def _served(key: type, label: type) -> pa.Schema:
    """What a service has answered, row by row.

    The day is that of `event_time` in the model's time zone, `time` when it was answered; `row` and
    `features` are JSON, `model_prediction`, `score` and `probabilities` of the version alone.
    """
    return columns_of(
        day=date,
        request_id=str,
        row_number=int,
        time=datetime,
        event_time=datetime,
        key=key,
        version=int | None,
        served_by=str,
        reason=str | None,
        arm=str,
        prediction=label,
        model_prediction=label | None,
        score=float | None,
        probabilities=tuple[float, ...] | None,
        row=str,
        features=str | None,
    )
