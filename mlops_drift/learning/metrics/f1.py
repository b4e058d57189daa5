"""F1."""

from mlops_drift.learning.metrics.base import BINARY, Array, ConfusionMetric, ratio


class F1(ConfusionMetric):
    """F1 of the positive class; undefined where it is neither true nor predicted."""

    name = "f1"
    kinds = BINARY
    searches_threshold = True

    def combine(self, hits: Array, true: Array, predicted: Array) -> Array:
        return ratio(2 * hits[:, 1], true[:, 1] + predicted[:, 1])
