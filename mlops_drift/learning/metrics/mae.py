"""Mean absolute error."""

import numpy as np

from mlops_drift.learning.metrics.base import REGRESSION, Array, MeanMetric


class Mae(MeanMetric):
    """The mean absolute error, in units of the target."""

    name = "mae"
    kinds = REGRESSION
    greater_is_better = False

    def losses(self, truth: Array, prediction: Array, score: Array) -> Array:
        return np.asarray(np.abs(truth - prediction))
