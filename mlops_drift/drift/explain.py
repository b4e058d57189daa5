"""Explanations: which columns matter, which bins moved, and where it happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlops_drift.drift.column_profile import ColumnProfile
from mlops_drift.drift.column_reference import ColumnReference, Counts, shares
from mlops_drift.drift.metrics.base import Pair
from mlops_drift.drift.metrics.tvd import TotalVariation
from mlops_drift.drift.verdict import ColumnVerdict

_ORDER = {"fail": 2, "pass": 1, "unknown": 0}


@dataclass(frozen=True)
class RankedColumn:
    """A column's furthest verdict, and how much of the model depends on the column.

    Attributes:
        importance: share of the model's skill that rests on the column; None where unknown.
        priority: the verdict's value in units of its threshold, times the importance.
    """

    worst: ColumnVerdict
    importance: float | None
    priority: float


def rank(
    verdicts: Sequence[ColumnVerdict], importance: Mapping[str, float] | None = None
) -> list[RankedColumn]:
    """Columns in the order in which to look at them: failed ones first, then by priority.

    Priority is drift times importance, shares that add up to 1. A column without an importance,
    such as a prediction, counts as one on which everything rests.
    """
    worst = {verdict.column: verdict for verdict in sorted(verdicts, key=severity)}
    shared = importance or {}
    ranked = [
        RankedColumn(verdict, shared.get(name), verdict.excess * shared.get(name, 1.0))
        for name, verdict in worst.items()
    ]
    return sorted(
        ranked, key=lambda item: (-_ORDER[item.worst.verdict], -item.priority, -item.worst.excess)
    )


def severity(verdict: ColumnVerdict) -> tuple[int, float]:
    """Orders verdicts: failed ones highest, then by how near they come to their threshold."""
    return _ORDER[verdict.verdict], verdict.excess


@dataclass(frozen=True)
class MovedBin:
    """A bin whose share of the rows changed, with its share before and after."""

    label: str
    before: float
    after: float


def moved_bins(
    column: ColumnReference, past: Counts, counts: Counts, most: int = 5
) -> list[MovedBin]:
    """The bins whose share of the rows changed most, largest change first; unchanged ones not.

    >>> column = ColumnReference("categorical", np.array([60, 40, 0, 0, 0]), values=("a", "b"))
    >>> moved_bins(column, column.counts, np.array([10, 10, 0, 0, 0]), most=1)
    [MovedBin(label='a', before=0.6, after=0.5)]
    """
    before, after = shares(past), shares(counts)
    order = np.argsort(-np.abs(after - before), kind="stable")[:most]
    return [
        MovedBin(column.labels[number], float(before[number]), float(after[number]))
        for number in order
        if before[number] != after[number]
    ]


@dataclass(frozen=True)
class SegmentShift:
    """What one value of a segment column has to do with the shift of another column.

    Attributes:
        share: its share of the shift, below 0 where it moved against the rest; all add up to 1.
        before: its share of the reference rows; `after` of the window's.
        distance: total variation distance within the segment; 0.0 where one side has no rows of it.
    """

    segment: str
    share: float
    before: float
    after: float
    distance: float


def segment_shifts(
    reference: Mapping[Any, ColumnProfile], current: Mapping[Any, ColumnProfile]
) -> list[SegmentShift]:
    """Divides the shift of a column among the segments of the rows, largest share first.

    With d(s, b) the change of the share that segment s and bin b have of all rows, and D(b) the
    sum of d over the segments, the share of s is the sum over b of sign(D(b)) d(s, b), divided by
    the sum of |D(b)|. So a segment counts that moved within, and one that grew or shrank.

    >>> before = {"a": ColumnProfile(np.array([50, 0])), "b": ColumnProfile(np.array([50, 0]))}
    >>> after = {"a": ColumnProfile(np.array([50, 0])), "b": ColumnProfile(np.array([0, 50]))}
    >>> [(item.segment, item.share) for item in segment_shifts(before, after)]
    [('b', 1.0), ('a', 0.0)]
    """
    segments = list(dict.fromkeys([*reference, *current]))
    empty = np.zeros_like(next(iter({**reference, **current}.values())).counts) if segments else 0
    tables = [
        np.array([side[s].counts if s in side else empty for s in segments], dtype=np.float64)
        for side in (reference, current)
    ]
    if not segments or not all(table.sum() for table in tables):
        return []
    before, after = (table / table.sum() for table in tables)
    change = after - before
    total = change.sum(axis=0)
    # Adding 0.0 turns the -0.0 of a segment without any change into 0.0.
    shares = (change @ np.sign(total)) / (np.abs(total).sum() or 1.0) + 0.0
    found = [
        SegmentShift(
            "null" if segment is None else str(segment),
            float(shares[number]),
            float(before[number].sum()),
            float(after[number].sum()),
            TotalVariation().distance(Pair.of(tables[0][number], tables[1][number])),
        )
        for number, segment in enumerate(segments)
    ]
    return sorted(found, key=lambda item: (-item.share, item.segment))
