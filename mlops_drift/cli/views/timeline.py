"""The story of a run on the terminal."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from math import isfinite
from operator import itemgetter
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from mlops_drift import links, settings
from mlops_drift.charts.numbers import number, value_and_limit
from mlops_drift.charts.sparkline import WIDTH, sparkline
from mlops_drift.cli.views.decisions import print_decisions
from mlops_drift.cli.views.headline import print_headline
from mlops_drift.config.spec import ModelSpec
from mlops_drift.console import (
    fixed,
    numeric,
    open_console,
    print_table,
    table_of,
)
from mlops_drift.drift.sentences import count
from mlops_drift.learning.metrics.registry import metric_named
from mlops_drift.lifecycle.spans import Span
from mlops_drift.lifecycle.timeline import Timeline

# What the other columns leave of a line for its curve, and the least that shows anything.
_BESIDE_CURVE, _LEAST_CURVE = 64, 10
_NAMES = itemgetter("check", "column")


def print_timeline(
    spec: ModelSpec,
    timeline: Timeline,
    spans: Sequence[Span],
    status: Mapping[str, Any],
    days: tuple[date, date],
    seconds: float,
) -> None:
    """Prints the KPI, versions, decisions and failed checks of some days, then the state."""
    console = open_console()
    head = Text(f"\n{spec.name}", "bold")
    head.append(f" {days[0]} to {days[1]}, {seconds:.0f} s. {spec.description}\n", "not bold")
    console.print(head)
    if timeline.kpi:
        table = _kpi(spec, timeline, console.width)
        print_table(console, table, f"{spec.training.metric} by production day")
        console.print()
    if timeline.versions:
        print_table(console, _versions(timeline), "Versions")
        console.print()
    print_decisions(console, spec.name, spans)
    console.print()
    _print_alarms(console, timeline.alarms, days[1])
    console.print()
    print_headline(console, status)
    # An address is not broken, so that it can be clicked.
    console.print(Text(f"Report: {links.report_page(spec.name)}"), soft_wrap=True)
    console.print(f"All details: {settings.ui_command()}, then {settings.dagster_ui()}")
    if needs := settings.ui_needs():
        console.print(f"It needs {needs}")


def _kpi(spec: ModelSpec, timeline: Timeline, width: int) -> Table:
    metric = spec.training.metric
    table = table_of(
        *fixed("version", "days"), *numeric("mean", "worst", "on"), *fixed("day by day")
    )
    room = max(_LEAST_CURVE, min(WIDTH, width - _BESIDE_CURVE))
    values = [row["value"] for row in timeline.kpi]
    low, high = min(values), max(values)
    worst_of = min if metric_named(metric).greater_is_better else max
    for version in sorted({row["version"] for row in timeline.kpi}):
        mine = [row for row in timeline.kpi if row["version"] == version]
        mean = sum(row["value"] * row["n"] for row in mine) / sum(row["n"] for row in mine)
        worst = worst_of(mine, key=itemgetter("value"))
        table.add_row(
            f"v{version}",
            f"{mine[0]['day']} to {mine[-1]['day']}",
            number(mean),
            number(worst["value"]),
            str(worst["day"]),
            sparkline([row["value"] for row in mine], low, high, room),
        )
    return table


def _versions(timeline: Timeline) -> Table:
    table = table_of(
        *fixed("version", "trained as of"),
        *numeric("rows"),
        *fixed("family", "test metric", "training set", "promoted"),
    )
    for row in timeline.versions:
        table.add_row(
            f"v{row['version']}",
            str(row["as_of"]),
            f"{row['rows']:,}",
            row["family"],
            f"{row['metric']} {number(row['value'])}",
            row["training_set"][:12],
            "yes" if row["promoted"] else "no",
        )
    return table


def _print_alarms(console: Console, alarms: Sequence[Mapping[str, Any]], last: date) -> None:
    """A line for each check and column: since when, how long, the worst, and if it still fails."""
    if not alarms:
        console.print("No check failed.")
        return
    table = table_of(
        Column("check, column", min_width=14, overflow="fold"),
        *fixed("first day", "last day"),
        *numeric("days", "worst", "limit"),
        *fixed("on", "still"),
    )
    for check, of_check in groupby(sorted(alarms, key=_NAMES), itemgetter("check")):
        table.add_row(Text(check, "bold"))
        columns = [list(rows) for _, rows in groupby(of_check, itemgetter("column"))]
        for rows in sorted(columns, key=lambda rows: -max(map(_excess, rows))):
            table.add_row(*_alarm(rows, last))
    numbers = count(len(alarms), "number")
    on = count(len({row["day"] for row in alarms}), "day")
    print_table(console, table, f"Failed checks: {numbers} on {on}")


def _alarm(rows: Sequence[Mapping[str, Any]], last: date) -> tuple[str | Text, ...]:
    """The cells about one column, of all its numbers that failed."""
    days = sorted({row["day"] for row in rows})
    worst = max(rows, key=_excess)
    return (
        Text(f"  {worst['column']}"),
        str(days[0]),
        str(days[-1]),
        f"{len(days):,}",
        *value_and_limit(worst["value"], worst["threshold"]),
        str(worst["day"]),
        Text("✕ yes", "red") if days[-1] == last else "no",
    )


def _excess(row: Mapping[str, Any]) -> float:
    """How far a number that failed is beyond its limit, in units of the limit."""
    value, limit = row["value"], row["threshold"]
    distance = abs(value - limit) / (abs(limit) or 1.0)
    return distance if isfinite(distance) else 0.0
