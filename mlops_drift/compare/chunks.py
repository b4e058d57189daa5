"""The chunks of a table, such as its days."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlops_drift.drift.encoding import groups
from mlops_drift.drift.rows import Floats, Rows, RowsError

MAX_CHUNKS = 5_000


@dataclass(frozen=True)
class Chunks:
    """The chunks of a table: where each begins once the rows are in `order`."""

    labels: list[str | None]
    bounds: NDArray[np.int64]
    numbers: NDArray[np.int64] | None
    order: NDArray[np.int64] | None

    def slices(self, values: Floats) -> Iterator[Floats]:
        """The values of each chunk."""
        ordered = values if self.order is None else values[self.order]
        for first, last in zip(self.bounds[:-1], self.bounds[1:], strict=True):
            yield ordered[first:last]

    @property
    def sizes(self) -> list[int]:
        """Rows of each chunk."""
        sizes: list[int] = np.diff(self.bounds).tolist()
        return sizes


def chunks_of(rows: Rows, by: str | None) -> Chunks:
    """The chunks by the values of a column; without one the whole table is a chunk.

    Rows without a chunk come last, as `null` (as `(null)` where a chunk is called null).

    Raises:
        RowsError: there are more than 5,000 chunks.
    """
    if by is None:
        return Chunks([None], np.array([0, rows.count]), None, None)
    values, numbers = groups(rows, by)
    if len(values) - 1 > MAX_CHUNKS:
        raise RowsError(
            f"column {by!r} of {rows.name} has {len(values) - 1:,} different values, at most "
            f"{MAX_CHUNKS:,} chunks can be compared; a column of days or weeks would do"
        )
    sizes = np.bincount(numbers, minlength=len(values))
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    labels = values[:-1]
    if sizes[-1]:
        labels.append("null" if "null" not in labels else "(null)")
    else:
        bounds = bounds[:-1]
    is_ordered = bool(np.all(numbers[1:] >= numbers[:-1]))
    order = None if is_ordered else np.argsort(numbers, kind="stable")
    return Chunks(labels, bounds, numbers, order)
