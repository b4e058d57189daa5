"""The section on performance: the metric by production day, with what happened to the model."""

from collections.abc import Mapping, Sequence
from datetime import date
from statistics import median_high
from typing import Any

from markupsafe import Markup

from mlops_drift.charts.axis import Axis, days, is_finite, numbers
from mlops_drift.charts.numbers import interval, number
from mlops_drift.charts.plot import Boxes, Dots, Line, Mark, Plot, Rule
from mlops_drift.charts.sections import Cell, Figure, PageTable, Row, Section
from mlops_drift.charts.svg import svg
from mlops_drift.monitors.estimated_performance import EstimatedPerformance
from mlops_drift.monitors.performance_drop import PerformanceDrop
from mlops_drift.reports.model.reading import ReportData
from mlops_drift.schema.days import days_between
from mlops_drift.store.records import CheckDay

WIDTH = 1120
# Neighbouring versions differ in more than their colour.
_STYLES = ("blue", "round"), ("green", "square"), ("purple", "round")
# Of more decisions only the promotions are named above the chart.
_MOST_NOTES = 8
# More dots hide each other.
_MOST_DOTS = 120


def shown_window(data: ReportData) -> int:
    """The shortest window most of whose values rest on `min_rows` labels, else the longest."""
    settings = data.spec.monitors.performance
    realized = [row for row in data.performance if row["check"] == PerformanceDrop.name]
    for window in sorted(settings.windows):
        rows = [row["n"] for row in realized if row["window"] == window]
        if rows and median_high(rows) >= settings.min_rows:
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
    note = "The background changes with the version. Point at a dot for its day and numbers."
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
        for name in ("value", "lower", "upper", "threshold")
    ]
    y = numbers([*values, floor])
    marks: list[Mark] = _bands(data, y)
    versions = sorted({*realized, *estimated})
    has_dots = sum(map(len, realized.values())) <= _MOST_DOTS
    for number_of, version in enumerate(versions):
        style, dots = _STYLES[number_of % len(_STYLES)]
        if rows := realized.get(version):
            marks += _realized(version, rows, style, dots * has_dots)
        if rows := estimated.get(version):
            # The lines of all versions have one entry in the legend.
            label = "" if number_of else "dotted: expected, before labels are there"
            marks.append(_line(label, f"{style} dotted", rows))
    marks += _shadow(data, window)
    if floor is not None:
        marks.append(Rule(f"floor {floor:g}", "red dashed", floor))
    else:
        marks += _limits(realized, estimated)
    marks += _failures(realized)
    return Plot("", marks, days(data.days), y, 260, notes=_notes(data))


def _bands(data: ReportData, y: Axis) -> list[Mark]:
    """A pale background for every other version, from the first day that it served."""
    starts = [(one.as_of.toordinal() + 0.5, one.version) for one in data.promotions]
    first, last = data.days[0].toordinal() - 0.5, data.days[-1].toordinal() + 0.5
    ends = [*(start for start, _ in starts[1:]), last]
    boxes = [
        (max(start, first), y.low, min(end, last), y.high)
        for number_of, ((start, _), end) in enumerate(zip(starts, ends, strict=False))
        if number_of % 2 == 0 and end > first and start < last
    ]
    return [Boxes("", "grey", boxes, 0.09)]


def _realized(
    version: int, rows: Mapping[date, Mapping[str, Any]], style: str, dots: str
) -> list[Mark]:
    bands = [
        (day.toordinal() - 0.5, row["lower"], day.toordinal() + 0.5, row["upper"])
        for day, row in rows.items()
    ]
    found: list[Mark] = [Boxes("", style, bands, 0.18), _line(f"version {version}", style, rows)]
    if dots:
        found.append(Dots("", style, [_dot(day, row) for day, row in rows.items()], dots))
    return found


def _line(label: str, style: str, rows: Mapping[date, Mapping[str, Any]]) -> Line:
    """The values of days, broken where one has none."""
    days = days_between(min(rows), max(rows))
    through = [(day.toordinal(), rows[day]["value"] if day in rows else None) for day in days]
    return Line(label, style, through, breaks=True)


def _dot(day: date, row: Mapping[str, Any]) -> tuple[float, float, str]:
    """A value with what one reads where one points at it."""
    ends = interval(row["lower"], row["upper"])
    text = f"{day}: {number(row['value'])}" + (f" ({ends})" if ends else "")
    return day.toordinal(), row["value"], f"{text}, {row['n']:,} labels, version {row['version']}"


def _limits(realized: Series, estimated: Series) -> list[Mark]:
    """The limit of each version, which follows from its test value."""
    lines: list[Mark] = []
    for version in sorted({*realized, *estimated}):
        rows = {**estimated.get(version, {}), **realized.get(version, {})}
        known = {day: {"value": row["threshold"]} for day, row in rows.items()}
        lines.append(_line("" if lines else "limit", "red dashed", known))
    return lines


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
        _dot(day, row)
        for rows in realized.values()
        for day, row in rows.items()
        if row["failed"] and is_finite(row["value"])
    ]
    return [Dots("failed", "red", failed, "square")] if failed else []


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
            number(row.get("n")),
            number(expected.get("value")),
            Cell(names, "fail") if names else "none",
        ]
        rows.append(Row(cells, str(day)))
    return rows
