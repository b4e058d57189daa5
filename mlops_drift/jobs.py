"""The jobs of a model, and the schedule of the one that runs every day."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from pydantic import Field

from mlops_drift.assets.common import (
    DAY_TAG,
    MODEL_TAG,
    REASON_TAG,
    REPORT,
    RETRAINING_ASSETS,
    asset_key,
    daily_assets,
    partitions,
)
from mlops_drift.assets.compaction import COMPACTION
from mlops_drift.checks.report import verdict_table
from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError
from mlops_drift.lifecycle.cleanup.cleanup import clean_up
from mlops_drift.registry.artifacts import Artifacts
from mlops_drift.registry.registry import Registry
from mlops_drift.resources import LakeResource


def daily_job_name(model: str) -> str:
    return f"{model}_daily"


def retraining_job_name(model: str) -> str:
    return f"{model}_retraining"


def cleanup_job_name(model: str) -> str:
    return f"{model}_cleanup"


def compaction_job_name(model: str) -> str:
    return f"{model}_compaction"


def daily_job(spec: ModelSpec) -> UnresolvedAssetJobDefinition:
    """Everything that happens every day, in one run."""
    return dg.define_asset_job(
        daily_job_name(spec.name),
        [asset_key(spec, name) for name in (*daily_assets(spec), REPORT)],
        partitions_def=partitions(spec),
        description=f"Lands, scores and watches a day of {spec.name}, and writes its report.",
        tags={MODEL_TAG: spec.name},
    )


def retraining_job(spec: ModelSpec) -> UnresolvedAssetJobDefinition:
    """A retraining, from the training set to the champion, in one run."""
    return dg.define_asset_job(
        retraining_job_name(spec.name),
        [asset_key(spec, name) for name in RETRAINING_ASSETS],
        description=f"Trains a version of {spec.name}, and promotes it if it passes its gates.",
        tags={MODEL_TAG: spec.name},
    )


def absent_job(name: str) -> dg.JobDefinition:
    """Stands for a job of the project where only models are loaded: a sensor must find its job."""

    @dg.op(name=f"{name}_op")
    def fail() -> None:
        raise UserError(f"the job {name} is one of the project; launch it in dagster dev")

    @dg.job(name=name)
    def job() -> None:
        fail()

    return job


def compaction_job(spec: ModelSpec) -> UnresolvedAssetJobDefinition:
    """The compaction of a model's files, in a run of its own."""
    return dg.define_asset_job(
        compaction_job_name(spec.name),
        [asset_key(spec, COMPACTION)],
        description=f"Puts the small files of closed days of {spec.name} together.",
        tags={MODEL_TAG: spec.name},
    )


def daily_schedule(spec: ModelSpec, job: UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """Runs the daily job for the day that has just ended, one hour after midnight.

    That of a model whose last day is over is off: it would only skip.
    """
    today = datetime.now(ZoneInfo(spec.timezone)).date()
    is_over = spec.end_date is not None and spec.end_date + timedelta(days=1) < today

    @dg.schedule(
        name=f"{spec.name}_daily_schedule",
        job=job,
        cron_schedule="0 1 * * *",
        execution_timezone=spec.timezone,
        default_status=dg.DefaultScheduleStatus.STOPPED
        if is_over
        else dg.DefaultScheduleStatus.RUNNING,
        description=f"Runs {daily_job_name(spec.name)} for the day that has just ended.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        now = context.scheduled_execution_time.astimezone(ZoneInfo(spec.timezone))
        day = now.date() - timedelta(days=1)
        if day < spec.start_date or (spec.end_date is not None and day > spec.end_date):
            days = f"{spec.start_date} to {spec.end_date or 'now'}"
            return dg.SkipReason(f"{day} is not among the days of {spec.name}: {days}")
        tags = {DAY_TAG: day.isoformat(), REASON_TAG: "schedule"}
        return dg.RunRequest(run_key=day.isoformat(), partition_key=day.isoformat(), tags=tags)

    return schedule


class CleanupConfig(dg.Config):
    """Whether a cleanup removes anything."""

    dry_run: bool = Field(True, description="Only show what can be deleted; false deletes it.")


def cleanup_job(spec: ModelSpec) -> dg.JobDefinition:
    """Builds the job; nothing starts it but a person, or a schedule of theirs."""
    name = cleanup_job_name(spec.name)
    described = (
        f"Removes what the `retention` of {spec.name} lets be deleted. A dry run by default: the "
        "metadata of the output shows what, and what stays although it is old, with the reasons."
    )

    @dg.op(name=f"{name}_op", description=described, tags={MODEL_TAG: spec.name})
    def remove(
        context: dg.OpExecutionContext,
        config: CleanupConfig,
        mlops_drift_lake: LakeResource,
        mlops_drift_registry: dg.ResourceParam[Registry],
    ) -> dg.Output[dict[str, int]]:
        plan = clean_up(
            mlops_drift_lake.of(spec, mlops_drift_registry),
            Artifacts(mlops_drift_registry, spec.name),
            dry_run=config.dry_run,
            on_item=lambda one: context.log.info(f"removing {one.kind} {one.name}: {one.reason}"),
        )
        counted = {"items": len(plan.items), "bytes": plan.size, "dry_run": config.dry_run}
        tables = {
            "can be deleted" if config.dry_run else "removed": verdict_table(plan.going),
            "stays": verdict_table(plan.staying),
        }
        return dg.Output(counted, metadata={**counted, "day": str(plan.day), **tables})

    @dg.job(name=name, description=described, tags={MODEL_TAG: spec.name})
    def job() -> None:
        remove()

    return job
