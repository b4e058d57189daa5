"""Coefficient of determination."""

from math import inf, nan

import numpy as np

from mlops_drift.learning.metrics.base import REGRESSION, Array, Metric, Weighted, ratio


class R2(Metric):
    """The share of the variance of the truth that is explained; undefined for a constant truth."""

    name = "r2"
    kinds = REGRESSION
    greater_is_better = True
    lowest = -inf
    highest = 1.0

    def compute(self, truth: Array, prediction: Array, score: Array) -> float:
        spread = np.sum((truth - truth.mean()) ** 2)
        return 1 - float(np.sum((truth - prediction) ** 2) / spread) if spread else nan

    def weighted(self, truth: Array, prediction: Array, score: Array) -> Weighted:
        centred = truth - truth.mean()
        columns = np.stack([(truth - prediction) ** 2, centred, centred**2], axis=1)

        def values(counts: Array) -> Array:
            errors, total, squares = (counts @ columns / len(truth)).T
            spread = squares - total**2
            # A resample of one value has no spread but what rounding leaves.
            spread[spread <= 1e-12 * squares.max(initial=0.0)] = 0
            return 1 - ratio(errors, spread)

        return values

    def influence(self, truth: Array, prediction: Array, score: Array) -> Array:
        errors, deviations = (truth - prediction) ** 2, (truth - truth.mean()) ** 2
        unexplained = errors.mean() / deviations.mean()
        return np.asarray((unexplained * deviations - errors) / deviations.mean())
