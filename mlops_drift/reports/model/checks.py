"""The section on checks: what each found on each day, and how it stands now."""

from datetime import date
from typing import Any

from mlops_drift import links
from mlops_drift.charts.day_grid import GridRow, Mark, day_grid
from mlops_drift.charts.numbers import number, value_and_limit
from mlops_drift.charts.sections import Cell, Figure, PageTable, Row, Section
from mlops_drift.monitors.registry import monitors_of
from mlops_drift.reports.model.reading import ReportData

MARKS = {
    "pass": Mark("pass", 0.45, "pass"),
    "fail": Mark("fail", 1, "fail"),
    "warn": Mark("far", 0.8, "fail, which only warns"),
    "unknown": Mark("unknown", 0.6, "unknown"),
}
_ORDER = {"fail": 0, "unknown": 1, "pass": 2}


def checks_section(data: ReportData) -> Section:
    """A row for each check, a cell for each day; below it how each stands on the last day."""
    by_check: dict[str, dict[date, str]] = {}
    warns = {one["check"] for one in data.status["checks"] if one["warns"]}
    for one in data.checks:
        key = "warn" if one.verdict == "fail" and one.check in warns else one.verdict
        by_check.setdefault(one.check, {})[one.day] = key
    ordered = sorted(data.status["checks"], key=lambda one: (_ORDER[one["verdict"]], one["check"]))
    names = [one["check"] for one in ordered] + sorted(
        by_check.keys() - {one["check"] for one in ordered}
    )
    rows = [
        GridRow(name, [by_check[name].get(day) for day in data.days])
        for name in names
        if name in by_check
    ]
    title = f"Verdicts of {len(rows)} checks, {data.days[0]} to {data.days[-1]}"
    note = "Low and blue: pass. High and orange: fail. Hatched: unknown. Grey: not judged."
    grid = Figure(title, day_grid(title, data.days, rows, MARKS), note=note)
    lead = "What each check found on each day about the version that served."
    return Section("checks", "Checks by day", lead, [grid, _table(data, ordered)])


def _table(data: ReportData, ordered: list[dict[str, Any]]) -> PageTable:
    titles = ("check", "verdict", "value", "limit", "rows", "since", "finding")
    pages = {
        one.name: links.check_page(data.name, one.assets[0], one.name)
        for one in monitors_of(data.spec.monitors)
    }
    rows = []
    for one in ordered:
        check, verdict = str(one["check"]), str(one["verdict"])
        since = str(one["since"]) if one["since"] else ""
        is_part = one["failing"] and one["subjects"] > 1
        of = f"{one['failing']} of {one['subjects']}: " if is_part else ""
        cells: list[str | Cell] = [
            Cell(check, href=pages.get(check)),
            Cell(verdict, verdict),
            *value_and_limit(one["value"], one["threshold"]),
            number(one["n"]),
            since,
            f"{of}{one['reason']}",
        ]
        rows.append(Row(cells))
    return PageTable(titles, rows, frozenset(("value", "limit", "rows")))
