"""Recall."""

from mlops_drift.learning.metrics.base import BINARY, Array, ConfusionMetric, ratio


class Recall(ConfusionMetric):
    """The share of positive rows that are predicted positive; undefined without any."""

    name = "recall"
    kinds = BINARY

    def combine(self, hits: Array, true: Array, predicted: Array) -> Array:
        return ratio(hits[:, 1], true[:, 1])

    def trials(self, truth: Array, prediction: Array) -> int:
        return int((truth == 1).sum())
