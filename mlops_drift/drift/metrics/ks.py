"""The Kolmogorov-Smirnov statistic."""

from mlops_drift.drift.metrics.base import DriftMetric, Pair


class KolmogorovSmirnov(DriftMetric):
    """Largest distance between the two distribution functions, ties counted once, in [0, 1].

    NaN is left out, infinities count. None without values on both sides.

    >>> from mlops_drift.drift.sorted_values import SortedValues
    >>> values = SortedValues([1, 2, 3, 4]), SortedValues([3, 4, 5, 6])
    >>> KolmogorovSmirnov().distance(Pair.of([], [], values))
    0.5
    """

    name = "ks"
    title = "KS statistic"
    threshold = 0.1
    needs_values = True

    def distance(self, pair: Pair) -> float | None:
        return pair.exact[0] if pair.exact else None
