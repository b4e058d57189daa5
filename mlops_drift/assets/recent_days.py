"""The numbers of a day on the pages of the metrics, and those of the two weeks before it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from math import isfinite, nan

from mlops_drift.assets.common import DRIFT_METRICS, PERFORMANCE_METRICS, Metadata, report_link
from mlops_drift.checks import keys
from mlops_drift.checks.report import verdict_table
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.monitors.base import Asset, interval
from mlops_drift.monitors.estimated_performance import EstimatedPerformance
from mlops_drift.monitors.feature_drift import FeatureDrift
from mlops_drift.monitors.performance_drop import PerformanceDrop
from mlops_drift.monitors.registry import monitors_of
from mlops_drift.schema.numbers import number, rounded
from mlops_drift.schema.verdicts import overall
from mlops_drift.store.records import WorstOfDay

DAYS = 14
RECENT = f"last {DAYS} days"

# The worst evaluation of each check, by its name.
_Checks = Mapping[str, WorstOfDay]


def performance_of_days(model: ModelContext, last: date) -> Metadata:
    """The metric of the last day with its interval and limit, and a row for each recent day."""
    spec, days = model.spec, _recent(model, PERFORMANCE_METRICS, last)
    metric, today = spec.training.metric, days.get(last, {})
    drop, expected = today.get(PerformanceDrop.name), today.get(EstimatedPerformance.name)
    rows = [
        {
            "day": str(day),
            metric: _value(checks, PerformanceDrop.name),
            "95 % interval": _interval(checks.get(PerformanceDrop.name)),
            "limit": _limit(checks, PerformanceDrop.name),
            "expected": _value(checks, EstimatedPerformance.name),
            "rows": checks[PerformanceDrop.name].n if PerformanceDrop.name in checks else None,
            "version": _version(checks),
            "checks": _in_short(spec, PERFORMANCE_METRICS, checks),
        }
        for day, checks in reversed(days.items())
    ]
    return keys.in_order(
        {
            **_of_day(spec, PERFORMANCE_METRICS, last, today),
            **(_numbers(metric, drop) if drop else {}),
            **(_known({f"{metric} expected": expected.value}) if expected else {}),
            RECENT: verdict_table(rows),
        }
    )


def drift_of_days(model: ModelContext, last: date) -> Metadata:
    """How many columns drifted on the last day, and the worst; and a row for each recent day."""
    spec, days = model.spec, _recent(model, DRIFT_METRICS, last)
    today = days.get(last, {})
    worst, rows = today.get(FeatureDrift.name), []
    for day, checks in reversed(days.items()):
        one = checks.get(FeatureDrift.name)
        rows.append(
            {
                "day": str(day),
                "drifted": _drifted(one) if one else None,
                "worst column": one.subject if one else None,
                "value": _value(checks, FeatureDrift.name),
                "limit": _limit(checks, FeatureDrift.name),
                "rows": one.n if one else None,
                "version": _version(checks),
                "checks": _in_short(spec, DRIFT_METRICS, checks),
            }
        )
    about: Metadata = {}
    if worst:
        about = {
            "columns drifted": _drifted(worst),
            "worst column": worst.subject,
            **_numbers(keys.VALUE, worst),
        }
    about = {**_of_day(spec, DRIFT_METRICS, last, today), **about}
    return keys.in_order({**about, RECENT: verdict_table(rows)})


def _recent(model: ModelContext, asset: Asset, last: date) -> dict[date, _Checks]:
    """The worst evaluations of each day that has some, by check."""
    since = last - timedelta(days=DAYS - 1)
    found: dict[date, dict[str, WorstOfDay]] = defaultdict(dict)
    for one in model.store.checks.worst_by_day(asset, since, last):
        found[one.day][one.check] = one
    return dict(found)


def _of_day(spec: ModelSpec, asset: Asset, day: date, checks: _Checks) -> Metadata:
    return {
        keys.VERDICT: overall([one.verdict for one in checks.values()]),
        keys.DAY: str(day),
        keys.VERSION: _version(checks) or "none serves yet",
        "checks": _in_short(spec, asset, checks) or "nothing to judge yet",
        **report_link(spec, day),
    }


def _numbers(name: str, one: WorstOfDay) -> Metadata:
    """The number with its interval, its limit and its rows; Dagster plots floats over the days."""
    found = {name: one.value, keys.LOWER: one.lower, keys.UPPER: one.upper}
    days = f"{one.window} day{'' if one.window == 1 else 's'}"
    about: Metadata = {keys.WINDOW: days, keys.ROWS: f"{one.n:,}"}
    limit: Metadata = {keys.LIMIT: number(one.threshold)} if isfinite(one.threshold) else {}
    return {**_known(found), **limit, **about}


def _known(numbers: Mapping[str, float]) -> Metadata:
    return {name: rounded(value) for name, value in numbers.items() if isfinite(value)}


def _drifted(one: WorstOfDay) -> str:
    return f"{one.failing} of {one.subjects}"


def _value(checks: _Checks, name: str) -> float:
    return checks[name].value if name in checks else nan


def _limit(checks: _Checks, name: str) -> float:
    return checks[name].threshold if name in checks else nan


def _interval(one: WorstOfDay | None) -> str | None:
    return interval(one.lower, one.upper) if one else None


def _version(checks: _Checks) -> str:
    """The version that the checks are about; empty before the first one."""
    return next((str(one.version) for one in checks.values() if one.version), "")


def _in_short(spec: ModelSpec, asset: Asset, checks: _Checks) -> str:
    """Which checks failed and which only warn, and how many passed or are unknown."""
    warns = {one.name for one in monitors_of(spec.monitors, asset) if one.warns}
    failed = [name for name, one in checks.items() if one.verdict == "fail"]
    verdicts = [one.verdict for one in checks.values()]
    parts: Sequence[tuple[str, str]] = (
        ("failed: ", ", ".join(name for name in failed if name not in warns)),
        ("warns: ", ", ".join(name for name in failed if name in warns)),
        *((f"{verdicts.count(one)} ", one * (one in verdicts)) for one in ("pass", "unknown")),
    )
    return "; ".join(f"{before}{text}" for before, text in parts if text)
