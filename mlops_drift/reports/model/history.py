"""The sections on versions, decisions, cost, and the words of the page."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_drift import links
from mlops_drift.charts.numbers import NOTHING, interval, number
from mlops_drift.charts.sections import Cell, PageTable, Row, Section
from mlops_drift.learning.gates.margins import in_short, margin, tightest_first
from mlops_drift.learning.metrics.registry import metric_named
from mlops_drift.lifecycle.spans import Span
from mlops_drift.monitors.performance_drop import PerformanceDrop
from mlops_drift.reports.model.outcomes import value_by_day
from mlops_drift.reports.model.reading import ReportData

# Of decisions and of versions, the newest.
SHOWN = 40

GLOSSARY = (
    ("event", "one record that is predicted, with a key and a day"),
    ("label", "the truth about an event; it comes later, sometimes never, sometimes corrected"),
    ("version", "one trained model; the champion serves, a challenger wants to"),
    ("check", "a rule that is applied every day; it passes, fails, or is unknown"),
    ("unknown", "nothing could be judged, such as too few rows or no labels yet; never green"),
    ("drift", "data of today are distributed differently from those of the training"),
    ("significant", "larger than chance explains, corrected for all that was looked at together"),
    ("95 % interval", "in 95 of 100 such samples the true value lies within"),
    ("expected", "what the scores of the version lead to expect before labels are there"),
    ("floor", "the lowest value of the metric that is accepted"),
    ("gate", "a rule that a version must pass before it serves"),
    ("baseline", "what a version was trained and tested on, which production is compared with"),
)


def versions_section(data: ReportData) -> Section | None:
    """The versions, the newest first; None before the first one."""
    if not data.versions:
        return None
    production = _production_means(data)
    serving, promoted = data.serving, {one.version: one for one in data.promotions}
    waits = data.status["shadow"]["version"] if data.status["shadow"] else None
    # An import path would push the last columns out of sight.
    metric = metric_named(data.spec.training.metric).name
    is_external = data.spec.external is not None
    titles = (
        *("version", "state", "before its first day" if is_external else "trained as of"),
        *("serves since", "rows", "name" if is_external else "family"),
        f"reference {metric}" if is_external else f"test {metric}",
        *("95 % interval", "in production", *([] if is_external else ["gates"])),
    )
    rows = []
    for one in reversed(data.versions[-SHOWN:]):
        state, style = _state(one.version, serving, waits, promoted)
        since = promoted.get(one.version)
        cells: list[str | Cell] = [
            Cell(f"v{one.version}", href=data.pages.get(one.version)),
            Cell(state, style),
            str(one.as_of),
            str(since.serves_since) if since else NOTHING,
            number(one.rows),
            one.family,
            number(one.value),
            interval(one.lower, one.upper),
            number(production.get(one.version)),
            *([] if is_external else [_gates(data.gates.get(one.version))]),
        ]
        rows.append(Row(cells))
    numbers = frozenset(("rows", titles[6], "in production"))
    lead = f"mlops-drift explain {data.name} --version N traces one to its rows, files and code."
    return Section("versions", "Versions", lead, [PageTable(titles, rows, numbers)])


def _state(
    version: int, serving: int | None, waits: int | None, promoted: Mapping[int, Any]
) -> tuple[str, str]:
    if version == serving:
        return "serves", "healthy"
    if version == waits:
        return "waits", "waiting"
    return ("served", "") if version in promoted else ("not promoted", "")


def _production_means(data: ReportData) -> dict[int, float]:
    """The metric of each version over its production days, weighted by labels."""
    sums: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in data.performance:
        if row["check"] == PerformanceDrop.name and row["window"] == 1:
            sums[row["version"]][0] += row["value"] * row["n"]
            sums[row["version"]][1] += row["n"]
    return {version: total / n for version, (total, n) in sums.items() if n}


def _gates(rows: Sequence[Mapping[str, Any]] | None) -> str:
    """How many gates passed, of how many, and the tightest."""
    if not rows:
        return NOTHING
    found = (
        margin(row["gate"], row["verdict"], row["value"], row["threshold"], row["direction"])
        for row in rows
    )
    return in_short(tightest_first(found))


def decisions_section(data: ReportData) -> Section:
    """What the policy and people decided, the newest first, and how long it waited."""
    titles = ("day", "decision", "because of", "evidence", "outcome", "by", "version")
    rows = [_decision(data, span) for span in reversed(data.spans[-SHOWN:])]
    lead = "When something was done, and while the policy waits. Days without need are left out."
    parts = [PageTable(titles, rows)] if rows else []
    return Section("decisions", "Decisions", lead if rows else "Nothing was decided yet.", parts)


def _decision(data: ReportData, span: Span) -> Row:
    record = span.record
    days = str(span.first) if span.first == span.last else f"{span.first} to {span.last}"
    status = record.status or ("under way" if span.action == "retrain" else "")
    style = {"promoted": "promoted", "rejected": "fail", "failed": "fail", "waiting": "waiting"}
    why = ", ".join(record.outcome.failed_gates) if record.outcome else ""
    outcome = f"{status}: {why}" if why else status
    version = record.challenger
    return Row(
        [
            Cell(days, href=links.asset_page(data.name, "decisions", span.last)),
            span.action,
            ", ".join(record.rules) or NOTHING,
            span.reason,
            Cell(outcome, style.get(status, "")) if outcome else NOTHING,
            (record.outcome.person if record.outcome else None) or "policy",
            Cell(f"v{version}", href=data.pages.get(version)) if version else NOTHING,
        ]
    )


def cost_section(data: ReportData) -> Section | None:
    """What the trainings took, and what the predictions were worth; None before a training."""
    if not data.versions:
        return None
    labelled = {span.record.challenger: span.record.labelled for span in data.spans}
    titles = (
        "version",
        "trained as of",
        "seconds",
        "rows, test included",
        "labelled rows known",
    )
    rows = [
        Row(
            [
                f"v{one.version}",
                str(one.as_of),
                number(data.seconds.get(one.version), ".1f"),
                number(one.rows),
                number(labelled.get(one.version)),
            ]
        )
        for one in reversed(data.versions[-SHOWN:])
    ]
    seconds = sum(data.seconds.get(one.version, 0.0) for one in data.versions)
    rows_in_all = sum(one.rows for one in data.versions)
    lead = f"{len(data.versions)} trainings in {seconds:,.0f} s on {rows_in_all:,} rows."
    worth = value_by_day(data)
    if worth:
        lead += f" Labelled predictions of these days are worth {number(sum(worth.values()))}."
    return Section("cost", "Cost", lead, [PageTable(titles, rows, frozenset(titles[2:]))])


def glossary_section() -> Section:
    """The words of the page."""
    table = PageTable(("word", "meaning"), [Row(pair) for pair in GLOSSARY])
    return Section("glossary", "Words", "", [table])
