"""The groups by which distributions are shown: the classes of the target, or its quarters."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mlops_drift.charts import numbers as shown
from mlops_drift.drift.rows import Floats
from mlops_drift.explore.categorical import most_frequent
from mlops_drift.explore.numeric import label
from mlops_drift.explore.result import Groups
from mlops_drift.explore.values import Values
from mlops_drift.schema.columns import Target

_MOST_GROUPS = 6
_QUARTERS = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Grouped:
    """The group of each row, -1 where the target is missing or of a class that is not shown."""

    shown: Groups
    codes: NDArray[np.int64]

    @property
    def count(self) -> int:
        """How many groups there are."""
        return len(self.shown.labels)

    def table(self, index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
        """Rows of each group in each of so many bins, shape (groups, size); -1 is in none."""
        is_in = (self.codes >= 0) & (index >= 0)
        cells = self.codes[is_in] * size + index[is_in]
        return np.bincount(cells, minlength=self.count * size).reshape(self.count, size)

    def filled(self, missing: NDArray[np.bool_]) -> tuple[int, ...]:
        """Rows of each group that are not missing."""
        codes = self.codes[missing]
        gaps = np.bincount(codes[codes >= 0], minlength=self.count).tolist()
        return tuple(rows - n for rows, n in zip(self.shown.rows, gaps, strict=True))

    def means(self, values: Floats) -> tuple[float | None, ...]:
        """The mean of the finite values of each group."""
        is_in = (self.codes >= 0) & np.isfinite(values)
        codes = self.codes[is_in]
        rows = np.bincount(codes, minlength=self.count)
        with np.errstate(over="ignore", invalid="ignore"):
            sums = np.bincount(codes, weights=values[is_in], minlength=self.count)
        pairs = zip(sums.tolist(), rows.tolist(), strict=True)
        return tuple(total / n if n else None for total, n in pairs)


def group(values: Values, target: Target) -> Grouped | None:
    """The groups of the rows by the target; None where there is none to tell apart."""
    if target.is_classification:
        return _classes(values)
    return _quarters(values)


def codes_of(values: Values) -> tuple[list[str], NDArray[np.int64]]:
    """A column of few values as categories."""
    if values.codes is not None and values.labels is not None:
        return values.labels.to_pylist(), values.codes
    assert values.numbers is not None
    found, codes = np.unique(values.numbers, return_inverse=True, equal_nan=True)
    is_last_missing = len(found) > 0 and bool(np.isnan(found[-1]))
    codes = np.where(np.isnan(values.numbers), -1, codes).astype(np.int64)
    labels = [label(value, values.is_moment) for value in found.tolist()]
    return labels[:-1] if is_last_missing else labels, codes


def _classes(values: Values) -> Grouped | None:
    labels, codes = codes_of(values)
    counts = np.bincount(codes[codes >= 0], minlength=len(labels))
    best = most_frequent(counts, _MOST_GROUPS)
    if len(best) < 2:
        return None
    place = np.full(len(labels) + 1, -1, dtype=np.int64)
    place[best] = np.arange(len(best))
    names, rows = tuple(labels[i] for i in best), tuple(counts[best].tolist())
    return Grouped(Groups(values.name, "classes", names, rows), place[codes])


def _quarters(values: Values) -> Grouped | None:
    numbers = values.numbers
    if numbers is None:
        return None
    finite = np.isfinite(numbers)
    if not finite.any():
        return None
    bounds = np.unique(np.quantile(numbers[finite], _QUARTERS))
    codes = np.where(finite, np.searchsorted(bounds, numbers, side="left"), -1).astype(np.int64)
    rows = np.bincount(codes[finite], minlength=len(bounds) + 1)
    if np.count_nonzero(rows) < 2:
        return None
    texts = [shown.quantity(float(bound)) for bound in bounds]
    pairs = pairwise(texts)
    names = [f"to {texts[0]}", *(f"to {high}" for _, high in pairs), f"above {texts[-1]}"]
    return Grouped(Groups(values.name, "quarters", tuple(names), tuple(rows.tolist())), codes)
