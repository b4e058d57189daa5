"""Walks a model through its days: real Dagster runs and the real sensor, on one instance.

Each step runs the daily job for a day or a range of days, then lets the sensor look; what it asks
for is run at once. Everything is done at most once and can be interrupted anywhere: the next replay
closes the runs that were cut off and goes on at the first day that is not complete.

A day without its file fails, is on record, and is passed over. When its file has come, the next
replay lands it, and makes again what was made of later days without it.
"""

import logging
import re
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    RUN_KEY_TAG,
    SENSOR_NAME_TAG,
)
from dagster_shared.error import SerializableErrorInfo
from filelock import FileLock, Timeout

from mlops_drift import settings
from mlops_drift.assets.champion import reconcile_transition
from mlops_drift.assets.common import (
    DAY_TAG,
    DECISION_TAG,
    HISTORICAL_RUN_TAG,
    MODEL_TAG,
    REASON_TAG,
    asset_key,
)
from mlops_drift.assets.landing import JUDGED_AGAIN
from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import Model
from mlops_drift.definitions import definitions_of
from mlops_drift.errors import InternalError, UserError, is_interruption
from mlops_drift.jobs import daily_job_name, retraining_job_name
from mlops_drift.pipeline.missing_days import no_file_at_all
from mlops_drift.resources import default_resources, open_lake, open_registry
from mlops_drift.schema.days import days_between, ranges
from mlops_drift.sensors.late_files import (
    assets_without,
    missing_days,
    outdated,
    settled_days,
)
from mlops_drift.sensors.notifications import notify
from mlops_drift.sensors.retraining import complete_days, sensor_name
from mlops_drift.sensors.runs import OPEN_STATUSES
from mlops_drift.simulation.period import period
from mlops_drift.sources.base import MissingDayError, TableName
from mlops_drift.store.troubles import sentence

POLL_SECONDS = 0.5
# How long a retraining that another process carries out may take.
PATIENCE_SECONDS = 1800

# A job of one's own logging: the runs are in the UI, the terminal shows the progress.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class HistoricalRunError(UserError):
    """The replay cannot go on; the message says why and what to do."""


class HistoricalRunStopped(KeyboardInterrupt):
    """A person stopped the replay; the message says where."""


