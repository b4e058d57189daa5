"""A column through the chunks of a comparison: the order and the numbers that reports show."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlops_drift.compare.result import ColumnComparison, Comparison
from mlops_drift.drift.column_reference import shares as shares_of
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.rows import Floats
from mlops_drift.schema.verdicts import Verdict, overall


@dataclass(frozen=True)
class ColumnHistory:
    """One column in every chunk, at least one; two whole tables are a chunk that is None."""

    name: str
    cells: tuple[ColumnComparison, ...]
    chunks: tuple[str | None, ...]
    metric: str
    threshold: float

    @property
    def failed(self) -> list[int]:
        """Numbers of the chunks in which the column fails, ascending."""
        return [number for number, cell in enumerate(self.cells) if cell.verdict == "fail"]

    @property
    def verdict(self) -> Verdict:
        """Fail if any chunk fails, unknown if every chunk is, else pass."""
        return overall([cell.verdict for cell in self.cells])

    @property
    def is_time(self) -> bool:
        """Whether the column says when rows are of, and so has no verdict."""
        return self.cell.is_time

    @property
    def judged(self) -> list[float | None]:
        """The deciding metric by chunk, None where the verdict is unknown."""
        return [None if cell.verdict == "unknown" else self.effect(cell) for cell in self.cells]

    @property
    def shown(self) -> int:
        """Number of the chunk that stands for the column: the last of the column's verdict."""
        verdict = self.verdict
        return max(n for n, cell in enumerate(self.cells) if cell.verdict == verdict)

    @property
    def cell(self) -> ColumnComparison:
        """The column in the chunk that stands for it."""
        return self.cells[self.shown]

    def effect(self, cell: ColumnComparison) -> float | None:
        """The deciding metric in a chunk, None where it could not be measured."""
        return cell.measures.value(self.metric) if cell.measures else None


def column_histories(
    comparisons: Sequence[Comparison], monitor: DriftMonitor
) -> list[ColumnHistory]:
    """The columns of a comparison in the order of a reader's interest.

    Failed columns come first, those that failed in most chunks and then those that went furthest
    beyond their threshold leading; then the unknown ones, then those that passed.

    Raises:
        ValueError: there is no comparison.
    """
    if not comparisons:
        raise ValueError("comparisons must hold at least one comparison, found none")
    chunks = tuple(comparison.chunk for comparison in comparisons)
    histories = []
    for name, column in comparisons[0].columns.items():
        cells = tuple(comparison.columns[name] for comparison in comparisons)
        effect = monitor.effect(name, ordered=column.kind != "categorical")
        histories.append(ColumnHistory(name, cells, chunks, *effect))
    return sorted(histories, key=_interest)


def _interest(history: ColumnHistory) -> tuple[int, int, float]:
    rank = ("fail", "unknown", "pass").index(history.verdict)
    return rank, -len(history.failed), -max(cell.excess for cell in history.cells)


def shares(cell: ColumnComparison) -> tuple[Floats, Floats]:
    """Shares of the reference's and of the current rows by bin, in [0, 1]; empty if unreadable."""
    if cell.column is None or cell.counts is None:
        return np.zeros(0), np.zeros(0)
    return shares_of(cell.column.counts), shares_of(cell.counts)
