"""The section on performance: the metric by production day, with what happened to the model."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from markupsafe import Markup

from mlops_drift.charts.axis import Axis, days, is_finite, numbers
from mlops_drift.charts.plot import Boxes, Line, Mark, Plot, Rule
from mlops_drift.charts.sections import Cell, Figure, PageTable, Row, Section
from mlops_drift.charts.svg import svg
from mlops_drift.monitors.estimated_performance import EstimatedPerformance
from mlops_drift.monitors.performance_drop import PerformanceDrop
from mlops_drift.reports.model.numbers import interval, median, number, whole
from mlops_drift.reports.model.reading import ReportData
from mlops_drift.store.records import CheckDay

WIDTH = 1120
# Neighbouring versions differ in more than their colour.
_STYLES = ("blue", "round"), ("green", "square"), ("purple", "round")
# Of more decisions only the promotions are named above the chart.
_MOST_NOTES = 8
# Dots that can be told apart.
_MOST_DOTS = 120


def shown_window(data: ReportData) -> int:
    """The shortest window most of whose values rest on `min_rows` labels, else the longest."""
    settings = data.spec.monitors.performance
    realized = [row for row in data.performance if row["check"] == PerformanceDrop.name]
    for window in sorted(settings.windows):
        rows = [row["n"] for row in realized if row["window"] == window]
        if rows and median(rows) >= settings.min_rows:
            return window
    with_values = {row["window"] for row in realized}
    return max(with_values, default=min(settings.windows))


def series(data: ReportData, check: str, window: int) -> dict[int, dict[date, Mapping[str, Any]]]:
    """The numbers of a check over one window by version and production day."""
    found: dict[int, dict[date, Mapping[str, Any]]] = {}
    for row in data.performance:
        if row["check"] == check and row["window"] == window:
            found.setdefault(row["version"], {})[row["production_day"]] = row
    return found


def performance_section(data: ReportData) -> Section:
    """The realized metric with its interval, the estimate, the floor, versions and decisions."""
    window, metric = shown_window(data), data.spec.training.metric
    realized = series(data, PerformanceDrop.name, window)
    estimated = series(data, EstimatedPerformance.name, window)
    over = f"over {window} days" if window > 1 else "of each production day"
    title = f"{metric} {over}, with its 95 % interval"
    drawing = _plot(data, realized, estimated, window)
    picture = Markup(svg([drawing], WIDTH, in_page=True))
    lead = f"{metric} {over}, once labels are there; until then what the scores lead to expect."
    note = "Under the mouse: the day. The table has the numbers of each day."
    table = _days_table(data, realized, estimated)
    return Section(
        "performance", "Performance", lead, [Figure(title, picture, note=note), *_tables(table)]
    )


def _tables(rows: Sequence[Row]) -> list[PageTable]:
    titles = (
        "day",
        "served by",
        "realized",
        "95 % interval",
        "labels",
        "expected",
        "failed checks",
    )
    numbers = frozenset(("realized", "labels", "expected"))
    if not rows:
        return []
    return [PageTable(titles, rows, numbers, f"Every day as numbers ({len(rows)})")]


Series = Mapping[int, Mapping[date, Mapping[str, Any]]]


def _plot(data: ReportData, realized: Series, estimated: Series, window: int) -> Plot:
    spec = data.spec
    floor = spec.monitors.performance.floor
    values = [
        row[name]
        for of in (realized, estimated)
        for found in of.values()
        for row in found.values()
        for name in ("value", "lower", "upper")
    ]
    y = numbers([*values, floor])
    marks: list[Mark] = _bands(data, y)
    versions = sorted({*realized, *estimated})
    has_dots = sum(map(len, realized.values())) <= _MOST_DOTS
    for number_of, version in enumerate(versions):
        style, dots = _STYLES[number_of % len(_STYLES)]
        marks += _realized(version, realized.get(version, {}), style, dots * has_dots)
        # The lines of all versions have one entry in the legend.
        label = "" if number_of else "dotted: expected, before labels are there"
        runs = _runs(estimated.get(version, {}))
        marks += [Line(label * (not n), f"{style} dotted", run) for n, run in enumerate(runs)]
    marks += _shadow(data, window)
    if floor is not None:
        marks.append(Rule(f"floor {floor:g}", "red dashed", floor))
    marks += _failures(realized)
    return Plot("", marks, days(data.days), y, 260, notes=_notes(data))


def _bands(data: ReportData, y: Axis) -> list[Mark]:
    """A pale background for every other version, from the first day that it served."""
    starts = [(one.as_of.toordinal() + 0.5, one.version) for one in data.promotions]
    first, last = data.days[0].toordinal() - 0.5, data.days[-1].toordinal() + 0.5
    ends = [*(start for start, _ in starts[1:]), last]
    boxes = [
        (max(start, first), y.low, min(end, last), y.high)
        for number_of, ((start, _), end) in enumerate(zip(starts, ends, strict=True))
        if number_of % 2 == 0 and end > first and start < last
    ]
    return [Boxes("", "grey", boxes, 0.09)]


def _realized(
    version: int, realized: Mapping[date, Mapping[str, Any]], style: str, dots: str
) -> list[Mark]:
    bands = [
        (day.toordinal() - 0.5, row["lower"], day.toordinal() + 0.5, row["upper"])
        for day, row in realized.items()
    ]
    label = f"version {version}"
    lines = [Line(label * (not n), style, run, dots) for n, run in enumerate(_runs(realized))]
    return [Boxes("", style, bands, 0.18), *lines]


def _runs(rows: Mapping[date, Mapping[str, Any]]) -> list[list[tuple[float, float]]]:
    """The values of days in a row: a gap of a day with no value breaks the line."""
    runs: list[list[tuple[float, float]]] = []
    before = None
    for day, row in sorted(rows.items()):
        if before is None or (day - before).days > 1:
            runs.append([])
        runs[-1].append((day.toordinal(), row["value"]))
        before = day
    return runs


def _shadow(data: ReportData, window: int) -> list[Mark]:
    """The challenger that waits, on the same events."""
    waits = data.status["shadow"]
    points = [
        (row["production_day"].toordinal(), row["challenger_value"])
        for row in data.shadow
        if waits and row["challenger"] == waits["version"] and row["window"] == window
    ]
    return [Line(f"version {waits['version']}, waiting", "amber dashed", points)] if points else []


def _failures(realized: Series) -> list[Mark]:
    failed = [
        (day.toordinal(), row["value"])
        for found in realized.values()
        for day, row in found.items()
        if row["failed"] and is_finite(row["value"])
    ]
    return [
        Line("failed" if number_of == 0 else "", "red", [point], "square")
        for number_of, point in enumerate(failed)
    ]


def _notes(data: ReportData) -> list[tuple[float, str]]:
    """Who serves since when; what else was decided, where it has room."""
    first = data.days[0]
    promoted = [
        (one.as_of.toordinal() + 0.5, f"v{one.version} serves{_because(data, one.decision)}")
        for one in data.promotions
        if one.as_of >= first
    ]
    others = [
        (span.first.toordinal(), f"{span.record.status or span.action}")
        for span in data.spans
        if span.first >= first and span.action != "wait" and span.record.status != "promoted"
    ]
    return sorted([*promoted, *others] if len(others) <= _MOST_NOTES else promoted)


def _because(data: ReportData, decision: str) -> str:
    """What the decision of a promotion answers, in brackets."""
    causes = [span.record.cause for span in data.spans if span.record.id == decision]
    return f" ({causes[0]})" if causes and causes[0] else ""


def _days_table(data: ReportData, realized: Series, estimated: Series) -> list[Row]:
    """One row a day, the last day first: what links to a day lead to."""
    served = {one.as_of: one.version for one in data.promotions}
    failed: dict[date, list[CheckDay]] = {}
    for one in data.checks:
        if one.verdict == "fail":
            failed.setdefault(one.day, []).append(one)
    rows = []
    for day in reversed(data.days):
        version = max((at for at in served if at < day), default=None)
        who = served[version] if version else None
        row = realized.get(who or 0, {}).get(day, {})
        expected = estimated.get(who or 0, {}).get(day, {})
        names = ", ".join(
            f"{one.check} ({one.failing} of {one.subjects})" if one.subjects > 1 else one.check
            for one in failed.get(day, [])
        )
        cells: list[str | Cell] = [
            str(day),
            f"v{who}" if who else "nobody",
            number(row.get("value")),
            interval(row.get("lower"), row.get("upper")),
            whole(row.get("n")),
            number(expected.get("value")),
            Cell(names, "fail") if names else "none",
        ]
        rows.append(Row(cells, str(day)))
    return rows
