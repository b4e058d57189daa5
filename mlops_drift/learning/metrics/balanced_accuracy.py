"""Balanced accuracy."""

from mlops_drift.learning.metrics.base import CLASSES, Array, ConfusionMetric, mean_over_occurring


class BalancedAccuracy(ConfusionMetric):
    """The mean recall of the classes that are among the truth."""

    name = "balanced_accuracy"
    kinds = CLASSES
    searches_threshold = True

    def combine(self, hits: Array, true: Array, predicted: Array) -> Array:
        return mean_over_occurring(hits, true)
