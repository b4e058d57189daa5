"""The typed description of a model: the content of its YAML."""

import hashlib
import json
import re
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from mlops_drift.config.external import optional_training, require_fit, without_training
from mlops_drift.config.judgeable import require_judgeable
from mlops_drift.config.names import require_usable
from mlops_drift.config.online import Online
from mlops_drift.config.upstream import AssetKeys, Automation, require_upstream
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.metrics.registry import bin_metrics, drift_metric
from mlops_drift.learning.config import Training
from mlops_drift.learning.gates.config import Gates, require_fitting
from mlops_drift.learning.metrics.registry import metric_for
from mlops_drift.monitors.config import PerformanceMonitor
from mlops_drift.monitors.registry import Monitors, require_checks
from mlops_drift.notifications.config import Notifications
from mlops_drift.policy.config import RetrainingPolicy
from mlops_drift.policy.retention import Lookback, Retention, lookback_of, require_within_lookback
from mlops_drift.schema.columns import Column, Target, source_columns
from mlops_drift.schema.fields import Distinct, Name, Owner, Strict
from mlops_drift.serving.rules.config import FallbackRules
from mlops_drift.sources import base
from mlops_drift.sources.external import ExternalModel, ModelKind, TrainedModel
from mlops_drift.sources.predictions import opened
from mlops_drift.sources.registry import Source
from mlops_drift.store.derivation import Derivation
from mlops_drift.store.tables import SERVED, SHADOW, KeyType, ModelTables, model_tables