@dataclass(frozen=True)
class Step:
    """Consecutive days that are run together."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """All days of the step."""
        return days_between(self.first, self.last)


def open_instance() -> dg.DagsterInstance:
    """The persistent instance that `dagster dev` in the checkout shows too."""
    settings.dagster_root().mkdir(parents=True, exist_ok=True)
    return dg.DagsterInstance.from_config(str(settings.PROJECT_ROOT))


@contextmanager
def only_one(model: str) -> Iterator[None]:
    """Lets one process at a time run a model, or reset it.

    Raises:
        HistoricalRunError: if another one does.
    """
    settings.lock_root().mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.lock_root() / f"replay-{model}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise HistoricalRunError(
            f"another `mlops-drift run {model}` is under way; wait for it to end"
        ) from error
    try:
        yield
    finally:
        lock.release()


class HistoricalRun:
    """A walk of one model through some of its days.

    Args:
        model: the model.
        instance: where the runs are recorded.
        first: first day; the model's start where missing.
        last: last day; the model's end where missing.
        step: days run together.
        again: whether days that are complete are run again, with what rests on them.

    Attributes:
        made_again: days that had run, and were made again because an earlier day landed late.
        judged_again: days whose labels were judged again because events of an earlier day landed.
        failed: what the trainings of this replay raised; the days after them have run all the same.

    Raises:
        PeriodError: if the days do not fit the model.
    """

    def __init__(
        self,
        model: Model,
        instance: dg.DagsterInstance,
        first: date | None = None,
        last: date | None = None,
        step: int = 1,
        again: bool = False,
    ) -> None:
        self.spec = model.spec
        self._again = again
        self._source = model.spec.source.open(model.folder)
        self._instance = instance
        self.made_again: set[date] = set()
        self.judged_again: set[date] = set()
        self.failed: list[Exception] = []
        self.first, self.last = period(self.spec, first, last)
        self._step = step
        definitions = definitions_of([model])
        self._daily = definitions.resolve_job_def(daily_job_name(self.spec.name))
        self._retraining = definitions.resolve_job_def(retraining_job_name(self.spec.name))
        self._sensor = definitions.resolve_sensor_def(sensor_name(self.spec.name))
        self._repository = definitions.get_repository_def()

    def steps(self) -> list[Step]:
        """The steps from the first day to the last."""
        length = timedelta(days=self._step - 1)
        starts = days_between(self.first, self.last)[:: self._step]
        return [Step(start, min(start + length, self.last)) for start in starts]

    def run(self, on_step: Callable[[Step, str], None]) -> None:
        """Runs every step that is not complete yet.

        Args:
            on_step: called when a step is reached and when it is decided on, with what is done.
        """
        with only_one(self.spec.name):
            self._close_what_was_interrupted()
            complete = complete_days(self._instance, self.spec)
            self._require_a_file(complete)
            missing = missing_days(self._source, complete, self.first, self.last)
            done = complete | self._settled(missing)
            if self._again:
                done -= set(days_between(self.first, self.last))
            holes = {day: tables for day, tables in missing.items() if day not in done}
            steps = self.steps()
            done |= self._take_in(steps, done, holes, max(complete, default=self.first), on_step)
            unfinished = [step for step in steps if not done.issuperset(step.days)]
            # Days of a step that was cut off are decided on when the step is done again.
            if not unfinished or complete.isdisjoint(unfinished[0].days):
                self._decide(on_step, steps[0])
            self._notify()
            for step in steps:
                if step in unfinished:
                    on_step(step, "running")
                    left = [day for day in step.days if day not in done]
                    self._run_parts(left, holes, on_step)
                    if not holes.keys() >= set(left):
                        self._decide(on_step, step)
                    self._notify()
                on_step(step, "complete")

    def _take_in(
        self,
        steps: Sequence[Step],
        done: Collection[date],
        holes: Mapping[date, Collection[TableName]],
        last: date,
        on_step: Callable[[Step, str], None],
    ) -> set[date]:
        """Runs the days before one that has run, and makes again what rests on them.

        Returns:
            The days that were run.
        """
        late = [[day for day in step.days if day < last and day not in done] for step in steps]
        for days in late:
            self._run_parts(days, holes, on_step)
        for again in outdated(self._instance, self.spec):
            part = Step(again.first, again.last)
            since = f" since {again.first}" if again.last > again.first else ""
            on_step(part, f"made again{since}")
            self._run_daily(part, again.assets)
            self.made_again.update(part.days)
        return {day for days in late for day in days}

    def _require_a_file(self, complete: Collection[date]) -> None:
        """Requires that a first replay has something to read: a wrong path is no missing day."""
        said = "" if complete else no_file_at_all(self.spec, self._source, self.last)
        if said:
            raise HistoricalRunError(said)

    def _settled(self, missing: dict[date, frozenset[TableName]]) -> set[date]:
        with open_lake() as lake:
            return settled_days(self._instance, ModelContext.of(lake, self.spec), missing)

    def _run_parts(
        self,
        days: Sequence[date],
        holes: Mapping[date, Collection[TableName]],
        on_step: Callable[[Step, str], None],
    ) -> None:
        """Runs days of a step; of those without a file, what can be made without it.

        Days without a file are run together as far as they go, whatever the step: nothing is
        decided on them.
        """
        whole = {first: Step(first, last) for first, last in ranges(holes, alike=holes.get)}
        for first, last in ranges(days, alike=holes.get):
            if first not in holes:
                self._run_daily(Step(first, last))
            elif first in whole:
                hole = whole[first]
                since = f" since {first}" if hole.last > first else ""
                on_step(hole, f"no file of {' and '.join(sorted(holes[first]))}{since}")
                self._run_without(hole, holes[first])

    def _run_without(self, part: Step, missing: Collection[TableName]) -> None:
        """Lets days without a file fail, and makes what their run has left out because of that."""
        result = self._execute(part)
        causes = {getattr(_cause(error), "cls_name", "") for _, error in _errors(result)}
        if causes - {MissingDayError.__name__}:
            self._end(result, part)
        made = {event.asset_key for event in result.get_asset_materialization_events()}
        left = [name for name in assets_without(missing) if asset_key(self.spec, name) not in made]
        if left and not result.success:
            self._run_daily(part, left)

    def _close_what_was_interrupted(self) -> None:
        """Runs of an earlier replay, and moves, that never ended: their process was stopped."""
        records = self._instance.get_runs(
            dg.RunsFilter(tags={HISTORICAL_RUN_TAG: self.spec.name}, statuses=OPEN_STATUSES)
        )
        for record in records:
            self._instance.report_run_canceled(
                record, message="The process of this run was stopped; the next replay goes on."
            )
            if record.job_name == self._retraining.name:
                open_registry().close_run(self.spec.name, record.run_id)
        with open_lake() as lake:
            reconcile_transition(self._instance, ModelContext.of(lake, self.spec, open_registry()))

    def _run_daily(self, step: Step, assets: Sequence[str] | None = None) -> None:
        """Runs the daily job, or some of its assets, for the days of a step.

        What stops one day of several leaves the days before it done, as if they ran one by one.
        """
        result = self._execute(step, assets)
        if result.success:
            return
        if step.first == step.last:
            self._end(result, step)
        self._stop_if_asked(result, step.last)
        for day in step.days:
            self._run_daily(Step(day, day), assets)

    def _end(self, result: dg.ExecuteInProcessResult, step: Step) -> None:
        self._stop_if_asked(result, step.last)
        self._notify()
        raise self._explained(result, f"{step.first} to {step.last}")

    def _execute(
        self, step: Step, assets: Sequence[str] | None = None
    ) -> dg.ExecuteInProcessResult:
        tags = {
            MODEL_TAG: self.spec.name,
            DAY_TAG: step.last.isoformat(),
            REASON_TAG: "replay",
            HISTORICAL_RUN_TAG: self.spec.name,
        }
        partition: dict[str, Any] = {"partition_key": step.first.isoformat()}
        if step.first != step.last:
            partition = {}
            tags[ASSET_PARTITION_RANGE_START_TAG] = step.first.isoformat()
            tags[ASSET_PARTITION_RANGE_END_TAG] = step.last.isoformat()
        selection = [asset_key(self.spec, name) for name in assets] if assets is not None else None
        result = self._daily.execute_in_process(
            instance=self._instance,
            run_config=QUIET,
            tags=tags,
            asset_selection=selection,
            raise_on_error=False,
            **partition,
        )
        for made in result.get_asset_materialization_events():
            again = made.materialization.metadata.get(JUDGED_AGAIN)
            days = str(again.value).split(", ") if again else []
            self.judged_again.update(map(date.fromisoformat, days))
        return result

    def _decide(self, on_step: Callable[[Step, str], None], step: Step) -> None:
        """Lets the sensor look, and runs what it asks for, until it asks for nothing more."""
        asked: set[str] = set()
        while request := self._look(step):
            if request.run_key in asked:
                raise HistoricalRunError(
                    f"decision {request.run_key} was carried out and is asked for again; "
                    f"look at the runs of {self._retraining.name}"
                )
            asked.add(str(request.run_key))
            on_step(step, f"retraining ({request.tags[REASON_TAG]})")
            if not self._wait_for(request, step, on_step):
                self._retrain(request)

    def _look(self, step: Step) -> dg.RunRequest | None:
        try:
            with dg.build_sensor_context(
                instance=self._instance,
                repository_def=self._repository,
                resources={"lake": default_resources()["lake"]},
            ) as context:
                data = self._sensor.evaluate_tick(context)
                for event in data.asset_events:
                    self._instance.report_runless_asset_event(event)
        except (DagsterExecutionInterruptedError, RuntimeError) as error:
            if not is_interruption(repr(error)):
                raise
            raise HistoricalRunStopped(
                f"stopped at {step.last}; the same command goes on there"
            ) from error
        return data.run_requests[0] if data.run_requests else None

    def _wait_for(
        self, request: dg.RunRequest, step: Step, on_step: Callable[[Step, str], None]
    ) -> bool:
        """Whether another process, such as the daemon, carries the decision out; waits for it."""
        tags = {RUN_KEY_TAG: str(request.run_key)}
        theirs = [
            run
            for run in self._instance.get_runs(dg.RunsFilter(tags=tags))
            if run.tags.get(HISTORICAL_RUN_TAG) != self.spec.name
        ]
        if not theirs:
            return False
        on_step(step, f"waiting for run {theirs[0].run_id}, which dagster dev started")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            run = self._instance.get_run_by_id(theirs[0].run_id)
            if run is None or run.is_finished:
                return True
            time.sleep(POLL_SECONDS)
        raise HistoricalRunError(
            f"run {theirs[0].run_id} carries out decision {request.run_key} and has not ended for "
            f"{PATIENCE_SECONDS // 60} minutes; look at it in the UI, and terminate it if its "
            "process is gone"
        )

    def _retrain(self, request: dg.RunRequest) -> None:
        result = self._retraining.execute_in_process(
            instance=self._instance,
            run_config={**request.run_config, **QUIET},
            asset_selection=request.asset_selection,
            tags={
                **request.tags,
                RUN_KEY_TAG: str(request.run_key),
                SENSOR_NAME_TAG: self._sensor.name,
                HISTORICAL_RUN_TAG: self.spec.name,
            },
            raise_on_error=False,
        )
        if result.success:
            return
        with open_lake() as lake:
            decisions = ModelContext.of(lake, self.spec).store.decisions.entries(idle=False)
        outcomes = {row["decision"]: row["outcome"] for row in decisions}
        outcome = outcomes.get(request.tags[DECISION_TAG])
        if outcome == "rejected":
            return
        self._stop_if_asked(result, request.tags[DAY_TAG])
        what = f"decision {request.run_key}"
        if outcome == "failed":
            self.failed.append(self._explained(result, what))
            return
        self._notify()
        raise self._explained(result, what)

    def _notify(self) -> None:
        """Tells people what there is to tell; a receiver that is down holds nothing up."""
        if self.spec.notifications.urls:
            with open_lake() as lake:
                notify(ModelContext.of(lake, self.spec), self._instance)

    def _stop_if_asked(self, result: dg.ExecuteInProcessResult, day: object) -> None:
        """Dagster turns Ctrl-C into a failed run; here it is a stop, which the next call mends."""
        if is_interruption("".join(str(error) for _, error in _errors(result))):
            raise HistoricalRunStopped(f"stopped at {day}; the same command goes on there")

    def _explained(self, result: dg.ExecuteInProcessResult, what: str) -> Exception:
        """What failed in a run, for a user, or the bug that it was."""
        try:
            listed = "\n  ".join(f"{where}{_message(error)}" for where, error in _errors(result))
        except InternalError as error:
            return error
        return HistoricalRunError(
            f"{self.spec.name}, {what}: run {result.run_id} failed\n  {listed}"
        )


def _errors(result: dg.ExecuteInProcessResult) -> list[tuple[str, Any]]:
    """The errors of failed steps, each with its step; where no step failed, those of the run."""
    failures = [
        (f"{event.step_key}: ", event.step_failure_data.error)
        for event in result.all_events
        if event.is_step_failure and event.step_failure_data.error
    ]
    return failures or [
        ("", getattr(event.event_specific_data, "error", None) or event.message)
        for event in result.all_events
        if event.event_type == dg.DagsterEventType.RUN_FAILURE
    ]


def _cause(error: Any) -> Any:
    """What is beneath Dagster's own errors."""
    while getattr(error, "cause", None) is not None and str(error.cls_name).startswith("Dagster"):
        error = error.cause
    return error


def _message(error: Any) -> str:
    """What the project's code raised: neither what Dagster put around it nor what it rests on.

    Raises:
        InternalError: if nobody but a developer can mend it.
    """
    error = _cause(error)
    said = str(getattr(error, "message", error)).strip()
    # Python names an error by its module, which tells a user of the project nothing.
    own = re.sub(r"^(mlops_drift\.[\w.]+|dagster\.[\w.]+\.Failure): ", "", said)
    if own != said or not isinstance(error, SerializableErrorInfo):
        return own
    kind, _, text = said.partition(": ")
    told = sentence(kind if "." in kind else f"builtins.{kind}", text, error.stack)
    if told is None:
        raise InternalError(error.to_string())
    return told


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps the libraries' chatter out of the terminal; what goes wrong is raised or recorded."""
    logging.getLogger("alembic").setLevel(logging.ERROR)
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
