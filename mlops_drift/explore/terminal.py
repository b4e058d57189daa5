"""An exploration on the terminal."""

from collections.abc import Collection, Sequence
from math import ceil
from textwrap import wrap

from rich.console import Console
from rich.table import Column as Head
from rich.table import Table
from rich.text import Text

from mlops_drift.charts import numbers as shown
from mlops_drift.charts.axis import fitting
from mlops_drift.charts.sparkline import BARS, sparkline
from mlops_drift.console import in_one_line, open_console, print_table, shortened, table_of
from mlops_drift.drift.sentences import count
from mlops_drift.explore.alone import ALONE
from mlops_drift.explore.findings import MEASURES
from mlops_drift.explore.numeric import label
from mlops_drift.explore.result import Column, Exploration, Finding, Severity, Timeline
from mlops_drift.explore.summary import changing, head

STYLES: dict[Severity, str] = {"error": "red", "warning": "yellow", "note": "dim"}

_MOST_FINDINGS, _MOST_COLUMNS, _MOST_PAIRS, _MOST_SERIES = 30, 60, 10, 8
_SHAPE = 12
_LONGEST_NAME = 20
_DAYS = 20


def print_exploration(found: Exploration) -> None:
    """Prints what to look at first, then each column, pairs, days, and a part of a defs.yaml."""
    console = open_console()
    console.print(Text(f"\n{in_one_line(found.name)}", "bold"), soft_wrap=True)
    for line in head(found):
        console.print(Text(in_one_line(line)))
    _print_findings(console, found.findings)
    _title(console, "Columns")
    print_table(console, _columns(found))
    if len(found.columns) > _MOST_COLUMNS:
        more = count(len(found.columns) - _MOST_COLUMNS, "more column")
        console.print(f"and {more}; --html and --format json have all", style="dim")
    if found.alone:
        _title(console, f"What says most about {in_one_line(found.target or '')}, each alone")
        print_table(console, _alone(found))
    if found.pairs:
        _title(console, "Strongest pairs")
        print_table(console, _pairs(found))
    if found.timeline is not None:
        _title(console, f"By day, {_span(found.timeline)}")
        print_table(console, _series(found, found.timeline))
    _title(console, "For defs.yaml, under attributes:")
    console.print(Text(found.defs), soft_wrap=True)


def _title(console: Console, text: str) -> None:
    console.print(Text(f"\n{text}", "bold"))


def _print_findings(console: Console, findings: Sequence[Finding]) -> None:
    _title(console, "Look at first" if findings else "Nothing stands out")
    width = max(20, console.width - 9)
    for one in findings[:_MOST_FINDINGS]:
        first, *others = wrap(in_one_line(one.sentence), width, break_on_hyphens=False)
        console.print(Text(f"{one.severity:<8} ", STYLES[one.severity]).append(first, "default"))
        for line in others:
            console.print(Text(f"{'':<9}{line}"))
    if len(findings) > _MOST_FINDINGS:
        more = count(len(findings) - _MOST_FINDINGS, "more finding")
        console.print(f"and {more}; --html and --format json have all", style="dim")


def _columns(found: Exploration) -> Table:
    rows = [
        [
            _name(column.name),
            column.kind,
            _share(column.missing, column.rows),
            f"{column.distinct:,}",
            _shape(column),
            _values(column),
        ]
        for column in found.columns[:_MOST_COLUMNS]
    ]
    titles = ["column", "kind", "missing", "distinct", "shape", "values"]
    return _table(titles, rows, {"missing", "distinct"}, flexible="values")


def _shape(column: Column) -> str:
    rows = [float(bar.rows) for bar in column.bars]
    if not rows:
        return ""
    size = ceil(len(rows) / _SHAPE)
    sums = [sum(rows[first : first + size]) for first in range(0, len(rows), size)]
    top = max(sums) or 1.0
    steps = len(BARS) - 1
    return "".join(BARS[min(steps, max(1, round(steps * n / top)))] if n else BARS[0] for n in sums)


def _values(column: Column) -> str:
    if column.spread is not None and column.kind == "day":
        return f"{label(column.spread.minimum, True)} to {label(column.spread.maximum, True)}"
    if column.spread is not None and not column.has_values:
        ends = (column.spread.minimum, column.spread.median, column.spread.maximum)
        return " · ".join(label(value, False) for value in ends)
    top = [
        f"{fitting(bar.label, 90) or repr(bar.label)} {shown.percent(bar.rows / column.rows)} %"
        for bar in sorted(column.bars, key=lambda bar: -bar.rows)[:3]
    ]
    return ", ".join(top)


def _alone(found: Exploration) -> Table:
    measure = ALONE[found.alone[0].measure]
    rows = [
        [_name(one.column), shown.distance(one.value), "may leak" if one.leak else ""]
        for one in found.alone[:_MOST_PAIRS]
    ]
    return _table(["column", measure, ""], rows, {measure}, flexible="column")


def _pairs(found: Exploration) -> Table:
    rows = [
        [
            _name(one.first),
            _name(one.second),
            MEASURES[one.measure],
            shown.distance(one.value),
        ]
        for one in found.pairs[:_MOST_PAIRS]
    ]
    return _table(["column", "and", "measure", "value"], rows, {"value"}, flexible="column")


def _series(found: Exploration, timeline: Timeline) -> Table:
    counts = [float(n) for n in timeline.rows]
    line = sparkline(counts, 0, max(counts), _DAYS)
    rows = [["", "rows", line, f"{min(timeline.rows):,}", f"{max(timeline.rows):,}", ""]]
    for series in changing(found)[:_MOST_SERIES]:
        known = [value for value in series.values if value is not None]
        low, high = min(known), max(known)
        unit = shown.percent if series.is_share else shown.quantity
        sign = " %" if series.is_share else ""
        rows.append(
            [
                _name(series.column),
                in_one_line(series.what),
                sparkline(series.values, low, high, _DAYS),
                f"{unit(low)}{sign}",
                f"{unit(high)}{sign}",
                f"{shown.percent(series.icc)} %",
            ]
        )
    titles = ["column", "what", "day by day", "lowest", "highest", "between"]
    return _table(titles, rows, set(titles[3:]), flexible="what")


def _span(timeline: Timeline) -> str:
    return f"{count(len(timeline.rows), 'day')} from {timeline.first}"


def _share(n: int, rows: int) -> str:
    return f"{shown.percent(n / rows)} %" if n else shown.NOTHING


def _name(text: str) -> str:
    line = in_one_line(text)
    return line if len(line) <= _LONGEST_NAME else f"{line[: _LONGEST_NAME - 1]}…"


def _table(
    titles: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[str], flexible: str
) -> Table:
    """A table in which the texts of one column are cut where the terminal ends."""
    heads = [
        Head(title, justify="right" if title in numbers else "left", no_wrap=title != flexible)
        for title in titles
    ]
    table = table_of(*heads)
    for row in rows:
        pairs = zip(titles, row, strict=True)
        table.add_row(
            *(shortened(cell) if title == flexible else Text(cell) for title, cell in pairs)
        )
    return table
