"""The sensor that sends messages about a model."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from mlops_drift import settings
from mlops_drift.assets.common import DAY_TAG, DECISION_TAG
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.jobs import daily_job_name, retraining_job_name
from mlops_drift.monitors.registry import monitors_of
from mlops_drift.notifications.delivery import Delivery, deliver, queue
from mlops_drift.notifications.history import BrokenStep, History, MissingFile
from mlops_drift.notifications.outbox import Outbox
from mlops_drift.notifications.registry import notification_kind
from mlops_drift.resources import LakeResource
from mlops_drift.sensors.runs import days_of_run
from mlops_drift.sources.base import MissingDayError

# The latest failed runs that are read.
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
        "promotion and each broken check. Messages that a receiver does not accept wait.",
    )
    def sensor(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SkipReason:
        found = notify(lake.of(spec), context.instance)
        waiting = f", {found.waiting} waiting: {found.error}" if found.waiting else ""
        return dg.SkipReason(f"{found.sent} messages sent{waiting}")

    return sensor


def notify(model: ModelContext, instance: dg.DagsterInstance) -> Delivery:
    """Queues the messages about what happened since the previous champion, and sends them."""
    config = model.spec.notifications
    if not config.urls:
        return Delivery(0, 0)
    outbox = Outbox(model.store.lake, model.store.tables.outbox)
    history = _history(model, instance, outbox.ids())
    messages = [
        message for name in config.about for message in notification_kind(name).messages(history)
    ]
    queue(config, outbox, sorted(messages, key=lambda message: message.day))
    return deliver(config, outbox, settings.lock_root())


def _history(model: ModelContext, instance: dg.DagsterInstance, sent: Collection[str]) -> History:
    store = model.store
    promotions = store.versions.promotions()
    start = model.spec.start_date - timedelta(days=1)
    since = promotions[-2].as_of if len(promotions) > 1 else start
    decisions = store.decisions.records(idle=False)
    ended = {record.id for record in decisions if record.brought_no_champion}
    return History(
        model.spec.name,
        store.checks.in_short(since + timedelta(days=1)),
        [record for record in decisions if record.day >= since],
        list(_broken(model.spec.name, instance, ended)),
        [
            MissingFile(row["day"], row["source"], row["file"])
            for row in store.landing.missing_files(since, date.max)
        ],
        {one.name: one.advice for one in monitors_of(model.spec.monitors)},
        sent,
    )


def _broken(
    model: str, instance: dg.DagsterInstance, ended: Collection[str]
) -> Iterator[BrokenStep]:
    for job in (daily_job_name(model), retraining_job_name(model)):
        runs = instance.get_runs(
            dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.FAILURE]), limit=_RUNS
        )
        for run in runs:
            # The outcome of the decision has a message of its own.
            if run.tags.get(DECISION_TAG) not in ended:
                yield from _broken_steps(instance, run)


def _broken_steps(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterator[BrokenStep]:
    failures = instance.get_records_for_run(
        run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE
    ).records
    tagged = run.tags.get(DAY_TAG)
    day = max(days_of_run(run), default=date.fromisoformat(tagged) if tagged else None)
    for record in failures:
        event = record.event_log_entry.dagster_event
        if event is None or event.step_key is None:
            continue
        cause = _cause(event)
        # Missing files have messages of their own, one for each episode.
        if cause is not None and cause.cls_name == MissingDayError.__name__:
            continue
        yield BrokenStep(
            run.run_id,
            event.step_key,
            day or date.fromtimestamp(record.event_log_entry.timestamp),
            cause.message.strip() if cause is not None else "",
        )


def _cause(event: dg.DagsterEvent) -> SerializableErrorInfo | None:
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error
