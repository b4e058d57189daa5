"""The daily checks of a model in Dagster: declared, and reported from their evaluations."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import dagster as dg

from mlops_drift.charts.monitors import draw
from mlops_drift.checks.report import Detail, check_result, verdict_table
from mlops_drift.config.spec import ModelSpec
from mlops_drift.monitors.base import Asset, Explanation, Monitor
from mlops_drift.monitors.ranking import headline, worst_first
from mlops_drift.monitors.registry import monitors_of
from mlops_drift.pipeline.monitoring import Monitored
from mlops_drift.schema.verdicts import overall

# The numbers of the worst evaluation that Dagster plots, under these names.
_NUMBERS = ("value", "threshold", "lower", "upper", "p", "q", "n", "window")


def monitor_specs(spec: ModelSpec, asset: Asset, key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """Declares the checks of an asset."""
    return [
        dg.AssetCheckSpec(one.name, asset=key, description=one.description)
        for one in monitors_of(spec.monitors, asset)
    ]


def monitor_checks(
    spec: ModelSpec, key: dg.AssetKey, monitored: Monitored
) -> list[dg.AssetCheckResult]:
    """Reports what the checks of an asset found on the days of a run, one result a check."""
    return [
        monitor_check(key, one, monitored) for one in monitors_of(spec.monitors, monitored.asset)
    ]


def monitor_check(
    key: dg.AssetKey,
    monitor: Monitor[Any],
    monitored: Monitored,
    why: str = "",
    explained: Explanation | None = None,
) -> dg.AssetCheckResult:
    """Reports one check: the worst evaluation speaks for all days of a run.

    `why` is the end of the sentence: why days are judged again. What the page shows beyond it is
    explained by the monitor, or already.
    """
    context = monitored.context
    ordered = worst_first(monitored.about_served(monitor.name))
    if not ordered:
        last = context.days[-1]
        version = context.version(last)
        nothing = "nothing to judge yet" if version else "no champion serves yet"
        reason = f"{last}: {nothing}{why}"
        about: dict[str, Detail] = {"day": str(last), "version": version, "failing days": "none"}
        return check_result(key, monitor.name, "unknown", reason, {"n": 0.0}, "", about)
    worst, explained = ordered[0], explained or monitor.explain(context, ordered)
    failed = [item for item in ordered if item.verdict == "fail"]
    details: dict[str, Detail] = {
        "day": str(worst.day),
        "version": worst.version,
        "subject": worst.subject,
        "production day": str(worst.production_day),
        "failing days": _listed(item.day for item in failed),
        "failing production days": _listed(item.production_day for item in failed),
        **{title: verdict_table(rows) for title, rows in explained.tables.items() if rows},
    }
    return check_result(
        key,
        monitor.name,
        overall([item.verdict for item in ordered]),
        f"{worst.day}: {headline([item for item in ordered if item.day == worst.day])}{why}",
        {**{name: getattr(worst, name) for name in _NUMBERS}, **explained.numbers},
        f"{monitor.advice} {explained.advice}".strip(),
        details,
        draw(explained.picture) if explained.picture else None,
        warns=monitor.warns,
    )


def _listed(days: Iterable[date]) -> str:
    return ", ".join(map(str, sorted(set(days)))) or "none"
