"""History run day by day without Dagster, to choose a policy before trusting it.

The same steps as in the assets run over tables and a registry in memory. Days are done some at a
time, as if nothing were decided in between; after a retraining, the days after it are done again
with the new version. Days without their file are skipped as in a run.
"""

import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date, timedelta
from multiprocessing import active_children, get_context
from operator import itemgetter
from pathlib import Path
from queue import Empty, Queue

import duckdb

from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import Model
from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError
from mlops_drift.gateways import open_lake
from mlops_drift.learning.metrics.registry import metric_named
from mlops_drift.learning.training_set import TrainingSet
from mlops_drift.lifecycle.decisions import decide_days
from mlops_drift.lifecycle.retraining import RetrainingRun
from mlops_drift.memory import memory_bound
from mlops_drift.pipeline.features import make_features
from mlops_drift.pipeline.landing import land_events, land_labels, record_missing
from mlops_drift.pipeline.missing_days import no_file_at_all
from mlops_drift.pipeline.monitoring import MEASURED, measure_drift, measure_performance
from mlops_drift.pipeline.scoring import score_days
from mlops_drift.pipeline.training import OnTrial, train_package
from mlops_drift.policy.decision import IDLE
from mlops_drift.registry.base import VersionPackage
from mlops_drift.registry.memory import MemoryRegistry
from mlops_drift.schema.days import days_between, ranges
from mlops_drift.simulation.period import period
from mlops_drift.simulation.summary import summarize
from mlops_drift.sources.base import TableName
from mlops_drift.sources.service import ServiceSource
from mlops_drift.store.memory import MemoryLake
from mlops_drift.store.model_store import ModelStore

# Days done at a time: more of them cost less each, but are done in vain after a retraining.
FEWEST_DAYS, MOST_DAYS = 7, 56

OnDay = Callable[[str, date], None]


