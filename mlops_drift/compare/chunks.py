"""The chunks of a table, such as its days, and the values of its columns as numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlops_drift.drift.cells import as_days
from mlops_drift.drift.rows import Floats, Rows
from mlops_drift.files.error import TableError

MAX_CHUNKS = 5_000

# The different values of a column, last of them None for null, and the number of each row's.
Encoded = tuple[list[str | None], NDArray[np.int64]]


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

    def count(self, bins: NDArray[np.int64], size: int) -> NDArray[np.int64]:
        """Rows of each chunk in each of so many bins, shape (chunks, size); -1 is in no bin."""
        cells = bins if self.numbers is None else self.numbers * size + bins
        counted = np.bincount(cells[bins >= 0], minlength=len(self.labels) * size)
        return counted.reshape(len(self.labels), size)


def chunks_of(rows: Rows, by: str | None) -> Chunks:
    """The chunks by the values of a column; without one the whole table is a chunk.

    Rows without a chunk come last, as `null` (as `(null)` where a chunk is called null).

    Raises:
        TableError: there are more than 5,000 chunks.
    """
    if by is None:
        return Chunks([None], np.array([0, rows.count]), None, None)
    values, numbers = groups(rows, by)
    if len(values) - 1 > MAX_CHUNKS:
        raise TableError(
            f"column {by!r} of {rows.name} has {len(values) - 1:,} different values, at most "
            f"{MAX_CHUNKS:,} chunks can be compared; a column of days or weeks would do"
        )
    labels, sizes = values[:-1], np.bincount(numbers, minlength=len(values))
    if sizes[-1]:
        labels.append("null" if "null" not in labels else "(null)")
    bounds = np.concatenate([[0], np.cumsum(sizes[: len(labels)])])
    is_ordered = bool(np.all(numbers[1:] >= numbers[:-1]))
    order = None if is_ordered else np.argsort(numbers, kind="stable")
    return Chunks(labels, bounds, numbers, order)


def encoded(rows: Rows, name: str) -> Encoded:
    """The categories of a column, and the number of the one that each row has."""
    found, numbers = rows.coded(name)
    values = [*found.to_pylist(), None]
    numbers[numbers < 0] = len(found)
    return values, numbers


def groups(rows: Rows, name: str) -> Encoded:
    """As `encoded`, the values ascending and midnights written as their days."""
    values, numbers = encoded(rows, name)
    text = rows.expression(name, "categorical")
    pairs = f"SELECT {text} AS v, {rows.cell(name)} AS o FROM {rows.sql}"
    sql = f"SELECT v FROM ({pairs}) WHERE v IS NOT NULL GROUP BY v ORDER BY min(o), v"
    places = {value: place for place, (value,) in enumerate(rows.tuples(sql, [name]))}
    rank = np.array([*(places[value] for value in values[:-1]), len(places)], dtype=np.int64)
    return [*(as_days(list(places)) if rows.is_moment(name) else places), None], rank[numbers]
