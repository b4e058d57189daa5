"""Runs a model through its days: real Dagster runs and the real sensor, on one instance.

Each step runs the daily job for a day or a range of days, then lets the sensor look and runs what
it asks for. A run can be interrupted anywhere: the next one closes the interrupted runs and goes on
at the first day that is not complete. A day without its file fails, is recorded, and is skipped.
When its file has come, the next run lands it and computes what depends on it again.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
)
from filelock import FileLock, Timeout

from mlops_drift import settings
from mlops_drift.assets.champion import show_reconciled
from mlops_drift.assets.common import (
    DAY_TAG,
    HISTORICAL_RUN_TAG,
    MODEL_TAG,
    REASON_TAG,
    asset_key,
    daily_assets,
)
from mlops_drift.assets.compaction import compaction_of
from mlops_drift.assets.landing import JUDGED_AGAIN
from mlops_drift.assets.report import show_report
from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import Model
from mlops_drift.definitions import definitions_of
from mlops_drift.errors import UserError, is_interruption
from mlops_drift.gateways import open_lake, open_registry
from mlops_drift.jobs import compaction_job_name, daily_job_name, retraining_job_name
from mlops_drift.lifecycle.report_files import kept_report
from mlops_drift.pipeline.missing_days import no_file_at_all
from mlops_drift.schema.days import days_between, ranges
from mlops_drift.sensors.late_files import assets_without, missing_days, outdated, settled_days
from mlops_drift.sensors.retraining import complete_days
from mlops_drift.sensors.runs import OPEN_STATUSES
from mlops_drift.simulation.failures import (
    Stopped,
    cause_of,
    errors_of,
    explained,
    stop_if_asked,
)
from mlops_drift.simulation.instance import QUIET
from mlops_drift.simulation.period import period
from mlops_drift.simulation.retrainings import OnStep, Retrainings, Step
from mlops_drift.sources.base import MissingDayError, TableName
from mlops_drift.store.compaction import too_many_files


@contextmanager
def only_one(model: str) -> Iterator[None]:
    """Lets one process at a time run a model, or reset it; a UserError if another one does."""
    settings.lock_root().mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(settings.lock_root() / f"run-{model}.lock").acquire(timeout=0)
    except Timeout as error:
        raise UserError(
            f"another `mlops-drift run {model}` is under way; wait for it to end"
        ) from error
    with lock:
        yield


class HistoricalRun:
    """A run of one model through its days, or those from `first` to `last`, `step` at a time.

    With `again` days that are complete are run again, with what rests on them.

    Attributes:
        made_again: days that had run, and were made again because an earlier day landed late.
        judged_again: days whose labels were judged again because events of an earlier day landed.
        failed: what trainings raised; the days after them have run all the same.
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
        self.first, self.last = period(self.spec, first, last)
        self._step, self._again = step, again
        self._source = self.spec.open_source(model.folder)
        self._instance = instance
        self.made_again: set[date] = set()
        self.judged_again: set[date] = set()
        definitions = definitions_of([model])
        # The report is about the last day: it is written when the last step is done.
        days = frozenset(asset_key(self.spec, name) for name in daily_assets(self.spec))
        daily = definitions.resolve_job_def(daily_job_name(self.spec.name))
        self._daily = daily.get_subset(asset_selection=days)
        self._compaction = definitions.resolve_job_def(compaction_job_name(self.spec.name))
        self._retrainings = Retrainings(self.spec, instance, definitions)
        self.failed = self._retrainings.failed

    def run(self, on_step: OnStep) -> None:
        """Runs every step that is not complete yet; `on_step` learns of each, and what is done."""
        with only_one(self.spec.name):
            self._close_what_was_interrupted()
            complete = complete_days(self._instance, self.spec)
            # A wrong path is no missing day.
            if not complete and (reason := no_file_at_all(self.spec, self._source, self.last)):
                raise UserError(reason)
            missing = missing_days(self._source, complete, self.first, self.last)
            with open_lake() as lake:
                model = ModelContext.of(lake, self.spec)
                done = complete | settled_days(self._instance, model, missing)
            days = days_between(self.first, self.last)
            if self._again:
                done -= set(days)
            holes = {day: tables for day, tables in missing.items() if day not in done}
            length = timedelta(days=self._step - 1)
            steps = [Step(day, min(day + length, self.last)) for day in days[:: self._step]]
            done |= self._take_in(steps, done, holes, max(complete, default=self.first), on_step)
            unfinished = [step for step in steps if not done.issuperset(step.days)]
            # Days of a step that was interrupted are decided on when the step is done again.
            if not unfinished or complete.isdisjoint(unfinished[0].days):
                self._retrainings.decide(on_step, steps[0])
            self._retrainings.notify()
            for step in steps:
                if step in unfinished:
                    on_step(step, "running")
                    left = [day for day in step.days if day not in done]
                    self._run_parts(left, holes, on_step)
                    if not holes.keys() >= set(left):
                        self._retrainings.decide(on_step, step)
                    self._retrainings.notify()
                    self._compact(step)
                on_step(step, "complete")
            self._show_report(has_changed=bool(unfinished or self.made_again))

    @property
    def unsent(self) -> str:
        """Why messages wait; empty if none does."""
        found = self._retrainings.delivery
        return found.error if found and found.waiting else ""

    def _show_report(self, *, has_changed: bool) -> None:
        """Writes the report; also one that an interrupted run owes."""
        with open_lake() as lake:
            model = ModelContext.of(lake, self.spec, open_registry())
            day = model.store.landing.last_landed_day()
            if day and (has_changed or not kept_report(self.spec.name, day).exists()):
                try:
                    show_report(self._instance, model)
                except RuntimeError as error:
                    if not is_interruption(repr(error)):
                        raise
                    raise Stopped(day) from error

    def _take_in(
        self,
        steps: Sequence[Step],
        done: Collection[date],
        holes: Mapping[date, Collection[TableName]],
        last: date,
        on_step: OnStep,
    ) -> set[date]:
        """Runs days before one that has run, and makes again what rests on them; the days run."""
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

    def _run_parts(
        self, days: Sequence[date], holes: Mapping[date, Collection[TableName]], on_step: OnStep
    ) -> None:
        """Runs days of a step; of those without a file, what can be made without it.

        Days without a file run together, whatever the step: nothing is decided on them.
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
        causes = {getattr(cause_of(error), "cls_name", "") for _, error in errors_of(result)}
        if causes - {MissingDayError.__name__}:
            self._end(result, part)
        made = {event.asset_key for event in result.get_asset_materialization_events()}
        left = [
            name
            for name in assets_without(self.spec, missing)
            if asset_key(self.spec, name) not in made
        ]
        if left and not result.success:
            self._run_daily(part, left)

    def _close_what_was_interrupted(self) -> None:
        """Completes or cancels what an earlier process left: runs, and a transition."""
        mine = dg.RunsFilter(tags={HISTORICAL_RUN_TAG: self.spec.name}, statuses=OPEN_STATUSES)
        message = "The process of this run was stopped; the next one goes on."
        for record in self._instance.get_runs(mine):
            self._instance.report_run_canceled(record, message=message)
            if record.job_name == retraining_job_name(self.spec.name):
                open_registry().close_run(self.spec.name, record.run_id)
        with open_lake() as lake:
            show_reconciled(self._instance, ModelContext.of(lake, self.spec, open_registry()))

    def _compact(self, step: Step) -> None:
        """Lets files be put together where there are too many; looks once in seven days."""
        if all(day.toordinal() % 7 for day in step.days):
            return
        with open_lake() as lake:
            tables = too_many_files(lake, self.spec.tables)
        if not tables:
            return
        tags = {MODEL_TAG: self.spec.name, HISTORICAL_RUN_TAG: self.spec.name}
        tags |= {DAY_TAG: step.last.isoformat(), REASON_TAG: "too many files"}
        result = self._compaction.execute_in_process(
            instance=self._instance,
            run_config={**QUIET, **compaction_of(self.spec, tables)},
            tags=tags,
            raise_on_error=False,
        )
        if not result.success:
            self._end(result, step)

    def _run_daily(self, step: Step, assets: Sequence[str] | None = None) -> None:
        """Runs the daily job, or some of its assets; the days before one that fails are done."""
        result = self._execute(step, assets)
        if result.success:
            return
        if step.first == step.last:
            self._end(result, step)
        stop_if_asked(result, step.last)
        for day in step.days:
            self._run_daily(Step(day, day), assets)

    def _end(self, result: dg.ExecuteInProcessResult, step: Step) -> None:
        stop_if_asked(result, step.last)
        self._retrainings.notify()
        raise explained(result, f"{self.spec.name}, {step.first} to {step.last}")

    def _execute(
        self, step: Step, assets: Sequence[str] | None = None
    ) -> dg.ExecuteInProcessResult:
        tags = {MODEL_TAG: self.spec.name, HISTORICAL_RUN_TAG: self.spec.name}
        tags |= {DAY_TAG: step.last.isoformat(), REASON_TAG: "historical run"}
        one_day = step.first == step.last
        if not one_day:
            tags[ASSET_PARTITION_RANGE_START_TAG] = step.first.isoformat()
            tags[ASSET_PARTITION_RANGE_END_TAG] = step.last.isoformat()
        result = self._daily.execute_in_process(
            instance=self._instance,
            run_config=QUIET,
            tags=tags,
            asset_selection=[asset_key(self.spec, name) for name in assets] if assets else None,
            partition_key=step.first.isoformat() if one_day else None,
            raise_on_error=False,
        )
        for made in result.get_asset_materialization_events():
            if again := made.materialization.metadata.get(JUDGED_AGAIN):
                self.judged_again.update(map(date.fromisoformat, str(again.value).split(", ")))
        return result
