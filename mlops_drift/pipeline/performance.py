"""Performance of the days in production: realized as labels arrive, and estimated before."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.learning.metrics import Array
from mlops_drift.monitors.checks import (
    MODEL_AGE,
    PERFORMANCE_DROP,
    REALIZED,
    SLICE_PERFORMANCE,
)
from mlops_drift.monitors.performance import (
    MIN_TEST_ROWS,
    Labelled,
    Measured,
    PerformanceVerdict,
    judge_age,
    judge_business_value,
    judge_performance,
    measure_business_value,
    measure_metric,
    slice_texts,
    slices_of,
    unjudged,
)
from mlops_drift.pipeline.error_sequence import judge_errors
from mlops_drift.pipeline.estimates import Estimates
from mlops_drift.pipeline.labels import LabelDrift
from mlops_drift.pipeline.missing_days import in_short, without_events
from mlops_drift.sql import identifier
from mlops_drift.store.predictions import slice_column, slice_text
from mlops_drift.store.records import Promotion, VersionRecord


@dataclass(frozen=True)
class PerformanceDay:
    """What was known about performance at the end of a day.

    Attributes:
        day: the as-of day.
        champion: the version that served then; only it is judged.
        verdicts: every number, also those about replaced versions whose labels arrived.
    """

    day: date
    champion: Promotion | None
    verdicts: Sequence[PerformanceVerdict]

    @property
    def judged(self) -> list[PerformanceVerdict]:
        """The verdicts about the champion."""
        if self.champion is None:
            return []
        return [item for item in self.verdicts if item.version == self.champion.version]


class Version:
    """A version and what it reached on its test split: what production is measured against.

    Args:
        model: the model.
        record: the version.
    """

    def __init__(self, model: ModelContext, record: VersionRecord) -> None:
        self._spec, self._store, self.record = model.spec, model.store, record
        self.test = Measured(record.value, record.lower, record.upper, record.n_test)
        self._slices: dict[tuple[str, str], Measured | None] = {}

    @cached_property
    def test_rows(self) -> pd.DataFrame:
        """The test split with the version's predictions for it."""
        record = self.record
        predicted = self._store.training_sets.read_test_predictions(
            record.training_set, record.version
        )
        features = self._store.training_sets.read(record.training_set).test
        names = [
            *(f"f.{identifier(name)}" for name in [self._spec.key, *self._spec.columns]),
            *map(slice_text, self._spec.monitors.performance.slices),
        ]
        selected = self._store.lake.query(f"SELECT {', '.join(names)} FROM f", f=features)
        rows: pd.DataFrame = predicted.to_pandas().merge(selected.to_pandas(), on=self._spec.key)
        return rows

    def slice_test(self, column: str, value: str) -> Measured | None:
        """The test result of one slice; None where the test split has too few of its rows."""
        if (column, value) not in self._slices:
            rows = self.test_rows
            mine = rows[slice_texts(rows[slice_column(column)].to_numpy(dtype=object)) == value]
            self._slices[column, value] = self._measure(mine)
        return self._slices[column, value]

    def _measure(self, rows: pd.DataFrame) -> Measured | None:
        if len(rows) < MIN_TEST_ROWS:
            return None
        spec = self._spec
        truth, prediction, score = (
            rows[name].to_numpy() for name in (spec.target.column, "prediction", "score")
        )
        metric, seed = spec.training.metric, spec.training.seed
        return measure_metric(metric, spec.target, truth, prediction, score, seed)

    @cached_property
    def worth(self) -> Measured:
        """Mean worth of a prediction on the test split."""
        spec, rows = self._spec, self.test_rows
        business = spec.monitors.performance.business
        if business is None:
            raise ValueError(f"{spec.name} declares no business value")
        truth, prediction = (rows[name].to_numpy() for name in (spec.target.column, "prediction"))
        return measure_business_value(business, spec.target, truth, prediction)


