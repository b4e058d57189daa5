"""The retraining sensor: failed checks, read by the policy, become one retraining run."""

import json
from dataclasses import asdict
from datetime import date, timedelta

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from mlops_drift.assets.common import (
    DAY_TAG,
    DECISION_TAG,
    DRIFT_METRICS,
    MODEL_TAG,
    PERFORMANCE_METRICS,
    REASON_TAG,
    REPLAY_TAG,
    TRAINING_SET,
    asset_key,
)
from mlops_drift.automation.jobs import daily_job_name, retraining_job_name
from mlops_drift.monitoring.policy import PERFORMANCE_DROP, Decision
from mlops_drift.resources import LakeResource
from mlops_drift.spec import ModelSpec
from mlops_drift.steps.decisions import decide_now
from mlops_drift.steps.drift import FEATURE_DRIFT, NULL_SPIKE, PREDICTION_DRIFT

# A decision whose run fails for another reason than a gate is tried this often in all.
ATTEMPTS = 3

CHECK_ASSETS = {
    FEATURE_DRIFT: DRIFT_METRICS,
    NULL_SPIKE: DRIFT_METRICS,
    PREDICTION_DRIFT: DRIFT_METRICS,
    PERFORMANCE_DROP: PERFORMANCE_METRICS,
}


def sensor_name(model: str) -> str:
    """Name of the retraining sensor of a model."""
    return f"{model}_retraining_sensor"


def retraining_sensor(spec: ModelSpec, job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """Builds the sensor of a model.

    It acts at the last day on which drift and performance are both complete, so that what it
    decides does not depend on when it looks. The decision rests on the numbers stored with the
    checks; its id derives from the champion and the episode, so that looking twice starts one run.
    """

    @dg.sensor(
        name=sensor_name(spec.name),
        job=job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Retrains when a check failed, or when there is no champion and there are "
        "enough labels. One retraining for each drift episode.",
    )
    def sensor(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
        day = last_complete_day(context.instance, spec)
        if day is None:
            return dg.SensorResult(
                skip_reason=f"no day of {spec.name} has both drift and performance metrics yet"
            )
        seen = json.dumps([day.isoformat(), *_state_of_checks(context.instance, spec)])
        if seen == context.cursor:
            return dg.SensorResult(skip_reason=f"{day}: no check has run since the last look")
        model = lake.of(spec)
        decision = decide_now(spec, model, day)
        if decision.action != "retrain":
            return dg.SensorResult(skip_reason=f"{day}: {decision.reason}", cursor=seen)
        failed, ended = runs_without_outcome(context.instance, decision.id)
        if failed >= ATTEMPTS:
            return dg.SensorResult(
                skip_reason=f"decision {decision.id}: {failed} runs failed; look at the last one, "
                f"repair the cause, and launch {retraining_job_name(spec.name)} by hand",
                cursor=seen,
            )
        # No cursor: should the run be lost before it starts, the next look asks for it again.
        return dg.SensorResult(run_requests=[run_request(spec, decision, ended)])

    return sensor


def _state_of_checks(instance: dg.DagsterInstance, spec: ModelSpec) -> list[str]:
    """Where each check stands, and how many retrainings ended badly: what a look depends on."""
    keys = [
        dg.AssetCheckKey(asset_key(spec, asset), check) for check, asset in CHECK_ASSETS.items()
    ]
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    ended = instance.get_runs_count(
        dg.RunsFilter(
            job_name=retraining_job_name(spec.name),
            statuses=[dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED],
        )
    )
    return [
        *(f"{record.run_id} {record.status.value}" for _, record in sorted(latest.items())),
        str(ended),
    ]


def last_complete_day(instance: dg.DagsterInstance, spec: ModelSpec) -> date | None:
    """The last day for which drift and performance metrics are both materialized."""
    complete = complete_days(instance, spec)
    return max(complete) if complete else None


def complete_days(instance: dg.DagsterInstance, spec: ModelSpec) -> set[date]:
    """The days for which drift and performance metrics are both materialized.

    Without those of a run under way: it stores the days of a range one after the other.
    """
    under_way = instance.get_runs(
        dg.RunsFilter(job_name=daily_job_name(spec.name), statuses=[dg.DagsterRunStatus.STARTED])
    )
    drift, performance = (
        instance.get_materialized_partitions(asset_key(spec, name))
        for name in (DRIFT_METRICS, PERFORMANCE_METRICS)
    )
    open_days = {day for run in under_way for day in _days_of_run(run)}
    return {date.fromisoformat(day) for day in drift & performance} - open_days


def _days_of_run(run: dg.DagsterRun) -> list[date]:
    single = run.tags.get(PARTITION_NAME_TAG)
    first = run.tags.get(ASSET_PARTITION_RANGE_START_TAG, single)
    last = run.tags.get(ASSET_PARTITION_RANGE_END_TAG, single)
    if first is None or last is None:
        return []
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [start + timedelta(days=i) for i in range((end - start).days + 1)]


def runs_without_outcome(instance: dg.DagsterInstance, decision: str) -> tuple[int, int]:
    """Runs of a decision that ended before it had an outcome.

    Returns:
        How many failed unattended, and how many ended in all: those of a replay count there too.
    """
    ended = instance.get_runs(
        dg.RunsFilter(
            tags={DECISION_TAG: decision},
            statuses=[dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED],
        )
    )
    failed = [
        run
        for run in ended
        if run.status == dg.DagsterRunStatus.FAILURE and REPLAY_TAG not in run.tags
    ]
    return len(failed), len(ended)


def run_request(spec: ModelSpec, decision: Decision, ended: int) -> dg.RunRequest:
    """The run that carries out a decision; one that ended without outcome is followed by another.

    Args:
        spec: the model.
        decision: the decision.
        ended: runs of the decision that ended without an outcome; it makes a new run key.
    """
    config = {
        "as_of": decision.day.isoformat(),
        "since": decision.since.isoformat() if decision.since else None,
        "rules": list(decision.rules),
        "reason": decision.reason,
        "version": decision.version,
        "labelled": decision.labelled,
        "evidence": json.dumps([asdict(check) for check in decision.evidence], default=str),
    }
    op = asset_key(spec, TRAINING_SET).to_python_identifier()
    return dg.RunRequest(
        run_key=decision.id if not ended else f"{decision.id}-attempt-{ended + 1}",
        run_config={"ops": {op: {"config": config}}},
        tags={
            MODEL_TAG: spec.name,
            DAY_TAG: decision.day.isoformat(),
            REASON_TAG: ", ".join(decision.rules),
            DECISION_TAG: decision.id,
        },
    )
