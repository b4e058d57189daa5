"""The report of one model as a self-contained page."""

from typing import Any

from mlops_drift import links
from mlops_drift.charts.html import rendered
from mlops_drift.charts.numbers import NOTHING, interval, number, share
from mlops_drift.charts.sections import Tile
from mlops_drift.drift.sentences import count
from mlops_drift.lifecycle.health import SIGNS, WORDS
from mlops_drift.monitors.estimated_performance import EstimatedPerformance
from mlops_drift.monitors.performance_drop import PerformanceDrop
from mlops_drift.reports.model.checks import checks_section
from mlops_drift.reports.model.drift import drift_section, drifted
from mlops_drift.reports.model.history import (
    cost_section,
    decisions_section,
    glossary_section,
    versions_section,
)
from mlops_drift.reports.model.outcomes import (
    predictions_section,
    quality_section,
    slices_section,
    value_by_day,
)
from mlops_drift.reports.model.performance import performance_section, series, shown_window
from mlops_drift.reports.model.reading import ReportData


def report_page(data: ReportData, index: str | None = None) -> str:
    """Draws the report: the state first, then all it rests on; `index` is the page of all."""
    name, health = data.name, data.status["health"]
    found = (
        performance_section(data),
        checks_section(data),
        drift_section(data),
        predictions_section(data),
        quality_section(data),
        slices_section(data),
        versions_section(data),
        decisions_section(data),
        None if data.spec.external else cost_section(data),
        glossary_section(),
    )
    pages = {
        **({"all models": index} if index else {}),
        "Dagster": links.asset_page(name, "performance_metrics"),
        "checks": f"{links.asset_page(name, 'drift_metrics')}?view=checks",
        "decisions": links.asset_page(name, "decisions"),
        **({"MLflow": page} if (page := data.pages.get(data.serving or 0)) else {}),
    }
    return rendered(
        "reports/model/page.html.j2",
        {},
        name=name,
        description=data.spec.description,
        health=health,
        word=WORDS[health["state"]],
        signs=SIGNS,
        first=data.days[0],
        last=data.days[-1],
        tiles=tiles(data),
        pages=pages,
        sections=[one for one in found if one is not None],
    )


def tiles(data: ReportData) -> list[Tile]:
    """The numbers that one looks for first."""
    metric, window = data.spec.training.metric, shown_window(data)
    over = f", {window} days" if window > 1 else ""
    realized = _last(data, PerformanceDrop.name, window)
    expected = _last(data, EstimatedPerformance.name, window)
    failing, judged = drifted(data)
    floor = data.spec.monitors.performance.floor
    at_least = f", floor {floor:g}" if floor is not None else ""
    retrained = [one for one in data.spans if one.action == "retrain"]
    promoted = sum(one.record.status == "promoted" for one in retrained)
    seconds, rows = sum(data.seconds.values()), sum(one.rows for one in data.versions)
    cost = Tile(
        "cost",
        count(len(retrained), "training"),
        f"{promoted} promoted; {seconds:,.0f} s on {rows:,} rows in all",
    )
    is_trained = data.spec.external is None
    return [
        _serves(data),
        *([_waits(data)] if is_trained else []),
        Tile(
            f"{metric}{over}",
            number(realized["value"]) if realized else NOTHING,
            f"{_about(realized)}, {realized['n']:,} labels{at_least}"
            if realized
            else f"no labels of v{data.serving} yet"
            if data.serving
            else "no version serves",
        ),
        Tile(
            "expected without labels",
            number(expected["value"]) if expected else NOTHING,
            _about(expected) if expected else "not estimated",
        ),
        Tile(
            "features drifted",
            f"{failing} of {judged}" if judged else NOTHING,
            "on the last day" if judged else "not judged on the last day",
        ),
        _coverage(data),
        *([cost] if is_trained else []),
        _value(data),
    ]


def _serves(data: ReportData) -> Tile:
    if data.serving is None:
        return Tile("serves", "nobody", "no version was promoted")
    one = next(one for one in data.versions if one.version == data.serving)
    since = data.promotions[-1].serves_since
    made = "made elsewhere" if data.spec.external else f"trained as of {one.as_of}"
    about = f"{one.family}, {made}, serves since {since}"
    return Tile("serves", f"v{one.version}", about)


def _waits(data: ReportData) -> Tile:
    waits = data.status["shadow"]
    if not waits:
        return Tile("waits for approval", "nobody")
    return Tile("waits for approval", f"v{waits['version']}", f"since {waits['since']}")


def _last(data: ReportData, check: str, window: int) -> dict[str, Any] | None:
    """The newest number of the version that serves."""
    found = series(data, check, window).get(data.serving or 0, {})
    return dict(found[max(found)]) if found else None


def _about(row: dict[str, Any]) -> str:
    ends = interval(row["lower"], row["upper"])
    return f"{row['production_day']}" + (f", {ends}" if ends else "")


def _coverage(data: ReportData) -> Tile:
    due = [one for one in data.status["label_coverage"] if one["age_from"] > 0]
    rows = due or data.status["label_coverage"]
    predictions = sum(one["predictions"] for one in rows)
    if not predictions:
        return Tile("labels that are due", NOTHING, "none is due yet")
    missing = sum(one["unlabelled"] for one in rows)
    delay = count(data.spec.target.label_delay_days, "day")
    text = f"have come, of predictions that are {delay} old or older"
    return Tile("labels that are due", share(1 - missing / predictions), text)


def _value(data: ReportData) -> Tile:
    """What the labelled predictions of the shown days are worth, where the model says how."""
    business = data.spec.monitors.performance.business
    if business is None:
        return Tile("value", NOTHING, "not measured: monitors.performance.business is not set")
    found = value_by_day(data)
    if not found:
        return Tile("value", NOTHING, "no predictions with labels in these days")
    text = f"{business.unit or 'of all labelled predictions'}, {min(found)} to {max(found)}"
    return Tile("value", number(sum(found.values())), text)
