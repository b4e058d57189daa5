"""Accuracy."""

from mlops_drift.learning.metrics.base import CLASSES, Array, ConfusionMetric


class Accuracy(ConfusionMetric):
    """The share of rows whose class is predicted right."""

    name = "accuracy"
    kinds = CLASSES
    searches_threshold = True

    def combine(self, hits: Array, true: Array, predicted: Array) -> Array:
        return hits.sum(axis=1) / true.sum(axis=1)  # type: ignore[no-any-return]

    def trials(self, truth: Array, prediction: Array) -> int:
        return len(truth)
