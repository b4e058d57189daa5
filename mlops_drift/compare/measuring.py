"""One column of two tables, measured chunk by chunk."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import duckdb
import numpy as np
from numpy.typing import NDArray

from mlops_drift.compare.chunks import Chunks
from mlops_drift.drift.column_profile import ColumnProfile
from mlops_drift.drift.column_reference import ColumnReference, Counts
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.encoding import encoded
from mlops_drift.drift.location_spread import levene, mann_whitney
from mlops_drift.drift.measures import Measures, measure
from mlops_drift.drift.profile import profile_sorted
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.rows import ColumnError, Floats, Kind, Rows
from mlops_drift.drift.sorted_values import SortedValues

# Up to here every whole number is a double.
_EXACT = 2**53
# Truths of the reference may be numbers in the current table.
_TRUTHS: Mapping[str | None, str] = {"0": "false", "1": "true"}

Test = Literal["mann-whitney", "levene"]
TESTS: Mapping[Test, Callable[[Floats, Floats], tuple[float, float]]] = {
    "mann-whitney": mann_whitney,
    "levene": levene,
}


@dataclass(frozen=True)
class Measured:
    """One column of a chunk: the bins, current rows in them, and every number."""

    column: ColumnReference
    counts: Counts
    measures: Measures
    tests: Mapping[str, float]


@dataclass(frozen=True)
class Sides:
    """Both tables, and how to measure their columns."""

    past: Rows | Reference
    now: Rows
    chunks: Chunks
    monitor: DriftMonitor
    tests: Sequence[Test]


def measure_column(sides: Sides, name: str, kind: Kind | None) -> list[Measured] | str:
    """One column of every chunk, or why it cannot be compared."""
    past, now = sides.past, sides.now
    for side, names in (("reference", past.columns), ("current table", now.columns)):
        if name not in names:
            return f"{name} was not judged: the {side} does not have this column"
    if kind is None:
        return f"{name} was not judged: nested values are neither numbers nor categories"
    try:
        column = (
            past.columns[name]
            if isinstance(past, Reference)
            else ColumnReference.fit(past, name, kind, sides.monitor.bins)
        )
        if kind == "categorical":
            return list(_categories(sides, column, name))
        numbers = now.numbers(name)
        if isinstance(past, Rows) and _are_rounded_alike(past, now, name, column, numbers):
            return (
                f"{name} was not judged: most of its values have so many digits that they are the "
                "same as numbers; name it as categorical, or leave it out"
            )
        return list(_numbers(sides, column, numbers))
    except ColumnError as error:
        return f"{name} was not judged: {error}"


def _are_rounded_alike(
    past: Rows, now: Rows, name: str, column: ColumnReference, numbers: Floats
) -> bool:
    """Whether most values of both tables, ids as a rule, round to few doubles in one span."""
    finite = numbers[np.isfinite(numbers)]
    if column.moments is None or not len(finite):
        return False
    low, high = max(column.moments.minimum, finite.min()), min(column.moments.maximum, finite.max())
    return bool(
        low <= high
        and max(-low, high) > _EXACT
        and not (_are_apart(past, name) or _are_apart(now, name))
    )


def _are_apart(rows: Rows, name: str) -> bool:
    """Whether at least half of the values of a column differ as doubles."""
    number, exact = rows.expression(name, "numeric"), rows.expression(name, "categorical")
    sql = f"SELECT count(DISTINCT {number}), count(DISTINCT {exact}) FROM {rows.sql}"
    [(numbers, values)] = rows.query(sql, duckdb.DuckDBPyRelation.fetchall, [name])
    return bool(2 * numbers >= values)


def _numbers(sides: Sides, column: ColumnReference, numbers: Floats) -> Iterator[Measured]:
    further = sides.monitor.metrics
    for values in sides.chunks.slices(numbers):
        sample = SortedValues(values)
        profile = profile_sorted(column, sample, len(values))
        asked: dict[str, float] = {}
        if column.sample is not None:
            for test in sides.tests:
                key = test.replace("-", "_")
                asked[key], asked[f"{key}_p"] = TESTS[test](column.sample.values, sample.values)
        # The bins are what is kept of a column: its values would fill the memory.
        bins = column.without_sample()
        measures = measure(column, profile, sample, further=further)
        yield Measured(bins, profile.counts, measures, asked)


def _categories(sides: Sides, column: ColumnReference, name: str) -> Iterator[Measured]:
    now, chunks, further = sides.now, sides.chunks, sides.monitor.metrics
    categories, codes = encoded(now, name)
    if set(map(str, column.values)) <= set(_TRUTHS.values()) and now.types[name] != "BOOLEAN":
        categories = [_TRUTHS.get(category, category) for category in categories]
    bins = column.bins_of(categories)[codes]
    size = len(column.counts)
    if chunks.numbers is not None:
        bins = chunks.numbers * size + bins
    counted = np.bincount(bins, minlength=len(chunks.labels) * size)
    novelty = _novelty(column, categories, codes, chunks)
    for counts, new in zip(counted.reshape(-1, size), novelty, strict=True):
        profile = ColumnProfile(counts, novelty=new)
        yield Measured(column, counts, measure(column, profile, further=further), {})


def _novelty(
    column: ColumnReference, categories: list[str | None], codes: NDArray[np.int64], chunks: Chunks
) -> NDArray[np.int64]:
    """The rows with an unseen category by a hash of it, of each chunk."""
    size = column.novelty_size
    if not size:
        return np.zeros((len(chunks.labels), 0), dtype=np.int64)
    shares = column.novelty_of(categories)[codes]
    cells = shares if chunks.numbers is None else chunks.numbers * size + shares
    counted = np.bincount(cells[shares >= 0], minlength=len(chunks.labels) * size)
    return counted.reshape(-1, size)
