"""An exploration on the terminal."""

from collections.abc import Collection, Sequence
from math import ceil
from textwrap import wrap

from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Column as Head
from rich.table import Table
from rich.text import Text

from mlops_drift.charts import numbers as shown
from mlops_drift.charts.axis import fitting
from mlops_drift.charts.sparkline import BARS, sparkline
from mlops_drift.drift.sentences import count
from mlops_drift.explore.alone import ALONE
from mlops_drift.explore.findings import MEASURES
from mlops_drift.explore.numeric import label
from mlops_drift.explore.result import Column, Exploration, Finding, Severity, Timeline
from mlops_drift.explore.summary import changing, head

STYLES: dict[Severity, str] = {"error": "red", "warning": "yellow", "note": "dim"}

# Where nobody looks at the lines as they come, in a pipe or a file.
_PIPE_WIDTH = 80
_MOST_FINDINGS, _MOST_COLUMNS, _MOST_PAIRS, _MOST_SERIES = 30, 60, 10, 8
_SHAPE = 12
_LONGEST_NAME = 20
_DAYS = 20


def print_exploration(found: Exploration) -> None:
    """Prints what to look at first, then each column, pairs, days, and a part of a defs.yaml."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    console.print(Text(f"\n{_printable(found.name)}", "bold"), soft_wrap=True)
    for line in head(found):
        console.print(Text(_printable(line)))
    _print_findings(console, found.findings)
    _title(console, "Columns")
    console.print(_columns(found, console.width))
    if len(found.columns) > _MOST_COLUMNS:
        more = count(len(found.columns) - _MOST_COLUMNS, "more column")
        console.print(f"and {more}; --html and --format json have all", style="dim")
    if found.alone:
        _title(console, f"What says most about {_printable(found.target or '')}, each alone")
        console.print(_alone(found, console.width))
    if found.pairs:
        _title(console, "Strongest pairs")
        console.print(_pairs(found, console.width))
    if found.timeline is not None:
        _title(console, f"By day, {_span(found.timeline)}")
        console.print(_series(found, found.timeline, console.width))
    _title(console, "For defs.yaml, under attributes:")
    console.print(Text(found.defs), soft_wrap=True)


def _title(console: Console, text: str) -> None:
    console.print(Text(f"\n{text}", "bold"))


def _print_findings(console: Console, findings: Sequence[Finding]) -> None:
    _title(console, "Look at first" if findings else "Nothing stands out")
    width = max(20, console.width - 9)
    for one in findings[:_MOST_FINDINGS]:
        first, *others = wrap(_printable(one.sentence), width, break_on_hyphens=False)
        console.print(Text(f"{one.severity:<8} ", STYLES[one.severity]).append(first, "default"))
        for line in others:
            console.print(Text(f"{'':<9}{line}"))
    if len(findings) > _MOST_FINDINGS:
        more = count(len(findings) - _MOST_FINDINGS, "more finding")
        console.print(f"and {more}; --html and --format json have all", style="dim")


def _columns(found: Exploration, width: int) -> Table:
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
    return _table(titles, rows, {"missing", "distinct"}, width, flexible="values")


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


def _alone(found: Exploration, width: int) -> Table:
    measure = ALONE[found.alone[0].measure]
    rows = [
        [_name(one.column), shown.distance(one.value), "may leak" if one.leak else ""]
        for one in found.alone[:_MOST_PAIRS]
    ]
    return _table(["column", measure, ""], rows, {measure}, width, flexible="column")


def _pairs(found: Exploration, width: int) -> Table:
    rows = [
        [
            _name(one.first),
            _name(one.second),
            MEASURES[one.measure],
            shown.distance(one.value),
        ]
        for one in found.pairs[:_MOST_PAIRS]
    ]
    return _table(["column", "and", "measure", "value"], rows, {"value"}, width, flexible="column")


def _series(found: Exploration, timeline: Timeline, width: int) -> Table:
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
                _printable(series.what),
                sparkline(series.values, low, high, _DAYS),
                f"{unit(low)}{sign}",
                f"{unit(high)}{sign}",
                f"{shown.percent(series.icc)} %",
            ]
        )
    titles = ["column", "what", "day by day", "lowest", "highest", "between"]
    return _table(titles, rows, set(titles[3:]), width, flexible="what")


def _span(timeline: Timeline) -> str:
    return f"{count(len(timeline.rows), 'day')} from {timeline.first}"


def _share(n: int, rows: int) -> str:
    return f"{shown.percent(n / rows)} %" if n else shown.NOTHING


def _name(text: str) -> str:
    return _cut(_printable(text), _LONGEST_NAME)


def _cut(text: str, length: int) -> str:
    return text if cell_len(text) <= length else f"{set_cell_size(text, length - 1).rstrip()}…"


def _table(
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: Collection[str],
    width: int,
    flexible: str,
) -> Table:
    """A table no wider than so many letters: the texts of one column are cut."""
    place = list(titles).index(flexible)
    widths = [max(cell_len(row[i]) for row in [titles, *rows]) for i in range(len(titles))]
    room = max(8, width - sum(widths) + widths[place] - 2 * (len(titles) - 1))
    heads = [
        Head(title, justify="right" if title in numbers else "left", no_wrap=True)
        for title in titles
    ]
    table = Table(*heads, box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    for row in rows:
        cells = (_cut(cell, room) if i == place else cell for i, cell in enumerate(row))
        table.add_row(*map(Text, cells))
    return table


def _printable(text: str) -> str:
    """The text on one line, and without what would steer a terminal."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
