"""The daily checks of a model in Dagster: declared, and reported from their evaluations."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg

from mlops_drift.charts.monitors import draw
from mlops_drift.checks import keys
from mlops_drift.checks.report import Detail, check_result
from mlops_drift.config.spec import ModelSpec
from mlops_drift.drift.sentences import count
from mlops_drift.monitors.base import Asset, CheckEvaluation, Explanation, Monitor
from mlops_drift.monitors.ranking import headline, worst_first
from mlops_drift.monitors.registry import monitors_of
from mlops_drift.pipeline.monitoring import Monitored
from mlops_drift.schema.verdicts import overall

AboutFailure = Callable[[CheckEvaluation], Mapping[str, Detail]]

# The numbers of the worst evaluation, by their keys; of these Dagster plots the first three.
_NUMBERS = {
    keys.VALUE: "value",
    keys.LOWER: "lower",
    keys.UPPER: "upper",
    keys.LIMIT: "threshold",
    keys.CORRECTED_CHANCE: "q",
}


def monitor_specs(spec: ModelSpec, asset: Asset, key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """Declares the checks of an asset."""
    return [
        dg.AssetCheckSpec(one.name, asset=key, description=one.description)
        for one in monitors_of(spec.monitors, asset)
    ]


def monitor_checks(
    spec: ModelSpec,
    key: dg.AssetKey,
    monitored: Monitored,
    about_failure: AboutFailure = lambda worst: {},
) -> list[dg.AssetCheckResult]:
    """Reports what the checks of an asset found on the days of a run, one result a check."""
    monitors = monitors_of(spec.monitors, monitored.asset)
    return [monitor_check(key, one, monitored, about_failure=about_failure) for one in monitors]


def monitor_check(
    key: dg.AssetKey,
    monitor: Monitor[Any],
    monitored: Monitored,
    why: str = "",
    explained: Explanation | None = None,
    about_failure: AboutFailure = lambda worst: {},
) -> dg.AssetCheckResult:
    """Reports one check: the worst evaluation speaks for all days of a run.

    `why` is the end of the sentence: why days are judged again. What the page shows beyond it is
    explained by the monitor, or already; `about_failure` says what else of a check that fails.
    """
    context = monitored.context
    ordered = worst_first(monitored.about_served(monitor.name))
    if not ordered:
        last = context.days[-1]
        version = context.version(last)
        nothing = "nothing to judge yet" if version else context.unserved(last)
        reason = f"{last}: {nothing}{why}"
        about: dict[str, Detail] = {keys.DAY: str(last), keys.VERSION: _version(version)}
        return check_result(key, monitor.name, "unknown", reason, {}, "", about, {})
    worst, explained = ordered[0], explained or monitor.explain(context, ordered)
    verdict = overall([item.verdict for item in ordered])
    return check_result(
        key,
        monitor.name,
        verdict,
        f"{worst.day}: {headline([item for item in ordered if item.day == worst.day])}{why}",
        {name: getattr(worst, of) for name, of in _NUMBERS.items()} | dict(explained.numbers),
        f"{monitor.advice} {explained.advice}".strip(),
        {
            **_details(monitor, ordered),
            **(about_failure(worst) if verdict == "fail" else {}),
        },
        explained.tables,
        draw(explained.picture) if explained.picture else None,
        warns=monitor.warns,
    )


def _details(monitor: Monitor[Any], ordered: Sequence[CheckEvaluation]) -> Mapping[str, Detail]:
    """What the worst evaluation is about, and which days failed."""
    worst = ordered[0]
    details: dict[str, Detail] = {
        keys.DAY: str(worst.day),
        keys.VERSION: _version(worst.version),
        keys.SUBJECT: worst.subject,
    }
    if monitor.has_rows:
        days = count(worst.window, "day")
        details |= {keys.WINDOW: days, keys.ROWS: f"{worst.n:,}"}
    if worst.production_day != worst.day:
        details[keys.PRODUCTION_DAY] = str(worst.production_day)
    failed = [item for item in ordered if item.verdict == "fail"]
    # One day speaks for itself.
    if failed and len({item.day for item in ordered}) > 1:
        details[keys.FAILING_DAYS] = _listed(item.day for item in failed)
    if failed and monitor.realized:
        details[keys.FAILING_PRODUCTION_DAYS] = _listed(item.production_day for item in failed)
    return details


def _version(number: int) -> str:
    return str(number) if number else "none serves yet"


def _listed(days: Iterable[date]) -> str:
    return ", ".join(map(str, sorted(set(days))))
