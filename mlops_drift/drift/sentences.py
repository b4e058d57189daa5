"""Sentences about the drift of one column: the finding, the number, the limit, since when."""

from typing import TYPE_CHECKING

import numpy as np

from mlops_drift.drift.column_reference import ColumnReference, Counts, shares
from mlops_drift.drift.metrics.registry import drift_metric

if TYPE_CHECKING:
    from mlops_drift.drift.verdict import ColumnVerdict

_LONGEST_LABEL = 60


def reason_of(
    verdict: "ColumnVerdict", column: ColumnReference, past: Counts, counts: Counts
) -> str:
    """Why a column passes or fails, by the rows per bin of the past and of the window."""
    text = _finding(verdict)
    if verdict.rule == "drift" and verdict.verdict == "fail":
        return f"{text}; {_largest_move(column, past, counts)}"
    return text


def few_reference_rows(name: str, rows: int, needed: int) -> str:
    """Why a column is unknown whose reference is too small."""
    return f"{name} was not judged: its reference has {_rows(rows)}, at least {needed} are needed"


def few_rows(name: str, rows: int, needed: int, window: int) -> str:
    """Why a column is unknown whose window is too small; a window of 0 days is a whole table."""
    span = f" over {days(window)}" if window else ""
    return f"{name} was not judged: {_rows(rows)}{span}, at least {needed:,} are needed"


def not_computed(name: str, metric: str) -> str:
    """Why a column is unknown whose metric could not be computed."""
    return (
        f"{name} was not judged by its {drift_metric(metric).title}: the values of this window or "
        "of the reference are not available, too large for it, or none at all"
    )


def many_infinite(name: str, metric: str, before: float, after: float) -> str:
    """Why a column is unknown whose metric does not count the infinite values that changed."""
    moved = f"the share of infinite ones went from {_percent(before)} to {_percent(after)}"
    return f"{name} was not judged by its {drift_metric(metric).title}, of finite values: {moved}"


def days(window: int) -> str:
    """A number of days in words."""
    return f"{window} day{'' if window == 1 else 's'}"


def _finding(verdict: "ColumnVerdict") -> str:
    if verdict.rule == "nulls":
        before, after = verdict.measures.null_reference, verdict.measures.null_share
        size = f"share of null went from {_percent(before)} to {_percent(after)}"
        limit, moved, stayed = f"+{_percent(verdict.threshold)}", "lost values", "kept its values"
    else:
        size = f"{drift_metric(verdict.metric).title} {verdict.value:.3f}"
        limit, moved, stayed = f"{verdict.threshold:.3f}", "moved", "stayed within its limit"
    name, p = verdict.column, _p(verdict.q)
    if verdict.verdict == "pass" and verdict.value >= verdict.threshold:
        return f"{name}: not significant (p = {p}): {size}, limit {limit}{_span(verdict)}"
    finding = moved if verdict.verdict == "fail" else stayed
    return f"{name} {finding}: {size} (limit {limit}, q {p}){_span(verdict)}"


def _span(verdict: "ColumnVerdict") -> str:
    """The window in words; a comparison of two tables has none."""
    rows = _rows(verdict.measures.n)
    season = " compared with the same period of the past"
    past = season if verdict.baseline == "season" else ""
    return f" over {days(verdict.window)}, {rows}{past}" if verdict.window else f", {rows}"


def _largest_move(column: ColumnReference, past: Counts, counts: Counts) -> str:
    before, after = shares(past), shares(counts)
    number = int(np.argmax(np.abs(after - before)))
    label = " ".join(column.labels[number].split())
    if len(label) > _LONGEST_LABEL:
        label = f"{label[: _LONGEST_LABEL - 1]}…"
    return f"share of {label} went from {_percent(before[number])} to {_percent(after[number])}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _rows(n: int) -> str:
    return f"{n:,} row{'' if n == 1 else 's'}"


def _p(value: float) -> str:
    """A p-value in one digit; one too small for a float reads as the bound 1e-300."""
    return f"{max(value, 1e-300):.1g}".replace("e-0", "e-")
