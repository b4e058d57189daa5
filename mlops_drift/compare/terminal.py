"""A comparison of two tables on the terminal."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from mlops_drift.charts import numbers
from mlops_drift.charts.sparkline import BARS
from mlops_drift.compare.column_history import ColumnHistory, column_histories, shares
from mlops_drift.compare.result import ColumnComparison, Comparison
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.metrics.registry import drift_metric
from mlops_drift.drift.sentences import count
from mlops_drift.schema.verdicts import Verdict

STYLES: dict[Verdict, str] = {"fail": "red", "unknown": "yellow", "pass": "green"}

# Where nobody looks at the lines as they come, in a pipe or a file.
_PIPE_WIDTH = 100
# Narrower terminals go without the distributions.
_FULL_WIDTH = 98
_MAX_BARS = 10
_MAX_TREND = 30
_MAX_CHUNKS = 100
_MAX_NAMES = 4


def print_comparison(
    comparisons: Sequence[Comparison], reference_name: str, current_name: str, monitor: DriftMonitor
) -> None:
    """Prints the verdicts: a row a column or, of chunks, a row a chunk and a line a drifted column.

    Raises:
        ValueError: there is no comparison.
    """
    histories = column_histories(comparisons, monitor)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    _print_head(console, comparisons, histories, (reference_name, current_name), monitor)
    if comparisons[0].chunk is None:
        tables = [_columns(histories, monitor, console.width >= _FULL_WIDTH)]
    else:
        if len(comparisons) > _MAX_CHUNKS:
            console.print(f"The last {_MAX_CHUNKS} of {len(comparisons):,} chunks:", style="dim")
        drifted = [history for history in histories if history.failed]
        tables = [_chunks(comparisons[-_MAX_CHUNKS:]), *([_trends(drifted)] if drifted else [])]
    for table in tables:
        console.print(table)
        console.print()
    _print_reasons(console, histories)
    if comparisons[0].auc is not None:
        console.print(
            f"Domain classifier: AUC {comparisons[0].auc:.3f} (0.5: the tables look the same, "
            "1: no two rows of them do)\n",
            soft_wrap=True,
        )


def _print_head(
    console: Console,
    comparisons: Sequence[Comparison],
    histories: Sequence[ColumnHistory],
    names: tuple[str, str],
    monitor: DriftMonitor,
) -> None:
    verdicts = [history.verdict for history in histories]
    failed, unknown = verdicts.count("fail"), verdicts.count("unknown")
    chunks = ""
    if comparisons[0].chunk is not None:
        chunks = f" in at least one of {count(len(comparisons), 'chunk')}"
    head = Text(f"\n{failed} of {count(len(verdicts), 'column')} drifted{chunks}", "bold")
    if unknown:
        head.append(f", {unknown} not judged", "bold yellow")
    console.print(head)
    before, after = (_printable(name) for name in names)
    n = count(sum(comparison.n_current for comparison in comparisons), "row")
    n_reference = count(comparisons[0].n_reference, "row")
    console.print(Text(f"{after}, {n}, against {before}, {n_reference}"), soft_wrap=True)
    metric, threshold = drift_metric(monitor.metric).title, monitor.effect("")[1]
    console.print(
        f"A column fails if its {metric} reaches {threshold:g}, or nulls rise by "
        f"{100 * monitor.null_increase:g} points, with q < {monitor.alpha:g}.\n",
        style="dim",
        soft_wrap=True,
    )


def _columns(histories: Sequence[ColumnHistory], monitor: DriftMonitor, has_bars: bool) -> Table:
    table = _table(
        Column("column", overflow="ellipsis"),
        *_texts("kind", "verdict"),
        *_numbers(f"{monitor.metric} / limit", "psi", "ks", "null", "q"),
        *(_texts(f"{'reference':<{_MAX_BARS}} current") if has_bars else []),
    )
    for history in histories:
        cell, measures = history.cell, history.cell.measures
        row: list[Text | str] = [
            Text(_printable(history.name)),
            (cell.kind or numbers.NOTHING)[:3],
            Text(cell.verdict, STYLES[cell.verdict]),
            _effect(history, monitor),
            numbers.distance(measures.value("psi") if measures else None),
            numbers.distance(measures.value("ks") if measures else None),
            _nulls(cell, monitor),
            numbers.probability(cell.q),
        ]
        table.add_row(*row, *([_pair(cell)] if has_bars else []))
    return table


def _effect(history: ColumnHistory, monitor: DriftMonitor) -> Text:
    value = history.effect(history.cell)
    if value is None:
        return Text(numbers.NOTHING)
    is_far = value >= history.threshold
    own = "" if history.metric == monitor.metric else f"{history.metric} "
    text = f"{own}{numbers.distance(value)} {'≥' if is_far else '<'} {history.threshold:g}"
    return Text(text, STYLES["fail"] if is_far and history.verdict == "fail" else "")


def _nulls(cell: ColumnComparison, monitor: DriftMonitor) -> Text:
    if cell.measures is None:
        return Text(numbers.NOTHING)
    before, after = cell.measures.null_reference, cell.measures.null_share
    is_far = cell.verdict == "fail" and after - before >= monitor.null_limit(cell.name)
    return Text(numbers.change(before, after), STYLES["fail"] if is_far else "")


def _pair(cell: ColumnComparison) -> str:
    # Nulls have a column of their own.
    before, after = (side[:-1] for side in shares(cell))
    filled = np.flatnonzero(before + after)
    if not len(filled):
        return ""
    first = np.unique(np.linspace(0, len(filled), _MAX_BARS, endpoint=False).astype(int))
    before, after = (np.add.reduceat(side[filled], first) for side in (before, after))
    top = float(max(before.max(), after.max()))
    return f"{sparkline(before.tolist(), top):<{_MAX_BARS}} {sparkline(after.tolist(), top)}"


def sparkline(values: Sequence[float | None], top: float) -> str:
    """One character a value, from 0 to `top`; blank for 0 and for None.

    >>> sparkline([0.0, 0.01, 0.5, 1.0, None], 1.0)
    ' ▁▄█ '
    """
    steps = len(BARS) - 1
    return "".join(
        BARS[min(steps, max(1, round(steps * value / top)))] if value else BARS[0]
        for value in values
    )


def _chunks(comparisons: Sequence[Comparison]) -> Table:
    names = Column("drifted columns", overflow="ellipsis")
    table = _table(*_texts("chunk"), *_numbers("rows", "drifted", "unknown"), names)
    for comparison in comparisons:
        drifted = [_printable(name) for name in comparison.drifted]
        unknown = sum(column.verdict == "unknown" for column in comparison.columns.values())
        more = f" and {len(drifted) - _MAX_NAMES} more" if len(drifted) > _MAX_NAMES else ""
        table.add_row(
            Text(_printable(comparison.chunk or "")),
            f"{comparison.n_current:,}",
            Text(str(len(drifted) or numbers.NOTHING), STYLES["fail"] if drifted else ""),
            str(unknown or numbers.NOTHING),
            Text(", ".join(drifted[:_MAX_NAMES]) + more),
        )
    return table


def _trends(histories: Sequence[ColumnHistory]) -> Table:
    table = _table(
        Column("column", overflow="ellipsis"),
        *_numbers("failed in"),
        *_texts("first failed", "over the chunks"),
        *_numbers("highest", "last", "limit"),
    )
    for history in histories:
        highest = numbers.highest(history.judged)
        table.add_row(
            Text(_printable(history.name)),
            f"{len(history.failed)} of {len(history.cells)}",
            Text(_printable(history.chunks[history.failed[0]] or "")),
            _trend(history.judged),
            f"{history.metric} {numbers.distance(highest)}",
            numbers.distance(history.judged[-1]),
            f"{history.threshold:g}",
        )
    return table


def _trend(values: Sequence[float | None]) -> str:
    parts = min(len(values), _MAX_TREND)
    bounds = np.linspace(0, len(values), parts + 1).astype(int).tolist()
    # The highest of neighbours, so that no alarm is smoothed away.
    highest = [numbers.highest(values[first:last]) for first, last in pairwise(bounds)]
    return sparkline(highest, max((value for value in highest if value), default=1.0))


def _print_reasons(console: Console, histories: Sequence[ColumnHistory]) -> None:
    titles: dict[Verdict, str] = {"fail": "Drifted", "unknown": "Not judged"}
    for verdict, title in titles.items():
        found = [history for history in histories if history.verdict == verdict]
        if not found:
            continue
        console.print(title, style=f"bold {STYLES[verdict]}")
        for history in found:
            chunk = history.chunks[history.shown]
            when = "" if chunk is None else f"{_printable(chunk)}: "
            for reason in history.cell.reasons:
                console.print(Text(f"  {when}{_printable(reason)}"), soft_wrap=True)
        console.print()


def _texts(*names: str) -> list[Column]:
    return [Column(name, no_wrap=True) for name in names]


def _numbers(*names: str) -> list[Column]:
    return [Column(name, justify="right", no_wrap=True) for name in names]


def _table(*columns: Column) -> Table:
    return Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, padding=0, show_edge=False)


def _printable(text: str) -> str:
    """The text on one line, and without what would steer a terminal."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
