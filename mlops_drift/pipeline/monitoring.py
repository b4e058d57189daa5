"""The checks of some days: what they find, stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from mlops_drift.config.context import ModelContext
from mlops_drift.monitors.base import Asset, CheckEvaluation
from mlops_drift.monitors.context import (
    MonitorContext,
)
from mlops_drift.monitors.registry import monitors_of
from mlops_drift.pipeline.missing_days import with_missing_days
from mlops_drift.pipeline.store_context import StoreContext

# The assets whose checks rest on what was served.
MEASURED: tuple[Asset, ...] = ("drift_metrics", "performance_metrics")


@dataclass(frozen=True)
class Monitored:
    """The evaluations of the checks of one asset, with their context."""

    context: MonitorContext
    asset: Asset
    evaluations: Sequence[CheckEvaluation]

    def of_check(self, check: str) -> list[CheckEvaluation]:
        """The evaluations of one check."""
        return [item for item in self.evaluations if item.check == check]

    def about_served(self, check: str) -> list[CheckEvaluation]:
        """Those of one check about data, or about the version that serves their day."""
        version = self.context.version
        return [item for item in self.of_check(check) if item.version == version(item.day)]


def measure_drift(
    model: ModelContext, first: date, last: date, *, for_the_record: bool = True
) -> Monitored:
    """Profiles the days `first` to `last`, judges their windows, and stores both.

    For the record, KS and Wasserstein of single days are measured although no verdict rests on
    them.

    Raises:
        RemovedError: if the artifacts of a champion were removed.
    """
    context = StoreContext(model, first, last, for_the_record=for_the_record)
    monitored = evaluate(context, "drift_metrics")
    context.put_drift()
    return monitored


def measure_performance(model: ModelContext, first: date, last: date) -> Monitored:
    """Judges what labels of the days `first` to `last` say about performance, and stores it.

    So also what scores lead to expect before any label, the labels themselves, and the age of the
    version.

    Raises:
        RemovedError: if the artifacts of a champion were removed.
    """
    return evaluate(StoreContext(model, first, last), "performance_metrics")


def measure_serving(model: ModelContext, first: date, last: date) -> Monitored:
    """Compares what a service has answered on the days with the batch path, and stores it.

    Of the versions of a registry: predictions are made again.
    """
    return evaluate(StoreContext(model, first, last), "serving_metrics")


def evaluate(context: StoreContext, asset: Asset) -> Monitored:
    """Evaluates the checks of one asset on every day of a context, and stores what they find."""
    model = context.model
    if asset in MEASURED:
        model.store.versions.require_kept(one.version for one, _ in context.days_by_champion)
    monitors = monitors_of(model.spec.monitors, asset)
    found = [
        with_missing_days(context, one, item)
        for day in context.days
        for one in monitors
        for item in one.evaluate(context, day)
    ]
    model.store.checks.replace(asset, context.days[0], context.days[-1], found)
    return Monitored(context, asset, found)
