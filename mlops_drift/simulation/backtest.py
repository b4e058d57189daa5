"""History replayed without Dagster, to choose a policy before trusting it.

The same steps as in the assets run over tables in memory and a registry in memory. Days are done
some at a time, as if nothing were decided in between; when the policy does decide to retrain, the
days after that are done again with the new version. Days without their file are passed over as in
a run.
"""

import tempfile
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from math import nan
from multiprocessing import active_children, get_context
from pathlib import Path
from queue import Empty
from statistics import fmean
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec, require_judgeable
from mlops_drift.errors import UserError
from mlops_drift.learning.metrics.evaluation import evaluate
from mlops_drift.learning.metrics.registry import metric_named
from mlops_drift.learning.training_set import TrainingSet
from mlops_drift.lifecycle.decisions import decide_days, record_decision
from mlops_drift.lifecycle.retraining import carry_out
from mlops_drift.lifecycle.timeline import read_timeline
from mlops_drift.monitors.config import AgeMonitor
from mlops_drift.monitors.model_age import ModelAge
from mlops_drift.monitors.registry import require_checks
from mlops_drift.pipeline.features import make_features
from mlops_drift.pipeline.landing import land_events, land_labels, record_missing
from mlops_drift.pipeline.missing_days import TABLES, no_file_at_all
from mlops_drift.pipeline.monitoring import MEASURED, measure_drift, measure_performance
from mlops_drift.pipeline.scoring import score_days
from mlops_drift.pipeline.training import OnTrial, train_package
from mlops_drift.policy.config import RetrainingPolicy
from mlops_drift.policy.decision import NO_CHAMPION
from mlops_drift.registry.base import VersionPackage
from mlops_drift.registry.memory import MemoryRegistry
from mlops_drift.schema.days import days_between, ranges
from mlops_drift.schema.fields import Name
from mlops_drift.simulation.period import period
from mlops_drift.sources.base import Source, TableName
from mlops_drift.store.decision_log import IDLE
from mlops_drift.store.memory import MemoryLake
from mlops_drift.store.model_store import ModelStore

NEVER, ON_FAILED_CHECKS, HYBRID = "never", "on failed checks", "hybrid"
DEFAULT_EVERY = 30

# Days done at a time: more of them cost less each, but are done in vain after a retraining.
FEWEST_DAYS, MOST_DAYS = 7, 56

# Nobody approves in a replay: a challenger that passes its gates serves.
UNATTENDED = {"mode": "retrain", "approval": "automatic"}

OnDay = Callable[[str, date], None]


class BacktestError(UserError):
    """A backtest cannot be made as asked; the message says why and what would be right."""


@dataclass(frozen=True)
class Variant:
    """A policy to replay history with, and the age from which a version is old."""

    policy: RetrainingPolicy
    age: AgeMonitor

    def of(self, spec: ModelSpec) -> ModelSpec:
        """The model under this policy."""
        monitors = spec.monitors.model_copy(update={"age": self.age})
        return spec.model_copy(update={"policy": self.policy, "monitors": monitors})


def every(days: int) -> str:
    """Name of the policy that retrains every so many days.

    >>> every(30)
    'every 30 days'
    """
    return f"every {days} days"


def standard_policies(spec: ModelSpec, days: int | None = None) -> dict[str, Variant]:
    """Never, every so many days, on failed checks, and hybrid (both).

    All but what asks for a retraining, and that nobody has to approve it, is as in the model's own
    policy: what a retraining takes, the cooldown, the budget.

    Args:
        spec: the model.
        days: between two retrainings; the model's greatest age, or 30, where missing.
    """
    own, age = spec.policy, spec.monitors.age
    length = days or age.max_days or DEFAULT_EVERY
    aged = AgeMonitor(max_days=length)
    checks = [name for name in own.retrain_on if name != ModelAge.name]

    def on(*names: Any) -> RetrainingPolicy:
        return own.model_copy(update={"retrain_on": list(names), **UNATTENDED})

    return {
        NEVER: Variant(on(), age),
        every(length): Variant(on(ModelAge.name), aged),
        ON_FAILED_CHECKS: Variant(on(*checks), age),
        HYBRID: Variant(on(*checks, ModelAge.name), aged),
    }


