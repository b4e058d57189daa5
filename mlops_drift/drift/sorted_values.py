"""Sorted values, and the exact distances of two distribution functions in one merge."""

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class SortedValues:
    """A sample in ascending order, infinities included, NaN left out.

    >>> x, y = SortedValues([1, 2, 3, 4]), SortedValues([3, 4, 5, 6])
    >>> x.distances(y)
    (0.5, 1.3333333333333333)
    """

    def __init__(self, values: ArrayLike) -> None:
        # Adding 0.0 makes one zero of -0.0 and 0.0, whose order would be left to chance.
        ordered = np.sort(np.asarray(values, dtype=np.float64) + 0.0)
        # NaN sorts to the end.
        self.values: Floats = ordered[: np.searchsorted(ordered, np.nan)]

    @classmethod
    def presorted(cls, values: Floats) -> "SortedValues":
        """Takes values that are in ascending order without NaN already, and does not copy them."""
        made = cls.__new__(cls)
        made.values = values
        return made

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def finite(self) -> Floats:
        """The values without infinities."""
        last = np.searchsorted(self.values, np.inf, side="left")
        return self.values[self.negative_infinities : last]

    @cached_property
    def negative_infinities(self) -> int:
        """How many values are -inf."""
        return int(np.searchsorted(self.values, -np.inf, side="right"))

    @cached_property
    def unit(self) -> float:
        """The interquartile range of the finite values.

        Where that is 0 or not finite, their standard deviation; where that is too, 1.0.
        """
        # The deviation of equal values is the rounding of their mean.
        if not len(self.finite) or self.finite[0] == self.finite[-1]:
            return 1.0
        scale = _power_of_two(self.finite, self.finite)
        lower, upper = (self._quantile(share) * scale for share in (0.25, 0.75))
        unit = (upper - lower) / scale
        if unit == 0 or not np.isfinite(unit):
            unit = float(np.std(self.finite * scale)) / scale
        return unit if np.isfinite(unit) and unit > 0 else 1.0

    def _quantile(self, share: float) -> float:
        """A quantile of the finite values, linear between two of them as in numpy."""
        rank = share * (len(self.finite) - 1)
        low = int(rank)
        high = min(low + 1, len(self.finite) - 1)
        weight = rank - low
        below, above = float(self.finite[low]), float(self.finite[high])
        # Between equal values the sum of two shares may miss both by a rounding.
        return below if below == above else below * (1 - weight) + above * weight

    def distances(self, other: "SortedValues") -> tuple[float, float]:
        """The exact Kolmogorov-Smirnov statistic and Wasserstein-1 distance, 0.0 if one is empty.

        The second is of the finite values, in units of this sample's `unit`, and infinite where a
        double cannot hold it.
        """
        if not len(self) or not len(other):
            return 0.0, 0.0
        x, y = self.finite, other.finite
        scale = _power_of_two(x, y)
        area = 0.0
        if len(x) and len(y):
            merged, gaps = _gaps(x, y)
            steps = np.diff(merged if scale == 1.0 else merged * scale)
            area = float(np.sum(gaps[:-1] * steps))
        if len(x) < len(self) or len(y) < len(other):
            merged, gaps = _gaps(self.values, other.values)
        # Only after the last of equal values both functions have counted all of them.
        ks = float(np.max(gaps[:-1], where=merged[1:] != merged[:-1], initial=0.0))
        unit = self.unit * scale
        # A tiny unit beside huge values can vanish on their scale.
        return ks, area / unit if unit else np.inf if area else 0.0


def _gaps(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Two samples merged, and the distance of their distribution functions after each value."""
    at = np.searchsorted(x, y)
    is_y = np.zeros(len(x) + len(y), dtype=np.bool_)
    is_y[at + np.arange(len(y))] = True
    merged = np.empty(len(is_y))
    merged[is_y], merged[~is_y] = y, x
    of_y = np.cumsum(is_y)
    of_x = np.arange(1, len(is_y) + 1) - of_y
    return merged, np.abs(of_x / len(x) - of_y / len(y))


def _power_of_two(x: Floats, y: Floats) -> float:
    """A factor that brings extreme magnitudes to where sums and differences stay finite."""
    largest = max((abs(side[end]) for side in (x, y) if len(side) for end in (0, -1)), default=0)
    if largest == 0 or 1e-140 < largest < 1e140:
        return 1.0
    return float(2.0 ** -(np.frexp(largest)[1]).clip(-1000, 1000))
