"""The Dagster component: one model's YAML becomes assets, checks, a sensor and a schedule."""

from pathlib import Path
from typing import Any, Self

import dagster as dg
from dagster._utils.warnings import suppress_dagster_warnings
from pydantic import BaseModel

from mlops_drift import project
from mlops_drift.assets.compaction import compaction_asset
from mlops_drift.assets.decisions import decisions_asset
from mlops_drift.assets.external import external_assets
from mlops_drift.assets.landing import landing_assets
from mlops_drift.assets.production import production_assets
from mlops_drift.assets.report import report_asset
from mlops_drift.assets.retraining import gates_check, retraining_assets
from mlops_drift.assets.served import served_assets
from mlops_drift.config.spec import ModelSpec
from mlops_drift.files.text import read_text
from mlops_drift.jobs import (
    cleanup_job,
    compaction_job,
    daily_job,
    daily_schedule,
    retraining_job,
)
from mlops_drift.resources import default_resources, mlflow_key, mlflow_run
from mlops_drift.scaffolder import ModelScaffolder
from mlops_drift.sensors.compaction import compaction_sensor
from mlops_drift.sensors.late_files import late_files_sensor
from mlops_drift.sensors.notifications import notification_sensor
from mlops_drift.sensors.retraining import retraining_sensor
from mlops_drift.sensors.upstream import upstream_sensor

# Beside the YAML, where features are derived.
FEATURES_SQL = "features.sql"


@dg.scaffold_with(ModelScaffolder)
class MonitoredModel(dg.Component, ModelSpec):
    """A tabular model that is trained, gated, served, watched, and retrained when a check fails.

    Thirteen assets in one group: events, labels, features, production_predictions,
    drift_metrics and performance_metrics with a partition a day; training_set, challenger,
    test_predictions and champion for a retraining; decisions, report and compaction. Two more,
    served and serving_metrics, where the events are those of a service. With their checks, a
    daily schedule or a sensor of what is upstream, sensors for retraining, late files and
    compaction, a cleanup job and, where receivers are configured, a notification sensor. An
    external model has predictions in place of the assets of a retraining.
    """

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """What the YAML's `attributes` are validated against."""
        return ModelSpec

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """Makes the component of validated attributes, and of features.sql beside them."""
        project.use(context.project_root)
        described = attributes.model_dump() if attributes else {}
        return cls.model_validate(_with_features_sql(described, context.path))

    @property
    def spec(self) -> ModelSpec:
        """The plain description, without the component."""
        return ModelSpec.model_validate(self.model_dump())

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Builds the model's definitions, with all that they need."""
        project.use(context.project_root)
        return model_definitions(self.spec, context.path)


def _with_features_sql(described: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Adds the SQL of the derived columns, which is the text of a file of its own."""
    file, given = folder / FEATURES_SQL, described.get("features_sql")
    if file.is_file():
        if given:
            raise ValueError(f"features_sql is given, and {file} too; keep one of them")
        return {**described, "features_sql": read_text(file)}
    derived = [name for name, column in described.get("columns", {}).items() if column["derived"]]
    if derived and not given:
        makes = f"{file} that makes them is missing"
        raise ValueError(f"columns has the derived {', '.join(derived)}, but {makes}")
    return described


@suppress_dagster_warnings
def model_definitions(spec: ModelSpec, folder: Path) -> dg.Definitions:
    """The definitions of one model; relative paths of its files start at the folder."""
    source = spec.open_source(folder)
    daily, compaction = daily_job(spec), compaction_job(spec)
    retraining = None if spec.external else retraining_job(spec)
    made = external_assets(spec, source) if spec.external else retraining_assets(spec)
    return dg.Definitions(
        assets=[
            *served_assets(spec),
            *landing_assets(spec, source),
            *production_assets(spec),
            *made,
            decisions_asset(spec),
            report_asset(spec),
            compaction_asset(spec),
        ],
        asset_checks=[] if spec.external else [gates_check(spec)],
        jobs=[daily, compaction, cleanup_job(spec), *([retraining] if retraining else [])],
        schedules=[] if spec.automation == "upstream" else [daily_schedule(spec, daily)],
        sensors=[
            retraining_sensor(spec, retraining),
            late_files_sensor(spec, source, daily),
            *([upstream_sensor(spec, daily)] if spec.automation == "upstream" else []),
            compaction_sensor(spec, compaction),
            *([notification_sensor(spec)] if spec.messages.kinds else []),
        ],
        resources={
            **default_resources(),
            **({} if spec.external else {mlflow_key(spec.name): mlflow_run(spec.name)}),
        },
    )
