"""Log loss."""

import numpy as np

from mlops_drift.learning.metrics.base import BINARY, Array, MeanMetric


class LogLoss(MeanMetric):
    """The mean of minus the logarithm of the probability that the truth was given."""

    name = "log_loss"
    kinds = BINARY
    greater_is_better = False
    uses_scores = True

    def losses(self, truth: Array, prediction: Array, score: Array) -> Array:
        smallest = np.finfo(float).eps
        positive = np.clip(score, smallest, 1 - smallest)
        return np.asarray(-np.log(np.where(truth == 1, positive, 1 - positive)))