class ModelSpec(Strict):
    """A monitored model: data, training, gates, monitors and policy.

    Every field can be set in the model's `defs.yaml` under `attributes`.
    """

    name: str = Field(description="Name of the model: lower case, digits and underscores.")
    description: str = Field("", description="What the model predicts, and for whom.")
    owners: Annotated[list[Owner], Distinct] = Field(
        [],
        description="Who is responsible, as Dagster shows it on every asset: addresses of e-mail, "
        "or teams such as team:risk.",
    )
    start_date: date = Field(description="First day of events.")
    end_date: date | None = Field(
        None, description="Last day; without one the daily schedule never ends."
    )
    source: Source = Field(description="Where events and labels come from.")
    deps: AssetKeys = Field(
        [],
        description="Assets of your own project that events and labels rest on, each as raw/orders "
        "or [raw, orders]: lineage reaches to them. A day depends on their partitions of that day.",
    )
    automation: Automation = Field(
        "clock",
        description="What starts the run of a day in Dagster. clock: an hour after its end. "
        "upstream: that all of deps are there, with their partitions of the day, or, without "
        "partitions, materialized after its end.",
    )
    key: Name = Field(description="The column that identifies an event and its label.")
    key_type: KeyType = Field("text", description="integer or text.")
    columns: dict[Name, Column] = Field(
        min_length=1,
        description="The feature columns, which the model sees, with their constraints.",
    )
    inputs: dict[Name, Column] = Field(
        {}, description="Further columns of the source, which only features.sql reads."
    )
    features_sql: str = Field(
        "",
        description="SQL that makes the derived columns; usually the file features.sql beside "
        "defs.yaml. It reads `events` (those of one day), `past_events` and `past_labels` (those "
        "of the `history_days` days before), and gives the key and every derived column for each "
        "event.",
    )
    history_days: int = Field(
        0, ge=0, description="How many days before an event features.sql may look at."
    )
    online: Online | None = Field(
        None,
        description="How features.sql sees the past of a single event; needed to serve a model "
        "whose features.sql reads past_events or past_labels.",
    )
    target: Target = Field(description="What the model predicts.")
    model: ModelKind = Field(
        TrainedModel(kind="trained"),
        description="Whether versions are trained here, or predictions are made elsewhere.",
    )
    training: Training = Field(
        description="How a version is searched and trained; an external model has none."
    )
    gates: Gates = Field(
        description="What a challenger must show before it is promoted; an external model has none."
    )
    monitors: Monitors = Field(default_factory=Monitors, description="The daily checks.")
    policy: RetrainingPolicy = Field(
        default_factory=RetrainingPolicy, description="What a failed check leads to."
    )
    rules: FallbackRules | None = Field(
        None, description="When rules answer in the place of a version that serves, and what."
    )
    notifications: Notifications = Field(
        default_factory=Notifications, description="Who gets which messages."
    )
    retention: Retention = Field(
        default_factory=Retention, description="What a cleanup may remove, and when."
    )

    model_config = ConfigDict(json_schema_extra=optional_training)

    @model_validator(mode="before")
    @classmethod
    def _external_models_have_no_training(cls, described: Any) -> Any:
        return without_training(described)

    @field_validator("name")
    @classmethod
    def _name_is_an_identifier(cls, name: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            allowed = "lower-case letters, digits and underscores, beginning with a letter"
            raise ValueError(f"found {name!r}; use {allowed}")
        if name.endswith(SHADOW):
            raise ValueError(
                f"found {name!r}; predictions.{name} holds what a challenger of "
                f"{name.removesuffix(SHADOW)!r} scores while it waits; choose another ending"
            )
        if name.endswith(SERVED):
            raise ValueError(
                f"found {name!r}; predictions.{name} holds what a service of "
                f"{name.removesuffix(SERVED)!r} answers; choose another ending"
            )
        return name

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        names = [self.key, *self.columns, *self.inputs, self.target.column]
        for name in names:
            require_usable(name)
        if len({name.lower() for name in names}) != len(names):
            raise ValueError(
                "key, columns, inputs and target.column must all differ, by more than upper and "
                f"lower case, found {', '.join(names)}"
            )
        require_upstream(self.name, self.deps, self.automation)
        if self.end_date is not None and self.end_date < self.start_date:
            raise ValueError(f"end_date {self.end_date} is before start_date {self.start_date}")
        self._derived_columns_fit_sql()
        metric_for(self.training.metric, self.target.kind)
        self.training.require_fit(self.target)
        if self.external is None:
            require_fitting(self.gates, self.target, self.columns)
            require_judgeable(self.policy, self.training, self.gates)
            if self.policy.action is not None:
                raise ValueError("policy.action is for an external model; this one is trained here")
        else:
            require_fit(self, self.external)
        self._columns_divide("gates.slices", self.gates.slices)
        self._drift_monitor_fits(self.monitors.drift)
        self._performance_monitor_fits(self.monitors.performance)
        require_checks(self.monitors, self.policy.retrain_on)
        if self.rules is not None:
            self.rules.plain(self.columns | self.inputs, self.target)
        require_within_lookback(self.retention, self.lookback)
        return self

    def _derived_columns_fit_sql(self) -> None:
        if wrong := [name for name, column in self.inputs.items() if column.derived]:
            raise ValueError(
                f"inputs are columns of the source, found the derived {', '.join(wrong)}; move "
                "what the model sees to columns"
            )
        if self.derived_columns:
            _ = self.features_sql and self.derivation
        elif self.features_sql or self.inputs or self.history_days:
            raise ValueError(
                "features.sql, inputs and history_days need a derived column; mark what "
                "features.sql makes with derived: true"
            )
        if self.online is not None:
            self._entity_fits(self.online.entity)

    def _entity_fits(self, entity: str) -> None:
        if not self.history_days:
            raise ValueError(
                f"online.entity {entity!r} restricts past_events and past_labels, which are empty; "
                "set history_days, or leave online out"
            )
        fitting = [name for name, it in self.source_columns.items() if it.type != "number"]
        if entity not in fitting:
            raise ValueError(
                f"online.entity names {entity!r}; the columns of the source and the inputs that "
                "can tell an entity (category, boolean, integer) are "
                f"{', '.join(fitting) or 'missing'}"
            )

    def _drift_monitor_fits(self, monitor: DriftMonitor) -> None:
        if unknown := set(monitor.columns) - set(self.monitored_columns):
            raise ValueError(
                f"monitors.drift.columns names {', '.join(sorted(unknown))}; "
                f"the columns are {', '.join(self.monitored_columns)}"
            )
        for name, own in monitor.columns.items():
            needs_values = own.metric and drift_metric(own.metric).needs_values
            if needs_values and not self.is_number(name):
                raise ValueError(
                    f"monitors.drift.columns.{name}.metric is {own.metric}, which needs numbers; "
                    f"use {bin_metrics()}"
                )
        self._columns_divide("monitors.drift.segments", monitor.segments)

    def _performance_monitor_fits(self, monitor: PerformanceMonitor) -> None:
        self._columns_divide("monitors.performance.slices", monitor.slices)
        business, where = monitor.business, "monitors.performance.business"
        if business is None:
            return
        if not self.target.is_classification:
            if business.per_error is None or business.outcomes:
                raise ValueError(f"{where} of a regression needs per_error, and has no outcomes")
            return
        if business.per_error is not None or not business.outcomes:
            raise ValueError(f"{where} of a classification needs outcomes, and has no per_error")
        classes = self.target.classes or []
        named = {name for item in business.outcomes for name in (item.truth, item.prediction)}
        if unknown := named - set(classes):
            raise ValueError(
                f"{where}.outcomes names {', '.join(sorted(unknown))}; "
                f"the classes are {', '.join(classes)}"
            )

    def _columns_divide(self, where: str, names: list[str]) -> None:
        divisible = self.dividing_columns
        if wrong := [name for name in names if name not in divisible]:
            raise ValueError(
                f"{where} names {', '.join(wrong)}; the columns that divide the "
                f"rows (category, boolean, integer) are {', '.join(divisible) or 'none'}"
            )

    def is_number(self, name: str) -> bool:
        """Whether a feature, the label or what is predicted has numbers as its values."""
        if name in self.columns:
            return self.columns[name].is_numeric
        return name == "score" or (name == self.target.column and not self.target.is_classification)

    @property
    def dividing_columns(self) -> list[str]:
        """The features whose values divide the rows."""
        return [name for name, column in self.columns.items() if column.type != "number"]

    def with_parts(self, **parts: object) -> "ModelSpec":
        """The description with other parts, which are valid and have been together before."""
        mine = {name: getattr(self, name) for name in ModelSpec.model_fields}
        return ModelSpec.model_construct(**{**mine, **parts})

    @property
    def external(self) -> ExternalModel | None:
        """Where predictions come from that are made elsewhere; None for a model trained here."""
        return self.model if isinstance(self.model, ExternalModel) else None

    def open_source(self, folder: Path) -> base.Source:
        """The source; relative paths start in the folder of the YAML file."""
        return opened(self.source, self.external, self.key, self.target, folder)

    @property
    def landed(self) -> tuple[base.TableName, ...]:
        """What lands of the source."""
        return ("events", "labels", "predictions") if self.external else ("events", "labels")

    @property
    def messages(self) -> Notifications:
        """Who gets messages, with the webhook that decisions call."""
        hook = self.policy.action.webhook if self.policy.action else None
        return self.notifications.with_requests(hook) if hook else self.notifications

    @property
    def source_columns(self) -> dict[str, Column]:
        """The columns of an event: what the model sees without what is derived, and the inputs."""
        return source_columns(self.columns, self.inputs)

    @property
    def derived_columns(self) -> dict[str, Column]:
        """The columns that features.sql makes."""
        return {name: column for name, column in self.columns.items() if column.derived}

    @cached_property
    def derivation(self) -> Derivation | None:
        """How the derived columns are made; None without any."""
        if not self.derived_columns:
            return None
        return Derivation(self.features_sql, self.key, self.derived_columns, self.history_days)

    @property
    def monitored_columns(self) -> list[str]:
        """The columns that drift is computed for; the label is one of them."""
        return [*self.columns, "score", "prediction", self.target.column]

    @property
    def timezone(self) -> str:
        """The time zone whose midnights divide the days."""
        return self.source.day_zone

    @cached_property
    def tables(self) -> ModelTables:
        """The tables of this model."""
        named = self.name, self.key, self.key_type
        derivation = self.derivation.digest if self.derivation else ""
        return model_tables(*named, self.columns, self.target, self.inputs, derivation)

    @property
    def lookback(self) -> Lookback:
        """How far back the days to come look."""
        watched = self.monitors.drift, self.monitors.performance
        return lookback_of(self.target, *watched, self.policy, self.history_days)


def learning_digest(description: BaseModel) -> str:
    """Digest of the part of a description that decides what a training makes of a set.

    The limits of labels and of rows are not in it: they decide which rows a set has.
    """
    decides = description.model_dump(
        mode="json",
        include={"columns", "target", "training"},
        exclude={
            "columns": {"__all__": {"description"}},
            "target": {"min", "max"},
            "training": {"max_rows"},
        },
    )
    return digest(decides)


def digest(content: Any) -> str:
    """SHA-256 of the canonical JSON of plain data, in hexadecimal."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
