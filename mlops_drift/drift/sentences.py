"""Sentences about the drift of one column: the finding, the number, the limit, since when."""

from typing import TYPE_CHECKING

import numpy as np

from mlops_drift.drift.column_reference import ColumnReference, Counts, shares
from mlops_drift.drift.metrics.registry import drift_metric
from mlops_drift.schema.numbers import chance_of

if TYPE_CHECKING:
    from mlops_drift.drift.verdict import ColumnVerdict

_LONGEST = 60


def reason_of(
    verdict: "ColumnVerdict", column: ColumnReference, past: Counts, counts: Counts
) -> str:
    """Why a column passes or fails, by the rows per bin of the past and of the window."""
    text = _finding(verdict)
    if verdict.rule == "drift" and verdict.verdict == "fail":
        return f"{text}; {_largest_move(column, past, counts)}"
    return text


def excerpt(text: str) -> str:
    r"""A text of the data in one line, cut where it is long.

    >>> excerpt("a\n b"), len(excerpt("long " * 99))
    ('a b', 60)
    """
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def count(n: int, noun: str) -> str:
    """A number of things in words."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def percent(share: float) -> str:
    """A share in percent, in one decimal."""
    return f"{100 * share:.1f} %"


def _finding(verdict: "ColumnVerdict") -> str:
    if verdict.rule == "nulls":
        before, after = verdict.measures.null_reference, verdict.measures.null_share
        size = f"share of null went from {percent(before)} to {percent(after)}"
        limit, moved, stayed = f"+{percent(verdict.threshold)}", "lost values", "kept its values"
    else:
        size = f"{drift_metric(verdict.metric).title} {verdict.value:.3f}"
        limit, moved, stayed = f"{verdict.threshold:.3f}", "moved", "stayed within its limit"
    name, q = verdict.column, chance_of("q", verdict.q)
    if verdict.verdict == "pass" and verdict.value >= verdict.threshold:
        return f"{name}: not significant ({q}): {size}, limit {limit}{_span(verdict)}"
    finding = moved if verdict.verdict == "fail" else stayed
    return f"{name} {finding}: {size} (limit {limit}, {q}){_span(verdict)}"


def _span(verdict: "ColumnVerdict") -> str:
    """The window in words; a comparison of two tables has none."""
    rows = count(verdict.measures.n, "row")
    season = " compared with the same period of the past"
    past = season if verdict.baseline == "season" else ""
    return f" over {count(verdict.window, 'day')}, {rows}{past}" if verdict.window else f", {rows}"


def _largest_move(column: ColumnReference, past: Counts, counts: Counts) -> str:
    before, after = shares(past), shares(counts)
    number = int(np.argmax(np.abs(after - before)))
    label = excerpt(column.labels[number])
    return f"share of {label} went from {percent(before[number])} to {percent(after[number])}"
