"""Root mean squared error."""

from math import sqrt

import numpy as np

from mlops_drift.learning.metrics.base import REGRESSION, Array, MeanMetric, Weighted


class Rmse(MeanMetric):
    """The root of the mean squared error, in units of the target."""

    name = "rmse"
    kinds = REGRESSION
    greater_is_better = False

    def losses(self, truth: Array, prediction: Array, score: Array) -> Array:
        return np.asarray((truth - prediction) ** 2)

    def compute(self, truth: Array, prediction: Array, score: Array) -> float:
        return sqrt(super().compute(truth, prediction, score))

    def weighted(self, truth: Array, prediction: Array, score: Array) -> Weighted:
        squares = super().weighted(truth, prediction, score)
        return lambda counts: np.sqrt(squares(counts))

    def influence(self, truth: Array, prediction: Array, score: Array) -> Array:
        squares = self.losses(truth, prediction, score)
        mean = squares.mean()
        return np.asarray((squares - mean) / (2 * sqrt(mean) or 1.0))
