"""Precision."""

from mlops_drift.learning.metrics.base import BINARY, Array, ConfusionMetric, ratio


class Precision(ConfusionMetric):
    """The share of positive predictions that are right; undefined without any."""

    name = "precision"
    kinds = BINARY

    def combine(self, hits: Array, true: Array, predicted: Array) -> Array:
        return ratio(hits[:, 1], predicted[:, 1])

    def trials(self, truth: Array, prediction: Array) -> int:
        return int((prediction == 1).sum())
