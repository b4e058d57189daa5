"""The sensor that sends messages about a model."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from functools import cache

import dagster as dg

from mlops_drift import settings
from mlops_drift.assets.common import DAY_TAG, DECISION_TAG
from mlops_drift.assets.decisions import show_decision
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError
from mlops_drift.gateways import open_registry
from mlops_drift.jobs import daily_job_name, retraining_job_name
from mlops_drift.lifecycle.external import record_request
from mlops_drift.lifecycle.status import read_status
from mlops_drift.monitors.registry import monitors_of
from mlops_drift.notifications.delivery import Delivery, deliver, queue
from mlops_drift.notifications.history import BrokenStep, History, MissingFile
from mlops_drift.notifications.kinds.request import request_id
from mlops_drift.notifications.outbox import Outbox
from mlops_drift.notifications.registry import notification_kind
from mlops_drift.notifications.ways import NextStep, Ways
from mlops_drift.resources import LakeResource
from mlops_drift.sensors.runs import days_of_run
from mlops_drift.sources.base import MissingDayError

# The latest failed runs that are read.
_RUNS = 20


def notification_sensor(spec: ModelSpec) -> dg.SensorDefinition:
    """Builds the sensor that fills and empties the outbox of a model."""

    @dg.sensor(
        name=f"{spec.name}_notification_sensor",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends one message for each episode of a failing check, each decision, each "
        "promotion and each broken check. Messages that a receiver does not accept wait.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, mlops_drift_lake: LakeResource
    ) -> dg.SkipReason:
        found = notify(mlops_drift_lake.of(spec), context.instance)
        waiting = f", {found.waiting} waiting" if found.waiting else ""
        error = f": {found.error}" if found.error else ""
        return dg.SkipReason(f"{found.sent} messages sent{waiting}{error}")

    return sensor


def notify(model: ModelContext, instance: dg.DagsterInstance) -> Delivery:
    """Queues the messages about what happened since the previous champion, and sends them."""
    config = model.spec.messages
    if not config.kinds:
        return Delivery(0, 0)
    outbox = Outbox(model.store.lake, model.store.tables.outbox)
    history = _history(model, instance, outbox.ids())
    kinds = map(notification_kind, config.kinds)
    messages = [message for kind in kinds for message in kind.messages(history)]
    queue(config, outbox, sorted(messages, key=lambda message: message.day))
    delivery = deliver(config, outbox, settings.lock_root())
    action = model.spec.policy.action
    if action and action.webhook:
        _record_requests(model, instance, history, outbox)
    return delivery


def _record_requests(
    model: ModelContext, instance: dg.DagsterInstance, history: History, outbox: Outbox
) -> None:
    """Records and shows the decisions whose webhook has answered."""
    arrived = outbox.sent()
    for decision in history.decisions:
        if decision.outcome is None and request_id(decision) in arrived:
            record_request(model, decision, "the webhook of policy.action has the decision")
            show_decision(instance, model, decision.id)


def _history(model: ModelContext, instance: dg.DagsterInstance, sent: Collection[str]) -> History:
    store, name = model.store, model.spec.name
    promotions = store.versions.promotions()
    start = model.spec.start_date - timedelta(days=1)
    since = promotions[-2].as_of if len(promotions) > 1 else start
    decisions = store.decisions.records(idle=False)
    ended = {record.id for record in decisions if record.brought_no_champion}
    missing = store.landing.missing_files(since, date.max)
    return History(
        name,
        store.checks.in_short(since + timedelta(days=1)),
        [record for record in decisions if record.day >= since],
        [
            step
            for job in (daily_job_name(name), retraining_job_name(name))
            for run in instance.get_runs(
                dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.FAILURE]), limit=_RUNS
            )
            # The outcome of a decision has a message of its own.
            if run.tags.get(DECISION_TAG) not in ended
            for step in _broken_steps(instance, run)
        ],
        [MissingFile(row["day"], row["source"], row["file"]) for row in missing],
        {one.name: one.advice for one in monitors_of(model.spec.monitors)},
        sent,
        model.spec.timezone,
        _ways(model, instance),
        model.spec.external is not None,
    )


def _ways(model: ModelContext, instance: dg.DagsterInstance) -> Ways:
    name, ui = model.spec.name, settings.mlflow_ui()

    @cache
    def next_step() -> NextStep:
        try:
            health = read_status(model)["health"]
        except UserError as error:
            # That something is broken is what is to be reported.
            return NextStep(f"unknown: {error}")
        return NextStep(health["next"], health["command"])

    def decision_run(decision: str) -> str | None:
        filters = dg.RunsFilter(tags={DECISION_TAG: decision})
        return next((run.run_id for run in instance.get_runs(filters, limit=1)), None)

    return Ways(
        next_step,
        lambda version: open_registry().version_page(name, version, ui),
        decision_run,
        {one.name: one.assets[0] for one in monitors_of(model.spec.monitors)},
    )


def _broken_steps(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterator[BrokenStep]:
    tagged = run.tags.get(DAY_TAG)
    day = max(days_of_run(run), default=date.fromisoformat(tagged) if tagged else None)
    for record in instance.get_records_for_run(
        run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE
    ).records:
        event = record.event_log_entry.dagster_event
        if event is None or event.step_key is None:
            continue
        cause = event.step_failure_data.error
        while cause is not None and cause.cause is not None:
            cause = cause.cause
        # Missing files have messages of their own, one for each episode.
        if cause is None or cause.cls_name != MissingDayError.__name__:
            yield BrokenStep(
                run.run_id,
                event.step_key,
                day or date.fromtimestamp(record.event_log_entry.timestamp),
                cause.message.strip() if cause is not None else "",
            )
