"""A comparison of two tables on the terminal."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from mlops_drift.charts import numbers
from mlops_drift.charts.sparkline import BARS
from mlops_drift.compare.column_history import ColumnHistory, column_histories, shares
from mlops_drift.compare.result import ColumnComparison, Comparison
from mlops_drift.console import (
    STYLES,
    fixed,
    in_one_line,
    numeric,
    open_console,
    print_table,
    shortened,
    table_of,
)
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.metrics.registry import drift_metric
from mlops_drift.drift.sentences import count

# Narrower terminals go without the distributions, and then without the other measures.
_FULL_WIDTH, _MEASURES_WIDTH = 98, 78
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
    console = open_console()
    times = [history for history in histories if history.is_time]
    histories = [history for history in histories if not history.is_time]
    _print_head(console, comparisons, histories, (reference_name, current_name), monitor)
    if comparisons[0].chunk is None:
        tables = [_columns(histories, monitor, console.width)]
    else:
        if len(comparisons) > _MAX_CHUNKS:
            console.print(f"The last {_MAX_CHUNKS} of {len(comparisons):,} chunks:", style="dim")
        drifted = [history for history in histories if history.failed]
        tables = [_chunks(comparisons[-_MAX_CHUNKS:]), *([_trends(drifted)] if drifted else [])]
    for table in tables:
        print_table(console, table)
        console.print()
    _print_reasons(console, histories)
    _print_times(console, times)
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
    if chunks and (advice := _about_small_chunks(comparisons, monitor.min_rows)):
        console.print(Text(advice, "yellow"))
    before, after = (in_one_line(name) for name in names)
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


def _about_small_chunks(comparisons: Sequence[Comparison], min_rows: int) -> str:
    """What to do where chunks have too few rows for a verdict; empty where none has."""
    sizes = sorted(comparison.n_current for comparison in comparisons)
    small = sum(size < min_rows for size in sizes)
    if not small:
        return ""
    middle = sizes[len(sizes) // 2]
    advice = f"--min-rows {middle} would judge most of them, " if middle < min_rows else ""
    return (
        f"{small:,} of {count(len(sizes), 'chunk')} have fewer than the {min_rows:,} rows that a "
        f"verdict needs: {advice}longer chunks would judge more surely"
    )


def _columns(histories: Sequence[ColumnHistory], monitor: DriftMonitor, width: int) -> Table:
    has_measures, has_bars = width >= _MEASURES_WIDTH, width >= _FULL_WIDTH
    table = _table(
        "column",
        *fixed("kind", "verdict"),
        *numeric(f"{monitor.metric} / limit"),
        *(numeric("psi", "ks", "null", "q") if has_measures else []),
        *(fixed(f"{'reference':<{_MAX_BARS}} current") if has_bars else []),
    )
    for history in histories:
        cell, measures = history.cell, history.cell.measures
        row: list[Text | str] = [
            shortened(in_one_line(history.name)),
            (cell.kind or numbers.NOTHING)[:3],
            Text(cell.verdict, STYLES[cell.verdict]),
            _effect(history, monitor),
        ]
        if has_measures:
            row += [
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
    text = f"{own}{numbers.distance(value)} {'>=' if is_far else '<'} {history.threshold:g}"
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
    table = _table(*fixed("chunk"), *numeric("rows", "drifted", "unknown"), "drifted columns")
    for comparison in comparisons:
        drifted = [in_one_line(name) for name in comparison.drifted]
        unjudged = [one for one in comparison.columns.values() if one.verdict == "unknown"]
        unknown = sum(not one.is_time for one in unjudged)
        more = f" and {len(drifted) - _MAX_NAMES} more" if len(drifted) > _MAX_NAMES else ""
        table.add_row(
            Text(in_one_line(comparison.chunk or "")),
            f"{comparison.n_current:,}",
            Text(str(len(drifted) or numbers.NOTHING), STYLES["fail"] if drifted else ""),
            str(unknown or numbers.NOTHING),
            shortened(", ".join(drifted[:_MAX_NAMES]) + more),
        )
    return table


def _trends(histories: Sequence[ColumnHistory]) -> Table:
    table = _table(
        "column",
        *numeric("failed in"),
        *fixed("first failed", "over the chunks"),
        *numeric("highest", "last", "limit"),
    )
    for history in histories:
        highest = numbers.highest(history.judged)
        table.add_row(
            shortened(in_one_line(history.name)),
            f"{len(history.failed)} of {len(history.cells)}",
            Text(in_one_line(history.chunks[history.failed[0]] or "")),
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
    """Why columns drifted, a line each; why they were not judged, a line for each reason."""
    failed = [history for history in histories if history.verdict == "fail"]
    unknown = [history for history in histories if history.verdict == "unknown"]
    if failed:
        console.print(Text("Drifted", f"bold {STYLES['fail']}"))
        for history in failed:
            for reason in history.cell.reasons:
                console.print(Text(f"  {_when(history)}{in_one_line(reason)}"), soft_wrap=True)
        console.print()
    if unknown:
        console.print(Text("Not judged", f"bold {STYLES['unknown']}"))
        names: dict[str, list[str]] = {}
        for history in unknown:
            for reason in history.cell.reasons:
                why = reason.removeprefix(f"{history.name} was not judged: ")
                names.setdefault(f"{_when(history)}{why}", []).append(history.name)
        for why, of in names.items():
            more = f" and {len(of) - _MAX_NAMES} more" if len(of) > _MAX_NAMES else ""
            line = f"  {', '.join(of[:_MAX_NAMES])}{more}: {why}"
            console.print(Text(in_one_line(line)), soft_wrap=True)
        console.print()


def _when(history: ColumnHistory) -> str:
    chunk = history.chunks[history.shown]
    return "" if chunk is None else f"{in_one_line(chunk)}: "


def _print_times(console: Console, times: Sequence[ColumnHistory]) -> None:
    if not times:
        return
    console.print(Text("Times, not judged unless --columns names them", "bold"))
    for history in times:
        for reason in history.cell.reasons:
            console.print(Text(f"  {in_one_line(reason)}"), soft_wrap=True)
    console.print()


def _table(*columns: Column | str) -> Table:
    return table_of(*columns, gap=0)
