"""What the tables of one model say now, read again only when one of them has a new commit."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from math import isnan

from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError
from mlops_drift.exporter import metrics
from mlops_drift.exporter.metrics import Metric, Sample
from mlops_drift.monitors.base import Asset, CheckEvaluation
from mlops_drift.monitors.business_value import BusinessValueDrop
from mlops_drift.monitors.feature_drift import FeatureDrift
from mlops_drift.monitors.label_drift import LabelDrift
from mlops_drift.monitors.performance_drop import PerformanceDrop
from mlops_drift.monitors.prediction_drift import PredictionDrift
from mlops_drift.monitors.ranking import on_last_day
from mlops_drift.monitors.registry import monitors_of
from mlops_drift.policy.situation import waiting_for_approval
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Promotion
from mlops_drift.store.tables import Table

# The checks whose value is the distance of a column.
DRIFT_CHECKS = (FeatureDrift.name, PredictionDrift.name, LabelDrift.name)

# Assets that checks alone tell the last day of.
_JUDGED: tuple[Asset, ...] = ("drift_metrics", "performance_metrics", "serving_metrics")


class ModelReading:
    """The samples of one model.

    The first reading takes all days. Later ones take what was written since, and the last day
    again: what a check found on an earlier day is remembered.
    """

    def __init__(self, spec: ModelSpec, store: ModelStore) -> None:
        self._spec, self._store = spec, store
        self._checks = {one.name: one for one in monitors_of(spec.monitors)}
        self._forget()

    def _forget(self) -> None:
        self._commits: dict[str, int] = {}
        self._samples: list[Sample] = []
        self._latest: dict[str, list[CheckEvaluation]] = {}
        self._landed: dict[str, date] = {}

    def samples(self) -> list[Sample]:
        """The samples as of the newest commits.

        Raises:
            UserError: if the promotions of a model that had some are gone.
        """
        found = {table.name: self._store.lake.last_commit(table) for table in self._read()}
        commits = {name: -1 if number is None else number for name, number in found.items()}
        promotions = self._store.tables.promotions.name
        if commits[promotions] < 0 <= self._commits.get(promotions, -1):
            raise UserError(
                f"the lake has no promotion of {self._spec.name} any more: see whether it is where "
                "it was; after a reset the model is read again when it has one"
            )
        # A model that was reset begins again at the first commit.
        if any(commits[name] < old for name, old in self._commits.items()):
            self._forget()
        if commits != self._commits:
            self._samples = list(self._all())
            self._commits = commits
        return self._samples

    def _read(self) -> list[Table]:
        tables = self._store.tables
        return [
            *(tables.checks, tables.files, tables.features, tables.labels),
            *(tables.predictions, tables.promotions, tables.decisions),
        ]

    def _all(self) -> Iterator[Sample]:
        promotions = self._store.versions.promotions()
        champion = promotions[-1] if promotions else None
        days = [
            self._last_day(one) for one in (self._store.tables.features, self._store.tables.labels)
        ]
        if last := max(filter(None, days), default=None):
            yield from self._of_checks(last, champion)
            yield from self._of_days()
        if champion:
            labels = str(champion.version), champion.training_set
            yield Sample(metrics.CHAMPION_INFO, 1, labels)
        waiting = waiting_for_approval(self._store.decisions.records(idle=False))
        yield Sample(metrics.CHALLENGER_WAITING, waiting is not None)
        if self._spec.end_date:
            yield Sample(metrics.END_DATE, _end_of(self._spec.end_date))

    def _of_checks(self, last: date, champion: Promotion | None) -> Iterator[Sample]:
        """The verdicts on the last day, and the numbers of that day."""
        read = max((found[0].day for found in self._latest.values()), default=None)
        new: dict[str, list[CheckEvaluation]] = {}
        for item in self._store.checks.latest(since=read):
            # One that the description no longer has stays in the table.
            if item.check in self._checks:
                new.setdefault(item.check, []).append(item)
        self._latest |= new
        found = [item for of_one in self._latest.values() for item in of_one]
        for item in on_last_day(found, last):
            yield Sample(metrics.CHECK_STATUS, metrics.STATUS[item.verdict], [item.check])
        yield from self._drift([item for item in found if item.day == last])
        if champion:
            mine = [one for one in found if one.day == last and one.version == champion.version]
            yield from _performance(mine)

    def _drift(self, found: list[CheckEvaluation]) -> Iterator[Sample]:
        for item in found:
            if item.check in DRIFT_CHECKS:
                is_label = item.check == LabelDrift.name
                column = self._spec.target.column if is_label else item.subject
                # The value of a verdict that is unknown was not measured.
                if item.verdict != "unknown":
                    labels = column, str(item.window)
                    yield from _measured(metrics.DRIFT_SCORE, metrics.DRIFT_LIMIT, item, labels)

    def _of_days(self) -> Iterator[Sample]:
        """The last day of each asset."""
        tables, landing = self._store.tables, self._store.landing
        # Of a source that has not landed yet the first day may be an earlier one.
        since = min(self._landed.values()) if len(self._landed) == len(self._spec.landed) else None
        self._landed |= landing.last_days(since)
        last_days: dict[str, date | None] = {
            **self._landed,
            "features": self._last_day(tables.features),
            "production_predictions": self._last_day(tables.predictions),
            **{asset: self._last_judged(asset) for asset in _JUDGED},
        }
        for asset, day in last_days.items():
            if day is not None:
                yield Sample(metrics.LAST_DAY, _end_of(day), [asset])

    def _last_judged(self, asset: Asset) -> date | None:
        """The last day on which a check of one asset alone was evaluated."""
        checks = [name for name, one in self._checks.items() if one.assets == (asset,)]
        days = [self._latest[name][0].day for name in checks if name in self._latest]
        return max(days, default=None)

    def _last_day(self, table: Table) -> date | None:
        """The last day of a table, by the bounds of its files."""
        return max((one.last for one in self._store.lake.files(table) if one.last), default=None)


def _performance(found: list[CheckEvaluation]) -> Iterator[Sample]:
    """The metric and the business value of the champion in the newest window of each length."""
    newest: dict[tuple[str, int], CheckEvaluation] = {}
    for item in sorted(found, key=lambda one: one.production_day):
        if item.check == PerformanceDrop.name and not isnan(item.value):
            newest[item.subject, item.window] = item
        if item.check == BusinessValueDrop.name and not isnan(item.value):
            newest[BusinessValueDrop.name, item.window] = item
    for (name, window), item in newest.items():
        labels = name, str(window)
        yield from _measured(metrics.METRIC_VALUE, metrics.METRIC_LIMIT, item, labels)


def _measured(
    value: Metric, limit: Metric, item: CheckEvaluation, labels: tuple[str, ...]
) -> Iterator[Sample]:
    """A number and its limit, of which there may be none."""
    for metric, number in ((value, item.value), (limit, item.threshold)):
        if not isnan(number):
            yield Sample(metric, number, labels)


def _end_of(day: date) -> float:
    return datetime.combine(day + timedelta(days=1), time(), UTC).timestamp()