class Backtest:
    """The history of one model, to be run day by day under several policies.

    A UserError says that the days do not fit the model, or that no day has a file.
    """

    def __init__(self, model: Model, first: date | None = None, last: date | None = None) -> None:
        self.spec = model.spec
        self.first, self.last = period(self.spec, first, last)
        self._source = source = self.spec.open_source(model.folder)
        if reason := no_file_at_all(self.spec, source, self.last):
            raise UserError(reason)
        self._missing = {
            table: source.missing_days(table, self.first, self.last) for table in source.tables
        }
        self._packages: dict[tuple[tuple[str, str], ...], VersionPackage] = {}

    def run(
        self,
        policies: Mapping[str, ModelSpec],
        on_day: OnDay = lambda policy, day: None,
        processes: int = 1,
    ) -> dict[str, object]:
        """Runs the history day by day under each policy, `processes` of them at the same time.

        Returns:
            `model`, `metric`, `greater_is_better`, `floor`, `first_day`, `last_day`, `missing_days`
            (day, source, file), and under `policies` for each one its `summarize` and `seconds`.
        """
        metric = self.spec.training.metric
        missing = [
            {"day": day, "source": table, "file": file}
            for table, places in self._missing.items()
            for day, file in places.items()
        ]
        return {
            "model": self.spec.name,
            "metric": metric,
            "greater_is_better": metric_named(metric).greater_is_better,
            "floor": self.spec.monitors.performance.floor,
            "first_day": self.first,
            "last_day": self.last,
            "missing_days": sorted(missing, key=itemgetter("day")),
            "policies": self._walk_apart(policies, on_day, processes)
            if processes > 1 and len(policies) > 1
            else self._walk_together(policies, on_day),
        }

    def _walk_together(
        self, policies: Mapping[str, ModelSpec], on_day: OnDay
    ) -> dict[str, dict[str, object]]:
        """One policy after the other; what they have in common is landed and trained once."""
        with self._landed() as (landed, folder):
            return {
                name: self._walk(name, spec, landed, folder / str(number), on_day)
                for number, (name, spec) in enumerate(policies.items())
            }

    def _walk_apart(
        self, policies: Mapping[str, ModelSpec], on_day: OnDay, processes: int
    ) -> dict[str, object]:
        """Each policy in a process of its own."""
        # Not forked: the threads of DuckDB and Arrow do not survive that.
        context = get_context("spawn")
        days = context.Manager().Queue()
        with ProcessPoolExecutor(processes, context) as pool:
            walks = {
                name: pool.submit(self._walk_one, name, spec, days)
                for name, spec in policies.items()
            }
            try:
                while not all(walk.done() for walk in walks.values()):
                    with suppress(Empty):
                        on_day(*days.get(timeout=0.2))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for process in active_children():
                    process.terminate()
                raise
        try:
            return {name: walk.result() for name, walk in walks.items()}
        except BrokenProcessPool:
            ended = "a process was ended from outside, most likely for lack of memory"
            raise UserError(f"{ended}; use fewer with --processes") from None

    def _walk_one(
        self, name: str, spec: ModelSpec, days: "Queue[tuple[str, date]]"
    ) -> dict[str, object]:
        """One policy, in a process that does nothing else."""
        warnings.simplefilter("ignore")
        walks = self._walk_together({name: spec}, lambda policy, day: days.put((policy, day)))
        return walks[name]

    @contextmanager
    def _landed(self) -> Iterator[tuple[MemoryLake, Path]]:
        """Everything that arrived, in memory, and a folder for training sets."""
        # Threads cost such small queries more than they save.
        single = duckdb.connect(config={"threads": 1, **memory_bound()})
        with tempfile.TemporaryDirectory() as folder, single as connection:
            lake = MemoryLake(folder, connection)
            self._take_served(lake)
            self._land(ModelContext.of(lake, self.spec))
            yield lake, Path(folder)

    def _take_served(self, lake: MemoryLake) -> None:
        """What a service has answered arrived too; whose answers they were is nothing to it."""
        table = self.spec.tables.served
        if isinstance(self.spec.source, ServiceSource):
            with open_lake() as stored:
                lake.replace_days(table, date.min, date.max, stored.read(table))

    def _land(self, model: ModelContext) -> None:
        for table, places in self._missing.items():
            record_missing(model, table, places)
        for first, last in self._days_with("events", self.first, self.last):
            land_events(model, self._source, first, last)
        for first, last in self._days_with("labels", self.first, self.last):
            land_labels(model, self._source, first, last)
        for first, last in self._days_with("events", self.first, self.last):
            make_features(model, first, last)

    def _days_with(self, table: TableName, first: date, last: date) -> list[tuple[date, date]]:
        """The days that have their file of a table, as ranges."""
        return ranges([day for day in days_between(first, last) if day not in self._missing[table]])

    def _walk(
        self, name: str, spec: ModelSpec, landed: MemoryLake, folder: Path, on_day: OnDay
    ) -> dict[str, object]:
        started = time.monotonic()
        model = ModelContext.of(landed.copy(folder), spec, MemoryRegistry())
        day, length = self.first, FEWEST_DAYS
        while day <= self.last:
            end = min(day + timedelta(days=length - 1), self.last)
            for first, last in self._days_with("events", day, end):
                score_days(model, first, last)
                measure_drift(model, first, last, for_the_record=False)
            for first, last in self._days_with("labels", day, end):
                measure_performance(model, first, last)
            decided = self._decide(name, model, day, end, on_day)
            length = FEWEST_DAYS if decided else min(2 * length, MOST_DAYS)
            if decided and decided < end:
                _forget(model.store, decided + timedelta(days=1), end)
            day = (decided or end) + timedelta(days=1)
        return {
            **summarize(model, self.first, self.last),
            "seconds": round(time.monotonic() - started, 2),
        }

    def _decide(
        self, name: str, model: ModelContext, first: date, last: date, on_day: OnDay
    ) -> date | None:
        """Decides at the end of each day, up to the one at whose end a version is trained."""
        day = first
        while True:
            for decision in decide_days(model, day, last):
                on_day(name, day)
                # What a day without its file has shown is decided on at the end of the next.
                missing = any(day in places for places in self._missing.values())
                if decision.action not in IDLE and not missing:
                    break
                day += timedelta(days=1)
            else:
                return None
            model.store.decisions.record(decision)
            if decision.action == "retrain":
                RetrainingRun(model, decision.id).carry_out(trainer=self._train)
                return day

    def _train(
        self,
        spec: ModelSpec,
        training_set: TrainingSet,
        identity: Mapping[str, str],
        as_of: date,
        on_trial: OnTrial,
    ) -> VersionPackage:
        """Trains once what several policies train alike."""
        key = tuple(sorted(identity.items()))
        if key not in self._packages:
            self._packages[key] = train_package(spec, training_set, identity, as_of, on_trial)
        package = self._packages[key]
        # A policy that trains the same version on another day has it from that day on.
        return replace(package, tags={**package.tags, "as_of": as_of.isoformat()})


def _forget(store: ModelStore, first: date, last: date) -> None:
    """Takes back days that were done before it was known which version serves them."""
    tables = store.tables
    for table in (tables.predictions, tables.profiles, tables.drift):
        store.lake.replace_days(table, first, last, table.schema.empty_table())
    for asset in MEASURED:
        store.checks.replace(asset, first, last, [])