def measure_performance(model: ModelContext, first: date, last: date) -> list[PerformanceDay]:
    """Measures what the days `first` to `last` told about performance, and stores it.

    Realized performance is of every production day that labels arrived for; for each as-of day
    only labels known at its end are used, the last one for each event. A window ends on a
    production day that got labels, and never mixes versions; the reason of one that holds days
    without a file of events says so.
    """
    spec = model.spec
    store = model.store
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    monitors = spec.monitors
    lookback = max(*monitors.performance.windows, *monitors.drift.windows)
    outcomes = store.predictions.outcomes(first, last, lookback, monitors.performance.slices)
    known = _in_order(outcomes.to_pandas(date_as_object=True))
    versions = {record.version: Version(model, record) for record in store.versions.all()}
    champions = store.versions.champions(first, last)
    store.versions.require_kept(item.version for item in champions.values() if item)
    realized = _Outcomes(known)
    labels = LabelDrift(model, champions, known)
    estimates = Estimates(model, champions, versions)
    rejections = store.decisions.rejections()
    missing = without_events(store, spec.start_date, last)
    measured = []
    for day in days:
        champion = champions[day]
        verdicts = _realized(spec, day, champion, realized, versions)
        if champion is not None:
            verdicts += _unmeasured(spec, day, champion, verdicts)
            verdicts += labels.judge(day, champion)
            verdicts += estimates.judge(day, champion)
            verdicts += judge_errors(model, day, champion)
            retrained = max(
                [champion.as_of, *(d for d in rejections.get(champion.version, []) if d < day)]
            )
            aged = judge_age(champion.version, retrained, day, monitors.age.max_days)
            verdicts += [aged] if aged else []
        judged = [replace(item, reason=item.reason + _lacks(item, missing)) for item in verdicts]
        measured.append(PerformanceDay(day, champion, judged))
    rows = [{"day": item.day, **asdict(verdict)} for item in measured for verdict in item.verdicts]
    table = store.tables.performance
    store.lake.replace_days(table, first, last, pa.Table.from_pylist(rows, schema=table.schema))
    return measured


def _lacks(verdict: PerformanceVerdict, missing: Sequence[date]) -> str:
    """Which days the window of a verdict holds that had no file of events."""
    if verdict.check == MODEL_AGE:
        return ""
    since = verdict.production_day - timedelta(days=verdict.window)
    return in_short([day for day in missing if since < day < verdict.production_day])


