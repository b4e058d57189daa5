"""The two jobs of a model: every day, and a retraining; and the schedule of the first."""

import dagster as dg
from dagster._core.definitions.partitions.partitioned_schedule import (
    UnresolvedPartitionedAssetScheduleDefinition,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from mlops_drift.assets.common import (
    DAILY_ASSETS,
    MODEL_TAG,
    RETRAINING_ASSETS,
    asset_key,
    partitions,
)
from mlops_drift.spec import ModelSpec


def daily_job_name(model: str) -> str:
    """Name of the daily job of a model."""
    return f"{model}_daily"


def retraining_job_name(model: str) -> str:
    """Name of the retraining job of a model."""
    return f"{model}_retraining"


def daily_job(spec: ModelSpec) -> UnresolvedAssetJobDefinition:
    """Everything that happens every day, in one run."""
    return dg.define_asset_job(
        daily_job_name(spec.name),
        selection=[asset_key(spec, name) for name in DAILY_ASSETS],
        partitions_def=partitions(spec),
        description=f"Lands, scores and watches a day of {spec.name}.",
        tags={MODEL_TAG: spec.name},
    )


def retraining_job(spec: ModelSpec) -> UnresolvedAssetJobDefinition:
    """A retraining, from the training set to the champion, in one run."""
    return dg.define_asset_job(
        retraining_job_name(spec.name),
        selection=[asset_key(spec, name) for name in RETRAINING_ASSETS],
        description=f"Trains a version of {spec.name}, and promotes it if it passes its gates.",
        tags={MODEL_TAG: spec.name},
    )


def daily_schedule(
    spec: ModelSpec, job: UnresolvedAssetJobDefinition
) -> dg.ScheduleDefinition | UnresolvedPartitionedAssetScheduleDefinition:
    """Runs the daily job for the day that has just ended, one hour after midnight UTC."""
    return dg.build_schedule_from_partitioned_job(
        job,
        name=f"{spec.name}_daily_schedule",
        hour_of_day=1,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
