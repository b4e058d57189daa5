"""The checks of some days: their context over the store, and what they find, stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

import numpy as np

from mlops_drift.config.context import ModelContext
from mlops_drift.monitors.base import Asset, CheckEvaluation, Monitor
from mlops_drift.monitors.baseline import Baseline
from mlops_drift.monitors.context import (
    Coverage,
    Errors,
    LabelledRows,
    LabelWindows,
    LandedDay,
    MonitorContext,
    PredictedRows,
    SourceName,
)
from mlops_drift.monitors.drift import DriftDay
from mlops_drift.monitors.pictures import Point
from mlops_drift.monitors.registry import monitors_of
from mlops_drift.pipeline.drift import DriftDays
from mlops_drift.pipeline.labels import LabelProfiles
from mlops_drift.pipeline.missing_days import in_short, without_events
from mlops_drift.pipeline.performance import Outcomes, baseline_of
from mlops_drift.schema.days import days_between
from mlops_drift.store.records import Promotion

# The assets whose checks rest on what was served.
MEASURED: tuple[Asset, ...] = ("drift_metrics", "performance_metrics")

Landings = Mapping[date, Sequence[LandedDay]]


class StoreContext(MonitorContext):
    """The context of checks over the tables of a model; see `MonitorContext`.

    Args:
        model: the model.
        first: first day.
        last: last day.
        landed: what landed on each day in this run.
        for_the_record: whether drift is measured that no verdict rests on.
    """

    def __init__(
        self,
        model: ModelContext,
        first: date,
        last: date,
        landed: Landings | None = None,
        *,
        for_the_record: bool = True,
    ) -> None:
        super().__init__(model.spec, days_between(first, last))
        self._model, self._store = model, model.store
        self._first, self._last = first, last
        self._landed, self._for_the_record = landed or {}, for_the_record
        self._champions = self._store.versions.champions(first, last)
        self._labelled: dict[date, Sequence[LabelledRows]] = {}

    @cached_property
    def days_by_champion(self) -> list[tuple[Promotion, list[date]]]:
        """The days that each champion serves; one that was replaced and comes back is another."""
        found: dict[int, tuple[Promotion, list[date]]] = {}
        for day, champion in self._champions.items():
            if champion is not None:
                found.setdefault(champion.number, (champion, []))[1].append(day)
        return list(found.values())

    def champion(self, day: date) -> Promotion | None:
        """As `MonitorContext.champion`."""
        return self._champions[day]

    def _serving(self, day: date) -> Promotion:
        champion = self._champions[day]
        if champion is None:
            raise LookupError(f"no version of {self.spec.name} serves {day}")
        return champion

    def require_kept(self) -> None:
        """Requires that the artifacts of every champion of the days are there.

        Raises:
            RemovedError: if those of one were removed.
        """
        self._store.versions.require_kept(item.version for item, _ in self.days_by_champion)

    @cached_property
    def _baselines(self) -> Mapping[int, Baseline]:
        return {
            record.version: baseline_of(self._model, record)
            for record in self._store.versions.all()
        }

    def baseline(self, version: int) -> Baseline:
        """As `MonitorContext.baseline`."""
        return self._baselines[version]

    @cached_property
    def drift_days(self) -> DriftDays:
        """The drift of the days, profiled once."""
        return DriftDays(self._model, self._champions, self.days_by_champion, self._for_the_record)

    def drift(self, day: date) -> DriftDay:
        """As `MonitorContext.drift`."""
        return self.drift_days.day(day)

    @cached_property
    def _outcomes(self) -> Outcomes:
        return Outcomes(self._model, self._first, self._last)

    def labelled(self, day: date) -> Sequence[LabelledRows]:
        """As `MonitorContext.labelled`."""
        if day not in self._labelled:
            self._labelled[day] = self._outcomes.labelled(day)
        return self._labelled[day]

    @cached_property
    def _predicted(self) -> dict[int, PredictedRows]:
        spec, found = self._model.spec, {}
        lookback = timedelta(days=max(spec.monitors.performance.windows) - 1)
        columns = [] if spec.target.is_classification else list(spec.columns)
        for champion, days in self.days_by_champion:
            since = max(champion.as_of + timedelta(days=1), days[0] - lookback)
            rows = self._store.predictions.of_version(champion.version, since, days[-1], columns)
            numbers = np.array([day.toordinal() for day in rows["day"].to_pylist()], np.int64)
            found[champion.number] = PredictedRows(numbers, rows.drop_columns(["day"]).to_pandas())
        return found

    def predicted(self, day: date) -> PredictedRows:
        """As `MonitorContext.predicted`; later days of the run may be there too."""
        return self._predicted[self._serving(day).number]

    def errors(self, day: date) -> Errors:
        """As `MonitorContext.errors`."""
        rows = self._store.predictions.errors_in_order(self._serving(day).version, day)
        truth, prediction = (rows[name].to_numpy() for name in ("label", "prediction"))
        if self.spec.target.is_classification:
            return Errors(rows["day"].to_pylist(), (truth != prediction).astype(float))
        distance = np.abs(truth.astype(float) - prediction.astype(float))
        return Errors(rows["day"].to_pylist(), distance)

    @cached_property
    def _label_profiles(self) -> dict[int, LabelProfiles]:
        return {
            champion.number: LabelProfiles(self._model, champion, self._outcomes.frame, self.days)
            for champion, _ in self.days_by_champion
        }

    def label_windows(self, day: date) -> LabelWindows | None:
        """As `MonitorContext.label_windows`."""
        return self._label_profiles[self._serving(day).number].windows(day)

    @cached_property
    def _rejections(self) -> Mapping[int, Sequence[date]]:
        return self._store.decisions.rejections()

    def retrained(self, day: date) -> date:
        """As `MonitorContext.retrained`."""
        champion = self._serving(day)
        rejected = self._rejections.get(champion.version, ())
        return max([champion.as_of, *(one for one in rejected if one < day)])

    def landed(self, day: date) -> Sequence[LandedDay]:
        """As `MonitorContext.landed`."""
        return self._landed.get(day, ())

    @cached_property
    def _event_counts(self) -> dict[date, int]:
        return self._store.landing.event_counts(self.spec.start_date, self._last)

    def event_counts(self, since: date, until: date) -> Mapping[date, int]:
        """As `MonitorContext.event_counts`."""
        return {day: n for day, n in self._event_counts.items() if since <= day <= until}

    @cached_property
    def _newest_labelled(self) -> Mapping[date, date]:
        delay = timedelta(days=2 * self.spec.target.label_delay_days + 28)
        read = self._store.labels.newest_labelled
        found = read(self._first, self._last, self._first - delay)
        # Only where nothing came for long, all there is must be read.
        return (
            found if self._first in found else read(self._first, self._last, self.spec.start_date)
        )

    def newest(self, source: SourceName, day: date) -> date | None:
        """As `MonitorContext.newest`."""
        if source == "labels":
            return self._newest_labelled.get(day)
        counts = self._event_counts.items()
        return max((one for one, n in counts if n and one <= day), default=None)

    @cached_property
    def _days_without_events(self) -> Sequence[date]:
        return without_events(self._store, self.spec.start_date, self._last)

    def days_without_events(self, since: date, until: date) -> Sequence[date]:
        """As `MonitorContext.days_without_events`."""
        return [day for day in self._days_without_events if since < day < until]

    def history(self, version: int) -> Sequence[Point]:
        """As `MonitorContext.history`."""
        return self._store.checks.performance_history(version, self._last)

    def label_coverage(self) -> Sequence[Coverage]:
        """As `MonitorContext.label_coverage`."""
        return self._store.labels.coverage(self._last)


@dataclass(frozen=True)
class Monitored:
    """The evaluations of the checks of one asset, with their context."""

    context: MonitorContext
    asset: Asset
    evaluations: Sequence[CheckEvaluation]

    def of_check(self, check: str) -> list[CheckEvaluation]:
        """The evaluations of one check."""
        return [item for item in self.evaluations if item.check == check]


def measure_drift(
    model: ModelContext, first: date, last: date, *, for_the_record: bool = True
) -> Monitored:
    """Profiles the days `first` to `last`, judges their windows, and stores both.

    Args:
        model: the model.
        first: first day.
        last: last day.
        for_the_record: whether KS and Wasserstein of single days are measured although no verdict
            rests on them.
    """
    context = StoreContext(model, first, last, for_the_record=for_the_record)
    context.require_kept()
    monitored = evaluate(model, context, "drift_metrics")
    context.drift_days.put(first, last)
    return monitored


def measure_performance(model: ModelContext, first: date, last: date) -> Monitored:
    """Judges what labels of the days `first` to `last` say about performance, and stores it.

    So also what scores lead to expect before any label, the labels themselves, and the age of the
    version.
    """
    context = StoreContext(model, first, last)
    context.require_kept()
    return evaluate(model, context, "performance_metrics")


def evaluate(model: ModelContext, context: MonitorContext, asset: Asset) -> Monitored:
    """Evaluates the checks of one asset on every day of a context, and stores what they find."""
    monitors = monitors_of(model.spec.monitors, asset)
    found = [
        _with_missing_days(context, one, item)
        for day in context.days
        for one in monitors
        for item in one.evaluate(context, day)
    ]
    model.store.checks.replace(asset, context.days[0], context.days[-1], found)
    return Monitored(context, asset, found)


def _with_missing_days(
    context: MonitorContext, monitor: Monitor[object], item: CheckEvaluation
) -> CheckEvaluation:
    """Names the days of a window that had no file of events."""
    if not monitor.spans_events:
        return item
    since = item.production_day - timedelta(days=item.window)
    champion = context.champion(item.day)
    if champion is not None and champion.version == item.version:
        since = max(since, champion.as_of)
    lacking = in_short(context.days_without_events(since, item.production_day))
    return replace(item, reason=item.reason + lacking) if lacking else item
