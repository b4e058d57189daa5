"""Tells people about a model: what failed, what was decided, who serves, what broke."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from mlops_drift import settings
from mlops_drift.assets.common import DAY_TAG, DECISION_TAG
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.jobs import daily_job_name, retraining_job_name
from mlops_drift.monitors.checks import ADVICE
from mlops_drift.notifications.delivery import Delivery, deliver, queue
from mlops_drift.notifications.messages import (
    Evaluated,
    Message,
    broken_check_message,
    decision_message,
    failed_check_messages,
    missing_file_messages,
    outcome_message,
    promotion_message,
)
from mlops_drift.notifications.outbox import Outbox
from mlops_drift.policy.decision import DecisionRecord
from mlops_drift.resources import LakeResource
from mlops_drift.sensors.runs import days_of_run
from mlops_drift.sources.base import MissingDayError

# Failed runs that are looked at, the latest first.
_RUNS = 20


def notification_sensor_name(model: str) -> str:
    """Name of the notification sensor of a model."""
    return f"{model}_notification_sensor"


def notification_sensor(spec: ModelSpec) -> dg.SensorDefinition:
    """Builds the sensor that fills and empties the outbox of a model."""

    @dg.sensor(
        name=notification_sensor_name(spec.name),
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends one message for each episode of a failing check, each decision, each "
        "promotion and each check that broke. What a receiver does not take waits in the outbox.",
    )
    def sensor(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SkipReason:
        found = notify(lake.of(spec), context.instance)
        waiting = f", {found.waiting} waiting: {found.error}" if found.waiting else ""
        return dg.SkipReason(f"{found.sent} messages sent{waiting}")

    return sensor


def notify(model: ModelContext, instance: dg.DagsterInstance) -> Delivery:
    """Queues what there is to tell since the champion before this one, and sends what waits."""
    outbox = Outbox(model.store.lake, model.store.tables.outbox)
    if not model.spec.notifications.urls:
        return Delivery(0, 0)
    queue(model.spec.notifications, outbox, _messages(model, instance, outbox.ids()))
    return deliver(model.spec.notifications, outbox, settings.lock_root())


def _messages(
    model: ModelContext, instance: dg.DagsterInstance, told: Collection[str]
) -> list[Message]:
    spec = model.spec
    promotions = model.store.versions.promotions()
    since = promotions[-2].as_of if len(promotions) > 1 else spec.start_date - timedelta(days=1)
    evaluated = [Evaluated(**row) for row in model.store.checks.evaluations(since)]
    records = [item for item in model.store.decisions.records(idle=False) if item.day >= since]
    missing = [
        (row["day"], row["source"], row["file"])
        for row in model.store.landing.missing_files(since, date.max)
    ]
    messages = [
        *failed_check_messages(spec.name, evaluated, ADVICE, told),
        *(message for record in records for message in _about_decision(spec, record)),
        *_about_broken_runs(model, instance),
        *missing_file_messages(spec.name, missing, told),
    ]
    return sorted(messages, key=lambda message: message.day)


def _about_decision(spec: ModelSpec, record: DecisionRecord) -> Iterator[Message]:
    name, triggers, outcome = record.id, record.triggers, record.outcome
    if record.kind != "by_hand":
        yield decision_message(
            spec.name, name, record.day, record.action, triggers, record.version, record.reason
        )
    if outcome is None:
        return
    if outcome.status == "promoted":
        yield promotion_message(
            spec.name,
            name,
            outcome.day,
            triggers,
            record.version,
            outcome.challenger or 0,
            outcome.reason,
        )
    else:
        yield outcome_message(
            spec.name, name, outcome.day, outcome.status, outcome.challenger, outcome.reason
        )


def _about_broken_runs(model: ModelContext, instance: dg.DagsterInstance) -> Iterator[Message]:
    ended = {
        record.id
        for record in model.store.decisions.records(idle=False)
        if record.brought_no_champion
    }
    for job in (daily_job_name(model.spec.name), retraining_job_name(model.spec.name)):
        runs = instance.get_runs(
            dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.FAILURE]), limit=_RUNS
        )
        for run in runs:
            # What ended a decision failed its run too, and is told of as the decision's outcome.
            if run.tags.get(DECISION_TAG) not in ended:
                yield from _about_broken_run(model.spec, instance, run)


def _about_broken_run(
    spec: ModelSpec, instance: dg.DagsterInstance, run: dg.DagsterRun
) -> Iterator[Message]:
    failures = instance.get_records_for_run(
        run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE
    ).records
    day = max(days_of_run(run), default=None)
    tagged = run.tags.get(DAY_TAG)
    for record in failures:
        event = record.event_log_entry.dagster_event
        if event is None or event.step_key is None:
            continue
        cause = _cause(event)
        # A message of its own tells of it, once an episode.
        if cause is not None and cause.cls_name == MissingDayError.__name__:
            continue
        happened = day or (date.fromisoformat(tagged) if tagged else None)
        yield broken_check_message(
            spec.name,
            run.run_id,
            event.step_key,
            happened or date.fromtimestamp(record.event_log_entry.timestamp),
            cause.message.strip() if cause is not None else "",
        )


def _cause(event: dg.DagsterEvent) -> SerializableErrorInfo | None:
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error
