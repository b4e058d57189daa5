"""The retrainings of a run: the sensor looks, and what it asks for is run at once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.storage.tags import RUN_KEY_TAG, SENSOR_NAME_TAG

from mlops_drift.assets.common import DAY_TAG, DECISION_TAG, HISTORICAL_RUN_TAG, REASON_TAG
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError, is_interruption
from mlops_drift.gateways import open_lake
from mlops_drift.jobs import retraining_job_name
from mlops_drift.notifications.delivery import Delivery
from mlops_drift.resources import LAKE, default_resources
from mlops_drift.schema.days import days_between
from mlops_drift.sensors.notifications import notify
from mlops_drift.sensors.retraining import sensor_name
from mlops_drift.simulation.failures import Stopped, explained, stop_if_asked
from mlops_drift.simulation.instance import QUIET

POLL_SECONDS = 0.5
# How long a retraining that another process carries out may take.
PATIENCE_SECONDS = 1800


@dataclass(frozen=True)
class Step:
    """Consecutive days that are run together."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """All days of the step."""
        return days_between(self.first, self.last)


OnStep = Callable[[Step, str], None]


class Retrainings:
    """The retrainings of a run.

    Attributes:
        failed: what trainings raised.
        delivery: the last delivery of its messages; None where nobody gets any.
    """

    def __init__(
        self, spec: ModelSpec, instance: dg.DagsterInstance, definitions: dg.Definitions
    ) -> None:
        self._spec, self._instance = spec, instance
        self.failed: list[Exception] = []
        self.delivery: Delivery | None = None
        job = retraining_job_name(spec.name)
        self._job = None if spec.external else definitions.resolve_job_def(job)
        self._sensor = definitions.resolve_sensor_def(sensor_name(spec.name))
        self._repository = definitions.get_repository_def()

    def decide(self, on_step: OnStep, step: Step) -> None:
        """Lets the sensor look, and runs what it asks for, until it asks for nothing more."""
        asked: set[str] = set()
        while request := self._look(step):
            if self._job is None:
                # A job of the project is launched by `dagster dev`.
                on_step(step, f"job {request.job_name} is due ({request.tags[REASON_TAG]})")
                return
            if request.run_key in asked:
                again = f"decision {request.run_key} was carried out and is asked for again"
                raise UserError(f"{again}; look at the runs of {self._job.name}")
            asked.add(str(request.run_key))
            on_step(step, f"retraining ({request.tags[REASON_TAG]})")
            if not self._wait_for(request, step, on_step):
                self._retrain(self._job, request)

    def _look(self, step: Step) -> dg.RunRequest | None:
        try:
            with dg.build_sensor_context(
                instance=self._instance,
                repository_def=self._repository,
                resources={LAKE: default_resources()[LAKE]},
            ) as context:
                data = self._sensor.evaluate_tick(context)
                for event in data.asset_events:
                    self._instance.report_runless_asset_event(event)
        except (DagsterExecutionInterruptedError, RuntimeError) as error:
            if not is_interruption(repr(error)):
                raise
            raise Stopped(step.last) from error
        return data.run_requests[0] if data.run_requests else None

    def _wait_for(self, request: dg.RunRequest, step: Step, on_step: OnStep) -> bool:
        """Whether another process, such as the daemon, carries the decision out; waits for it."""
        runs = self._instance.get_runs(dg.RunsFilter(tags={RUN_KEY_TAG: str(request.run_key)}))
        theirs = [run for run in runs if run.tags.get(HISTORICAL_RUN_TAG) != self._spec.name]
        if not theirs:
            return False
        on_step(step, f"waiting for run {theirs[0].run_id}, which dagster dev started")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            run = self._instance.get_run_by_id(theirs[0].run_id)
            if run is None or run.is_finished:
                return True
            time.sleep(POLL_SECONDS)
        raise UserError(
            f"run {theirs[0].run_id} carries out decision {request.run_key} and has not ended for "
            f"{PATIENCE_SECONDS // 60} minutes; look at it in the UI, and terminate it if its "
            "process is gone"
        )

    def _retrain(self, job: dg.JobDefinition, request: dg.RunRequest) -> None:
        mine = {SENSOR_NAME_TAG: self._sensor.name, HISTORICAL_RUN_TAG: self._spec.name}
        result = job.execute_in_process(
            instance=self._instance,
            run_config=QUIET,
            asset_selection=request.asset_selection,
            tags={**request.tags, RUN_KEY_TAG: str(request.run_key), **mine},
            raise_on_error=False,
        )
        if result.success:
            return
        with open_lake() as lake:
            decisions = ModelContext.of(lake, self._spec).store.decisions
            record = decisions.get(request.tags[DECISION_TAG])
        if record and record.status == "rejected":
            return
        stop_if_asked(result, request.tags[DAY_TAG])
        error = explained(result, f"{self._spec.name}, decision {request.run_key}")
        if not record or record.status != "failed":
            self.notify()
            raise error
        self.failed.append(error)

    def notify(self) -> None:
        """Sends what there is to report; a receiver that is down does not stop the run."""
        if self._spec.messages.kinds:
            with open_lake() as lake:
                self.delivery = notify(ModelContext.of(lake, self._spec), self._instance)
