"""Macro-averaged F1."""

from mlops_drift.learning.metrics.base import CLASSES, Array, ConfusionMetric, mean_over_occurring


class F1Macro(ConfusionMetric):
    """The mean F1 of the classes that are true or predicted."""

    name = "f1_macro"
    kinds = CLASSES
    searches_threshold = True

    def combine(self, hits: Array, true: Array, predicted: Array) -> Array:
        return mean_over_occurring(2 * hits, true + predicted)
