"""The sensor that lets the files of a model be compacted when there are too many."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from mlops_drift.assets.common import REASON_TAG
from mlops_drift.assets.compaction import compaction_of
from mlops_drift.config.spec import ModelSpec
from mlops_drift.jobs import compaction_job_name
from mlops_drift.resources import LakeResource
from mlops_drift.sensors.runs import OPEN_STATUSES
from mlops_drift.store.compaction import too_many_files


def compaction_sensor(spec: ModelSpec, job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """Builds the sensor, which does in `dagster dev` what `run` does every seven days."""

    @dg.sensor(
        name=f"{spec.name}_compaction_sensor",
        job=job,
        minimum_interval_seconds=3600,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Puts files of closed days together when a table has too many of them.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, mlops_drift_lake: LakeResource
    ) -> dg.SkipReason | dg.RunRequest:
        runs = dg.RunsFilter(job_name=compaction_job_name(spec.name), statuses=OPEN_STATUSES)
        if context.instance.get_runs_count(runs):
            return dg.SkipReason("a compaction is queued or running")
        store = mlops_drift_lake.of(spec).store
        tables = too_many_files(store.lake, store.tables)
        if not tables:
            return dg.SkipReason("no table has too many files")
        reason = f"too many files: {', '.join(table.name for table in tables)}"
        config = compaction_of(spec, tables)
        return dg.RunRequest(run_config=config, tags={REASON_TAG: reason})

    return sensor
