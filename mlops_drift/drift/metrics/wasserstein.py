"""The Wasserstein-1 distance."""

from math import isfinite

from mlops_drift.drift.metrics.base import DriftMetric, Pair


class Wasserstein(DriftMetric):
    """Wasserstein-1 distance of the finite values in units of the reference's interquartile range.

    Where that range is 0 the unit is the reference's standard deviation, and 1.0 for a constant
    reference. Unlike a standard deviation, the range does not let one extreme reference value
    shrink every distance. None without finite values on both sides, and beyond what a double holds.

    >>> from mlops_drift.drift.sorted_values import SortedValues
    >>> values = SortedValues([0, 1, 2, 3, 4]), SortedValues([1, 2, 3, 4, 5])
    >>> Wasserstein().distance(Pair.of([], [], values))
    0.5
    """

    name = "wasserstein"
    title = "Wasserstein distance"
    threshold = 0.19
    needs_values = True

    def distance(self, pair: Pair) -> float | None:
        if not pair.values or not pair.exact or not all(len(side.finite) for side in pair.values):
            return None
        return pair.exact[1] if isfinite(pair.exact[1]) else None
