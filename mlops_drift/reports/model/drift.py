"""The section on drift: each feature by day, and the distributions of those that moved most."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from markupsafe import Markup

from mlops_drift.charts.day_grid import GridRow, Mark, day_grid
from mlops_drift.charts.monitors import panel_plot
from mlops_drift.charts.numbers import number, share
from mlops_drift.charts.sections import Card, Cards, Cell, Figure, PageTable, Part, Row, Section
from mlops_drift.charts.svg import svg
from mlops_drift.monitors.pictures import Panel
from mlops_drift.reports.model.reading import ReportData

# In units of the limit.
MARKS = {
    "far": Mark("fail", 1, "over twice the limit, significant"),
    "beyond": Mark("far", 0.85, "beyond the limit, significant"),
    "chance": Mark("near", 0.65, "beyond the limit, not significant"),
    "near": Mark("near", 0.45, "over half of the limit"),
    "within": Mark("pass", 0.25, "under half of the limit"),
    "unknown": Mark("unknown", 0.5, "unknown"),
}
SHOWN_COLUMNS = 40
_WORST = 6
_CARD_WIDTH = 500


def drift_section(data: ReportData) -> Section | None:
    """A row for each feature, by importance times drift; None before anything was measured."""
    if not data.drift:
        return None
    cells: dict[str, dict[date, Mapping[str, Any]]] = {}
    for row in data.drift:
        cells.setdefault(row["subject"], {})[row["day"]] = row
    names = sorted(cells, key=lambda name: _order(data, name, cells[name]))
    rows = [
        GridRow(name, [_mark(cells[name].get(day)) for day in data.days])
        for name in names[:SHOWN_COLUMNS]
    ]
    more = f", {len(names) - SHOWN_COLUMNS} more in the table" if len(names) > SHOWN_COLUMNS else ""
    title = f"Drift of {len(rows)} features, {data.days[0]} to {data.days[-1]}{more}"
    note = (
        "Height and colour: distance from the reference in units of the limit. Orange: beyond it "
        "and significant, full orange over twice. Hatched: unknown."
    )
    metric = data.spec.monitors.drift.metric
    lead = (
        f"How far each feature of a day is from what the serving version was trained on ({metric}, "
        "of its windows the furthest), the most important and furthest first."
    )
    figure = Figure(title, day_grid(title, data.days, rows, MARKS), note=note)
    parts: list[Part] = [figure, _table(data, names, cells), *_worst(data, names)]
    return Section("drift", "Feature drift", lead, parts)


def drifted(data: ReportData) -> tuple[int, int]:
    """How many features fail on the last day, of how many that could be judged."""
    today = [row for row in data.drift if row["day"] == data.days[-1]]
    judged = [row for row in today if row["verdict"] != "unknown"]
    return sum(row["verdict"] == "fail" for row in judged), len(judged)


def _order(
    data: ReportData, name: str, found: Mapping[date, Mapping[str, Any]]
) -> tuple[bool, float, float, str]:
    last = found[max(found)]
    # What cannot be judged now is where it was when it was furthest.
    judged = [last] if last["verdict"] != "unknown" else [*found.values()]
    excess = max(row["excess"] or 0.0 for row in judged)
    weight = max(data.importance.get(name, 0.0), 0.0)
    return last["verdict"] != "fail", -weight * excess, -excess, name


def _mark(row: Mapping[str, Any] | None) -> str | None:
    if row is None:
        return None
    excess = row["excess"]
    if row["verdict"] == "unknown" or excess is None:
        return "unknown"
    if row["verdict"] == "fail":
        return "far" if (row["failed_excess"] or 0.0) >= 2 else "beyond"
    return "chance" if excess >= 1 else "near" if excess >= 0.5 else "within"


def _table(
    data: ReportData, names: list[str], cells: Mapping[str, Mapping[date, Mapping[str, Any]]]
) -> PageTable:
    titles = ("feature", "importance", "now", "verdict", "furthest", "on", "failing days")
    rows = []
    for name in names:
        found = cells[name]
        last = found[max(found)]
        far = max(found.values(), key=lambda row: (row["excess"] or 0.0, row["day"]))
        row: list[str | Cell] = [
            name,
            share(data.importance.get(name)),
            number(last["excess"], ".2f"),
            Cell(last["verdict"], last["verdict"]),
            number(far["excess"], ".2f"),
            str(far["day"]),
            str(sum(one["verdict"] == "fail" for one in found.values())),
        ]
        rows.append(Row(row))
    numbers = frozenset(("importance", "now", "furthest", "failing days"))
    summary = f"Every feature as numbers ({len(names)}), in units of its limit"
    return PageTable(titles, rows, numbers, summary)


def _worst(data: ReportData, names: list[str]) -> list[Cards]:
    """The distributions of the first few features, in training and lately."""
    window = max(data.spec.monitors.drift.windows)
    recent = data.window(window)
    reference = data.reference
    if reference is None or not recent:
        return []
    days = min(window, len(data.profiles))
    cards = []
    last = {row["subject"]: row["verdict"] for row in data.drift}
    for name in [one for one in names if one in recent][:_WORST]:
        column, verdict = reference.columns[name], last[name]
        panel = Panel(name, "", column, column.counts, recent[name].counts)
        plot = replace(panel_plot(panel, "red" if verdict == "fail" else "blue"), title="")
        text = f"training set and last {days} days, importance {share(data.importance.get(name))}"
        if data.spec.external:
            text = f"reference and last {days} days"
        picture = Markup(svg([plot], _CARD_WIDTH, in_page=True))
        cards.append(Card(name, picture, text, Cell(verdict, verdict)))
    return [Cards(cards)]
