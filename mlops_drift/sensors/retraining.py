"""The retraining sensor: failed checks, read by the policy, become one retraining run."""

from collections.abc import Sequence
from datetime import date

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from mlops_drift.assets.common import (
    CHAMPION,
    DAY_TAG,
    DECISION_TAG,
    DRIFT_METRICS,
    HISTORICAL_RUN_TAG,
    MODEL_TAG,
    PERFORMANCE_METRICS,
    PREDICTIONS,
    REASON_TAG,
    RETRAINING_ASSETS,
    asset_key,
)
from mlops_drift.assets.decisions import decision_event, show_decision
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec, digest
from mlops_drift.jobs import daily_job_name, retraining_job_name
from mlops_drift.lifecycle.decisions import decide_now, plan_digest
from mlops_drift.lifecycle.external import record_request
from mlops_drift.monitors.registry import monitors_of
from mlops_drift.policy.decision import Decision, DecisionRecord
from mlops_drift.resources import LakeResource
from mlops_drift.sensors.runs import OPEN_STATUSES, days_of_run, materialized_days

# A decision whose run fails for another reason than a gate is tried this often in all.
ATTEMPTS = 3
_ENDED_BADLY = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def sensor_name(model: str) -> str:
    """Name of the retraining sensor of a model."""
    return f"{model}_retraining_sensor"


def retraining_sensor(
    spec: ModelSpec, job: UnresolvedAssetJobDefinition | None
) -> dg.SensorDefinition:
    """Builds the sensor, which decides at the last day whose drift and performance are complete.

    So it does not matter when it looks; and looking twice starts one run, since the id of a
    decision derives from the champion and the episode. Where versions are made elsewhere there is
    no job of retraining: a decision calls what `policy.action` says.
    """
    action = spec.policy.action

    @dg.sensor(
        name=sensor_name(spec.name),
        job=job,
        job_name=action.job if action else None,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Retrains when a check failed, or when there is no champion and there are "
        "enough labels. One retraining for each drift episode."
        if job
        else "Calls who makes versions elsewhere when a check failed, once for each drift episode.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, mlops_drift_lake: LakeResource
    ) -> dg.SensorResult:
        instance = context.instance
        day = max(complete_days(instance, spec), default=None)
        if day is None:
            return _skip(f"no day of {spec.name} has both drift and performance metrics yet")
        state = _state_of_checks(instance, spec)
        seen = digest([day.isoformat(), plan_digest(spec), *state])
        if seen == context.cursor:
            return _skip(f"{day}: no check has run since the last look")
        if awaited := _awaited_days(instance, spec, day):
            return _skip(
                f"{day} waits for {len(awaited)} earlier days, from {awaited[0]} on, whose runs "
                "are queued or under way"
            )
        model = mlops_drift_lake.of(spec)
        decision = decide_now(model, day)
        events = _recorded(model, decision)
        if decision.action != "retrain":
            return _skip(f"{day}: {decision.action}: {decision.reason}", seen, events)
        if spec.external:
            return _called(instance, model, decision, events)
        failed, ended = _runs_without_outcome(instance, decision.id)
        if failed >= ATTEMPTS:
            return _skip(
                f"decision {decision.id}: {failed} runs failed; look at the last one, repair the "
                f"cause, and launch {retraining_job_name(spec.name)} by hand",
                seen,
                events,
            )
        # No cursor: should the run be lost before it starts, the next look asks for it again.
        request = _run_request(spec, decision, ended)
        return dg.SensorResult(run_requests=[request], asset_events=events)

    return sensor


def _called(
    instance: dg.DagsterInstance,
    model: ModelContext,
    decision: Decision,
    events: Sequence[dg.AssetMaterialization],
) -> dg.SensorResult:
    """Launches the job of `policy.action` for a decision, once; a webhook gets its message.

    No cursor, as for a retraining: until its run is there, the next look asks for it again.
    """
    action, reason = model.spec.policy.action, f"decision {decision.id}: {decision.reason}"
    if action is None or action.job is None:
        return _skip(f"{reason}; the notification sensor calls policy.action.webhook", None, events)
    runs = instance.get_runs(dg.RunsFilter(tags={DECISION_TAG: decision.id}), limit=1)
    if runs:
        why = f"job {action.job} was launched as run {runs[0].run_id}"
        record_request(model, decision, why)
        record = show_decision(instance, model, decision.id)
        return _skip(f"{reason}; {why}" if record else reason, None, events)
    request = dg.RunRequest(
        run_key=decision.id, job_name=action.job, tags=_tags(model.spec, decision)
    )
    return dg.SensorResult(run_requests=[request], asset_events=events)


