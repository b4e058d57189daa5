"""The numbers of a day on the pages of the metrics, and those of the two weeks before it."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from math import isfinite, nan

from mlops_drift.assets.common import DRIFT_METRICS, PERFORMANCE_METRICS, Metadata, report_link
from mlops_drift.checks import keys
from mlops_drift.checks.report import verdict_table
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.drift.sentences import count
from mlops_drift.monitors.base import Asset, interval
from mlops_drift.monitors.estimated_performance import EstimatedPerformance
from mlops_drift.monitors.feature_drift import FeatureDrift
from mlops_drift.monitors.performance_drop import PerformanceDrop
from mlops_drift.monitors.registry import monitors_of
from mlops_drift.schema.numbers import number, rounded
from mlops_drift.store.records import WorstOfDay

DAYS = 14
RECENT = f"last {DAYS} days"

# The worst evaluation of each check, by its name.
_Checks = Mapping[str, WorstOfDay]


def performance_of_days(model: ModelContext, last: date) -> Metadata:
    """The metric of the last day with its interval and limit, and a row for each recent day."""
    spec, days = model.spec, _recent(model, PERFORMANCE_METRICS, last)
    metric, today = spec.training.metric, days.get(last, {})
    expected, rows = today.get(EstimatedPerformance.name), []
    for day, checks in reversed(days.items()):
        drop, estimate = (checks.get(one.name) for one in (PerformanceDrop, EstimatedPerformance))
        rows.append(
            {
                "day": str(day),
                "checks": _counted(checks),
                metric: drop.value if drop else nan,
                "95 % interval": interval(drop.lower, drop.upper) if drop else None,
                "limit": drop.threshold if drop else nan,
                "expected": estimate.value if estimate else nan,
                "version": _version(checks),
            }
        )
    return {
        keys.VERDICT: _verdict(today.get(PerformanceDrop.name)),
        **_numbers(metric, today.get(PerformanceDrop.name)),
        **_known({"expected by its scores": expected.value if expected else nan}),
        **_of_day(spec, PERFORMANCE_METRICS, last, today),
        RECENT: verdict_table(rows),
    }


def drift_of_days(model: ModelContext, last: date) -> Metadata:
    """How many columns drifted on the last day, and the worst; and a row for each recent day."""
    spec, days = model.spec, _recent(model, DRIFT_METRICS, last)
    today, rows = days.get(last, {}), []
    for day, checks in reversed(days.items()):
        one = checks.get(FeatureDrift.name)
        rows.append(
            {
                "day": str(day),
                "checks": _counted(checks),
                "drifted": _drifted(one) if one else None,
                "worst column": one.subject if one else None,
                "value": one.value if one else nan,
                "limit": one.threshold if one else nan,
                "version": _version(checks),
            }
        )
    worst = today.get(FeatureDrift.name)
    columns: Metadata = {}
    if worst:
        columns = {"columns drifted": _drifted(worst), "worst column": worst.subject}
    return {
        keys.VERDICT: _verdict(worst),
        **columns,
        **_numbers(keys.VALUE, worst),
        **_of_day(spec, DRIFT_METRICS, last, today),
        RECENT: verdict_table(rows),
    }


def _recent(model: ModelContext, asset: Asset, last: date) -> dict[date, _Checks]:
    """The worst evaluations of each day that has some, by check."""
    since = last - timedelta(days=DAYS - 1)
    found: dict[date, dict[str, WorstOfDay]] = defaultdict(dict)
    for one in model.store.checks.worst_by_day(asset, since, last):
        found[one.day][one.check] = one
    return dict(found)


def _verdict(one: WorstOfDay | None) -> str:
    """That of the check that the asset is named for; it says nothing about the others."""
    return one.verdict if one else "unknown"


def _numbers(name: str, one: WorstOfDay | None) -> Metadata:
    """The number with its interval, its limit and its rows; Dagster plots floats over the days."""
    if one is None:
        return {}
    found = {name: one.value, keys.LOWER: one.lower, keys.UPPER: one.upper}
    days = count(one.window, "day")
    limit: Metadata = {keys.LIMIT: number(one.threshold)} if isfinite(one.threshold) else {}
    return {**_known(found), **limit, keys.WINDOW: days, keys.ROWS: f"{one.n:,}"}


def _known(numbers: Mapping[str, float]) -> Metadata:
    return {name: rounded(value) for name, value in numbers.items() if isfinite(value)}


def _of_day(spec: ModelSpec, asset: Asset, day: date, checks: _Checks) -> Metadata:
    """Whom the day is about, how many checks passed, which failed or warn, and the report."""
    warn = {one.name for one in monitors_of(spec.monitors, asset) if one.warns}
    failed = {name for name, one in checks.items() if one.verdict == "fail"}
    named = {"failed checks": failed - warn, "checks that warn": failed & warn}
    return {
        keys.DAY: str(day),
        keys.VERSION: _version(checks) or "none serves yet",
        "checks": _counted(checks) or "nothing to judge yet",
        **{title: ", ".join(sorted(names)) for title, names in named.items() if names},
        **report_link(spec, day),
    }


def _counted(checks: _Checks) -> str:
    """How many checks have which verdict, such as `1 fail, 3 pass`."""
    found = Counter(one.verdict for one in checks.values())
    return ", ".join(f"{found[name]} {name}" for name in sorted(found))


def _drifted(one: WorstOfDay) -> str:
    return f"{one.failing} of {one.subjects}"


def _version(checks: _Checks) -> str:
    """The version that the checks are about; empty before the first one."""
    return next((str(one.version) for one in checks.values() if one.version), "")