class Backtest:
    """The history of one model, landed once, to be walked through under several policies.

    Args:
        spec: the model.
        source: where its events and labels come from.
        first: first day; the model's start where missing.
        last: last day; the model's end where missing.

    Raises:
        PeriodError: if the days do not fit the model.
    """

    def __init__(
        self, spec: ModelSpec, source: Source, first: date | None = None, last: date | None = None
    ) -> None:
        self.spec = spec
        self.first, self.last = period(spec, first, last)
        self._source = source
        said = no_file_at_all(spec, source, self.last)
        if said:
            raise BacktestError(said)
        self._missing = {
            table: source.missing_days(table, self.first, self.last) for table in TABLES
        }
        self._packages: dict[tuple[tuple[str, str], ...], VersionPackage] = {}

    def run(
        self,
        policies: Mapping[str, Variant],
        on_day: OnDay = lambda policy, day: None,
        processes: int = 1,
    ) -> dict[str, Any]:
        """Walks through the history under each policy.

        Args:
            policies: the policies by name.
            on_day: called with the policy and each day that is done.
            processes: how many policies are walked through at the same time.

        Returns:
            `model`, `metric`, `greater_is_better`, `floor`, `first_day`, `last_day`, `missing_days`
            (day, source, file), and under `policies` for each one: `periods` (start, end, n,
            metric, value, version: by calendar month, by all labels that ever arrived, the version
            that served most), `alarms`,
            `warnings`, `decisions`, `versions` (as `mlops-drift run` gives them), `retrainings`
            after the first version, `mean_value` over all predictions, `detection_delay` (mean
            days from the first failing production day to the decision), `labels_used` in all
            training sets, `seconds`.
        """
        metric = self.spec.training.metric
        walk = self._walk_apart if processes > 1 and len(policies) > 1 else self._walk_together
        return {
            "model": self.spec.name,
            "metric": metric,
            "greater_is_better": metric_named(metric).greater_is_better,
            "floor": self.spec.monitors.performance.floor,
            "first_day": self.first,
            "last_day": self.last,
            "missing_days": self._missing_files(),
            "policies": walk(policies, on_day, processes),
        }

    def _walk_together(
        self, policies: Mapping[str, Variant], on_day: OnDay, processes: int
    ) -> dict[str, Any]:
        """One policy after the other; what they have in common is landed and trained once."""
        with self._landed() as (landed, folder):
            return {
                name: self._walk(name, variant.of(self.spec), landed, folder / str(number), on_day)
                for number, (name, variant) in enumerate(policies.items())
            }

    def _walk_apart(
        self, policies: Mapping[str, Variant], on_day: OnDay, processes: int
    ) -> dict[str, Any]:
        """Each policy in a process of its own."""
        # Not forked: the threads of DuckDB and Arrow do not survive that.
        context = get_context("spawn")
        days = context.Manager().Queue()
        with ProcessPoolExecutor(processes, context) as pool:
            walks = {
                name: pool.submit(_walk_one, self, name, variant, days)
                for name, variant in policies.items()
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
            raise BacktestError(
                "a process was ended from outside, most likely for want of memory; use fewer with "
                "--processes"
            ) from None

    @contextmanager
    def _landed(self) -> Iterator[tuple[MemoryLake, Path]]:
        """Everything that arrived, in memory, and a folder for training sets."""
        # Threads cost such small queries more than they save.
        single = duckdb.connect(config={"threads": 1})
        with tempfile.TemporaryDirectory() as folder, single as connection:
            lake = MemoryLake(folder, connection)
            self._land(ModelContext.of(lake, self.spec))
            yield lake, Path(folder)

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

    def _missing_files(self) -> list[dict[str, Any]]:
        """The files that are missing, as the record of a run has them."""
        found = sorted(
            (day, table, file)
            for table, places in self._missing.items()
            for day, file in places.items()
        )
        return [{"day": day, "source": table, "file": file} for day, table, file in found]

    def _walk(
        self, name: str, spec: ModelSpec, landed: MemoryLake, folder: Path, on_day: OnDay
    ) -> dict[str, Any]:
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
        return {**self._story(model), "seconds": round(time.monotonic() - started, 2)}

    def _decide(
        self,
        name: str,
        model: ModelContext,
        first: date,
        last: date,
        on_day: OnDay,
    ) -> date | None:
        """Decides at the end of each day, up to the one at whose end a version is trained."""
        day = first
        while day <= last:
            for decision in decide_days(model, day, last):
                on_day(name, day)
                # What a day without its file has shown is decided on at the end of the next.
                missing = any(day in places for places in self._missing.values())
                if decision.action not in IDLE and not missing:
                    break
                day += timedelta(days=1)
            else:
                return None
            record_decision(model.store, decision)
            if decision.action == "retrain":
                carry_out(model, decision, trainer=self._train)
                return day
        return None

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

    def _story(
        self,
        model: ModelContext,
    ) -> dict[str, Any]:
        timeline = read_timeline(model, self.first, self.last)
        outcomes = model.store.predictions.final_outcomes(self.first, self.last)
        again = [row for row in timeline.decisions if _is_retraining(row)]
        delays = [
            (row["day"] - first_failing).days
            for row in again
            if (first_failing := row["first_failing_day"]) is not None
        ]
        return {
            "periods": _periods(model.spec, outcomes),
            "alarms": timeline.alarms,
            "warnings": timeline.warnings,
            "decisions": timeline.decisions,
            "versions": timeline.versions,
            "retrainings": len(again),
            "mean_value": _value(model.spec, outcomes),
            "detection_delay": fmean(delays) if delays else None,
            "labels_used": sum(row["rows"] for row in timeline.versions),
        }


def _walk_one(history: Backtest, name: str, variant: Variant, days: Any) -> dict[str, Any]:
    """Walks through the history under one policy, in a process that does nothing else."""
    warnings.simplefilter("ignore")

    def on_day(policy: str, day: date) -> None:
        days.put((policy, day))

    found: dict[str, Any] = history.run({name: variant}, on_day)["policies"][name]
    return found


def _forget(store: ModelStore, first: date, last: date) -> None:
    """Takes back days that were done before it was known which version serves them."""
    tables = store.tables
    for table in (tables.predictions, tables.profiles, tables.drift):
        store.lake.replace_days(table, first, last, table.schema.empty_table())
    for asset in MEASURED:
        store.checks.replace(asset, first, last, [])


def _is_retraining(decision: Mapping[str, Any]) -> bool:
    return decision["action"] == "retrain" and NO_CHAMPION not in decision["rules"]


def _periods(spec: ModelSpec, outcomes: pa.Table) -> list[dict[str, Any]]:
    """The metric of each calendar month that has predictions."""
    days = outcomes["day"].to_pylist()
    versions = outcomes["version"].to_numpy()
    periods = []
    for _, group in groupby(range(len(days)), key=lambda row: (days[row].year, days[row].month)):
        rows = list(group)
        part = outcomes.slice(rows[0], len(rows))
        served, counts = np.unique(versions[rows], return_counts=True)
        labelled = len(rows) - part["label"].null_count
        periods.append(
            {
                "start": days[rows[0]],
                "end": days[rows[-1]],
                "n": labelled,
                "metric": spec.training.metric,
                "value": _value(spec, part),
                "version": int(served[counts.argmax()]),
            }
        )
    return periods


def _value(spec: ModelSpec, outcomes: pa.Table) -> float:
    labelled = outcomes.filter(outcomes["label"].is_valid())
    if not labelled.num_rows:
        return nan
    truth, prediction, score = (
        labelled[name].to_numpy() for name in ("label", "prediction", "score")
    )
    return evaluate(spec.training.metric, spec.target, truth, prediction, score)


class _FieldsOfPolicy(RetrainingPolicy):
    max_age_days: int | None = None


# What a file of policies holds.
PoliciesFile = dict[Name, _FieldsOfPolicy]


def read_policies(content: Any, spec: ModelSpec, taken: Collection[str] = ()) -> dict[str, Variant]:
    """Policies as a YAML file names them: fields that differ from the model's own policy.

    Args:
        content: `{name: {field: value}}`; `max_age_days` stands for the greatest age.
        spec: the model.
        taken: names that other policies have.

    Raises:
        BacktestError: if a name is taken, or a field or a value is wrong.
    """
    from pydantic import ValidationError

    if not isinstance(content, dict) or not all(isinstance(v, dict) for v in content.values()):
        raise BacktestError(
            "the file of policies must map a name to fields of a policy, such as\n"
            "  careful: {cooldown_days: 30, retrain_on: [performance_drop]}"
        )
    variants = {}
    for name, fields in content.items():
        if str(name) in taken:
            raise BacktestError(
                f"policy {name!r}: the name belongs to a standard policy; choose another"
            )
        attended = [field for field in UNATTENDED if field in fields]
        if attended:
            raise BacktestError(
                f"policy {name!r}, {attended[0]}: nobody approves or trains by hand in a replay, "
                "where a challenger that passes its gates serves; leave it out"
            )
        own = {**spec.policy.model_dump(), **fields, **UNATTENDED}
        age = own.pop("max_age_days", spec.monitors.age.max_days)
        try:
            variant = Variant(RetrainingPolicy.model_validate(own), AgeMonitor(max_days=age))
            require_checks(spec.monitors, variant.policy.retrain_on)
            require_judgeable(variant.policy, spec.training, spec.gates)
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"])).replace("max_days", "max_age_days")
            said = f"{problem['msg']}, found {problem['input']!r}"
            if problem["type"] == "extra_forbidden":
                known = [name for name in _FieldsOfPolicy.model_fields if name not in UNATTENDED]
                said = f"there is no such field; there are {', '.join(known)}"
            found = f", {where}: {said}"
            wrong = found if where else f": {problem['msg']}"
        except ValueError as error:
            wrong = f": {error}"
        else:
            variants[str(name)] = variant
            continue
        # Not within `except`: a validation error keeps alive all that it was raised from.
        raise BacktestError(f"policy {name!r}{wrong}")
    return variants