def _skip(
    reason: str, cursor: str | None = None, events: Sequence[dg.AssetMaterialization] = ()
) -> dg.SensorResult:
    return dg.SensorResult(skip_reason=reason, cursor=cursor, asset_events=events)


def _recorded(model: ModelContext, decision: Decision) -> list[dg.AssetMaterialization]:
    """Records a decision; the events that show it, none if it was recorded before."""
    is_new = model.store.decisions.record(decision)
    return [decision_event(model, DecisionRecord(**vars(decision)))] if is_new else []


def _state_of_checks(instance: dg.DagsterInstance, spec: ModelSpec) -> list[str]:
    """Where each check stands, and how many retrainings ended badly: what a look depends on."""
    checks = [
        dg.AssetCheckKey(asset_key(spec, asset), one.name)
        for one in monitors_of(spec.monitors)
        for asset in one.assets
    ]
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(checks)
    ended = dg.RunsFilter(job_name=retraining_job_name(spec.name), statuses=_ENDED_BADLY)
    return [
        # By number, since what is reported outside of a run has no run of its own.
        *(f"{record.id} {record.status.value}" for _, record in sorted(latest.items())),
        str(instance.get_runs_count(ended)),
    ]


def complete_days(instance: dg.DagsterInstance, spec: ModelSpec) -> set[date]:
    """The days for which drift and performance metrics are both materialized.

    Without those of a run under way: it stores the days of a range one after the other.
    """
    under_way = _days_of_runs(instance, spec, [dg.DagsterRunStatus.STARTED])
    return _measured_days(instance, spec) - under_way


def _awaited_days(instance: dg.DagsterInstance, spec: ModelSpec, until: date) -> list[date]:
    """Earlier days, never measured, that open runs will measure: a backfill has any order."""
    asked = {day for day in _days_of_runs(instance, spec, OPEN_STATUSES) if day < until}
    return sorted(asked - _measured_days(instance, spec)) if asked else []


def _measured_days(instance: dg.DagsterInstance, spec: ModelSpec) -> set[date]:
    needed = [DRIFT_METRICS, PERFORMANCE_METRICS, *([PREDICTIONS] if spec.external else [])]
    first, *others = (materialized_days(instance, spec, name) for name in needed)
    return set(first).intersection(*others)


def _days_of_runs(
    instance: dg.DagsterInstance, spec: ModelSpec, statuses: list[dg.DagsterRunStatus]
) -> set[date]:
    runs = instance.get_runs(dg.RunsFilter(job_name=daily_job_name(spec.name), statuses=statuses))
    return {day for run in runs for day in days_of_run(run)}


def _runs_without_outcome(instance: dg.DagsterInstance, decision: str) -> tuple[int, int]:
    """How many runs of a decision failed unattended, and how many ended before its outcome."""
    ended = instance.get_runs(dg.RunsFilter(tags={DECISION_TAG: decision}, statuses=_ENDED_BADLY))
    failed = [run for run in ended if run.status == dg.DagsterRunStatus.FAILURE]
    return sum(HISTORICAL_RUN_TAG not in run.tags for run in failed), len(ended)


def _run_request(spec: ModelSpec, decision: Decision, ended: int) -> dg.RunRequest:
    """The run that carries out a decision, after some that ended without its outcome."""
    without_promotion = [asset_key(spec, name) for name in RETRAINING_ASSETS if name != CHAMPION]
    return dg.RunRequest(
        run_key=decision.id if not ended else f"{decision.id}-attempt-{ended + 1}",
        asset_selection=without_promotion if spec.policy.approval == "manual" else None,
        tags=_tags(spec, decision),
    )


def _tags(spec: ModelSpec, decision: Decision) -> dict[str, str]:
    return {
        MODEL_TAG: spec.name,
        DAY_TAG: decision.day.isoformat(),
        REASON_TAG: decision.cause,
        DECISION_TAG: decision.id,
    }