def _in_order(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Outcomes with days as numbers: objects are compared slowly."""
    for name in ("day", "label_day"):
        outcomes[name] = np.array([day.toordinal() for day in outcomes[name]], dtype=np.int64)
    return outcomes


class _Outcomes:
    """Labelled predictions as columns, ordered by day, version, event and arrival."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.columns = {str(name): frame[name].to_numpy() for name in frame.columns}
        self._event = pd.factorize(frame["key"])[0]

    def arrived(self, now: int) -> dict[int, list[int]]:
        """The production days that labels of a day are about, by version."""
        here = self.columns["label_day"] == now
        versions, days = self.columns["version"][here], self.columns["day"][here]
        return {
            int(version): np.unique(days[versions == version]).tolist()
            for version in np.unique(versions)
        }

    def known(self, now: int, version: int, since: int) -> dict[str, Array]:
        """The predictions of a version, from a day on, with the last label that had arrived."""
        columns = self.columns
        mine = np.flatnonzero(
            (columns["version"] == version)
            & (columns["label_day"] <= now)
            & (columns["day"] >= since)
        )
        events = self._event[mine]
        last = mine[np.append(events[1:] != events[:-1], True)] if len(mine) else mine
        return {name: values[last] for name, values in columns.items()}


def _realized(
    spec: ModelSpec,
    day: date,
    champion: Promotion | None,
    outcomes: _Outcomes,
    versions: Mapping[int, Version],
) -> list[PerformanceVerdict]:
    now = day.toordinal()
    lookback = max(spec.monitors.performance.windows)
    verdicts: list[PerformanceVerdict] = []
    for number, touched in outcomes.arrived(now).items():
        rows = outcomes.known(now, number, touched[0] - lookback)
        found = _judge_version(spec, versions[number], rows, touched)
        if champion is not None and number != champion.version:
            why = f"not judged: version {champion.version} serves since the end of {champion.as_of}"
            found = [unjudged(item, why) for item in found]
        verdicts += found
    return verdicts


def _unmeasured(
    spec: ModelSpec, day: date, champion: Promotion, verdicts: Sequence[PerformanceVerdict]
) -> list[PerformanceVerdict]:
    """What no label of the day says anything about."""
    monitor = spec.monitors.performance
    judged = {item.check for item in verdicts if item.version == champion.version}
    delay = spec.target.label_delay_days
    why = (
        f"no label arrived for a prediction of version {champion.version}; labels are due "
        f"{delay} day{'' if delay == 1 else 's'} after their event"
    )
    return [
        PerformanceVerdict(
            check=check,
            production_day=day,
            window=min(monitor.windows),
            version=champion.version,
            metric=spec.training.metric,
            n=0,
            verdict="unknown",
            reason=why,
        )
        for check in REALIZED
        if check not in monitor.unwatched and check not in judged
    ]


def _judge_version(
    spec: ModelSpec, version: Version, rows: Mapping[str, Array], touched: Sequence[int]
) -> list[PerformanceVerdict]:
    """Everything about one version at the end of one day; each check is one family."""
    monitor, target = spec.monitors.performance, spec.target
    number, seed, metric = version.record.version, spec.training.seed, spec.training.metric
    windows = _windows(rows, touched, monitor.windows)
    verdicts = judge_performance(
        PERFORMANCE_DROP,
        metric,
        target,
        windows,
        [version.test] * len(windows),
        monitor,
        version=number,
        seed=seed,
    )
    if 1 not in monitor.windows:
        days = _windows(rows, touched, [1])
        tests = [version.test] * len(days)
        verdicts += [
            unjudged(item, "a single day is not judged")
            for item in judge_performance(
                PERFORMANCE_DROP, metric, target, days, tests, monitor, version=number, seed=seed
            )
        ]
    slices, tests_of_slices = _slices(spec, version, rows, touched)
    if slices:
        verdicts += judge_performance(
            SLICE_PERFORMANCE,
            metric,
            target,
            slices,
            tests_of_slices,
            monitor,
            version=number,
            seed=seed,
        )
    if monitor.business is not None:
        verdicts += judge_business_value(
            monitor.business, target, windows, version.worth, monitor, version=number
        )
    return verdicts


def _slices(
    spec: ModelSpec, version: Version, rows: Mapping[str, Array], touched: Sequence[int]
) -> tuple[list[Labelled], list[Measured | None]]:
    windows: list[Labelled] = []
    tests: list[Measured | None] = []
    for column in spec.monitors.performance.slices:
        values = rows[slice_column(column)]
        texts = slice_texts(values)
        for value in slices_of(values):
            name = f"{column}={value}"
            lengths = spec.monitors.performance.windows
            mine = {field: array[texts == value] for field, array in rows.items()}
            found = _windows(mine, touched, lengths, name)
            windows += found
            tests += [version.slice_test(column, value)] * len(found)
    return windows, tests


def _windows(
    rows: Mapping[str, Array], touched: Sequence[int], lengths: Sequence[int], name: str = ""
) -> list[Labelled]:
    """The windows that end on each of some production days."""
    days, truth, prediction, score = (
        rows[column] for column in ("day", "label", "prediction", "score")
    )
    found = []
    for end in touched:
        available = 0
        until = int(np.searchsorted(days, end, side="right"))
        for length in lengths:
            since = int(np.searchsorted(days, end - length + 1))
            distinct = len(np.unique(days[since:until]))
            # Just after a promotion the longer windows hold the same days as a shorter one.
            if distinct <= available:
                continue
            available = distinct
            part = slice(since, until)
            arrays: tuple[Array, Array, Array] = (truth[part], prediction[part], score[part])
            found.append(Labelled(date.fromordinal(int(end)), length, *arrays, name))
    return found
