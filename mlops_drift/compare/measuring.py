"""One column of two tables, measured chunk by chunk."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from mlops_drift.compare.chunks import Chunks, encoded
from mlops_drift.compare.result import ColumnComparison
from mlops_drift.drift.column_profile import ColumnProfile
from mlops_drift.drift.column_reference import ColumnReference
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.location_spread import levene, mann_whitney
from mlops_drift.drift.measures import measure
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
class Sides:
    """Both tables, and how to measure their columns; kind None is nested, or one side lacks it.

    Attributes:
        times: columns that say when rows are of: two periods always differ in them.
    """

    past: Rows | Reference
    now: Rows
    kinds: Mapping[str, Kind | None]
    chunks: Chunks
    monitor: DriftMonitor
    tests: Sequence[Test]
    times: frozenset[str]


def measure_column(sides: Sides, name: str) -> list[ColumnComparison]:
    """One column of every chunk, without a verdict."""
    try:
        return list(_measured(sides, name))
    except ColumnError as error:
        reasons = (f"{name} was not judged: {error}",)
        return [ColumnComparison(name, reasons=reasons)] * len(sides.chunks.labels)


def _measured(sides: Sides, name: str) -> Iterator[ColumnComparison]:
    past, now, kind = sides.past, sides.now, sides.kinds[name]
    for side, names in (("reference", past.columns), ("current table", now.columns)):
        if name not in names:
            raise ColumnError(f"the {side} does not have this column")
    if kind is None:
        raise ColumnError("nested values are neither numbers nor categories")
    if isinstance(past, Reference):
        column = past.columns[name]
    else:
        column = ColumnReference.fit(past, name, kind, sides.monitor.bins)
    if kind == "categorical":
        return _categories(sides, column, name)
    numbers = now.numbers(name)
    if isinstance(past, Rows) and _are_rounded_alike(past, now, name, column, numbers):
        raise ColumnError(
            "most of its values have so many digits that they are the same as numbers; name it as "
            "categorical, or leave it out"
        )
    return _numbers(sides, column, name, numbers)


def _are_rounded_alike(
    past: Rows, now: Rows, name: str, column: ColumnReference, numbers: Floats
) -> bool:
    """Whether most values of both tables, ids as a rule, round to few doubles in one span."""
    finite = numbers[np.isfinite(numbers)]
    if column.moments is None or not len(finite):
        return False
    low, high = max(column.moments.minimum, finite.min()), min(column.moments.maximum, finite.max())
    is_exact = low > high or max(-low, high) <= _EXACT
    return not is_exact and not _are_apart(past, name) and not _are_apart(now, name)


def _are_apart(rows: Rows, name: str) -> bool:
    """Whether at least half of the values of a column differ as doubles."""
    number, exact = rows.expression(name, "numeric"), rows.expression(name, "categorical")
    sql = f"SELECT count(DISTINCT {number}), count(DISTINCT {exact}) FROM {rows.sql}"
    [(numbers, values)] = rows.tuples(sql, [name])
    return bool(2 * numbers >= values)


def _numbers(
    sides: Sides, column: ColumnReference, name: str, numbers: Floats
) -> Iterator[ColumnComparison]:
    # The bins are what is kept of a column: its values would fill the memory.
    bins = replace(column, sample=None)
    for values in sides.chunks.slices(numbers):
        sample = SortedValues(values)
        profile = profile_sorted(column, sample, len(values))
        asked: dict[str, float] = {}
        if column.sample is not None:
            for test in sides.tests:
                key = test.replace("-", "_")
                asked[key], asked[f"{key}_p"] = TESTS[test](column.sample.values, sample.values)
        measures = measure(column, profile, sample, further=sides.monitor.metrics)
        yield ColumnComparison(name, "numeric", bins, profile.counts, measures, asked)


def _categories(sides: Sides, column: ColumnReference, name: str) -> Iterator[ColumnComparison]:
    categories, codes = encoded(sides.now, name)
    if set(map(str, column.values)) <= set(_TRUTHS.values()) and sides.now.types[name] != "BOOLEAN":
        categories = [_TRUTHS.get(category, category) for category in categories]
    counted = sides.chunks.count(column.bins_of(categories)[codes], len(column.counts))
    novelty = sides.chunks.count(column.novelty_of(categories)[codes], column.novelty_size)
    for counts, new in zip(counted, novelty, strict=True):
        profile = ColumnProfile(counts, novelty=new)
        measures = measure(column, profile, further=sides.monitor.metrics)
        yield ColumnComparison(name, "categorical", column, counts, measures)
