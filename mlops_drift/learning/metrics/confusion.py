"""Metrics that are made from the confusion matrix alone."""

from abc import abstractmethod

import numpy as np

from mlops_drift.learning.metrics.base import Array, Metric, Weighted, ratio


class ConfusionMetric(Metric):
    """A metric of the hits, the true rows and the predicted rows of each class.

    Attributes:
        searches_threshold: whether a decision threshold can be searched for it. Precision and
            recall alone would be best with hardly any positive prediction, or with nothing else.
    """

    greater_is_better = True
    highest = 1.0
    searches_threshold: bool = False

    @abstractmethod
    def combine(self, hits: Array, true: Array, predicted: Array) -> Array:
        """The metric of each of b confusion matrices, shape (b,); the counts are (b, classes)."""

    def compute(self, truth: Array, prediction: Array, score: Array) -> float:
        classes = int(max(truth.max(), prediction.max(), 1)) + 1
        cells = np.bincount(truth * classes + prediction, minlength=classes**2)
        counts = cells.reshape(1, classes, classes)
        hits = counts.diagonal(axis1=1, axis2=2)
        return float(self.combine(hits, counts.sum(axis=2), counts.sum(axis=1))[0])

    def weighted(self, truth: Array, prediction: Array, score: Array) -> Weighted:
        classes = np.arange(max(truth.max(), prediction.max(), 1) + 1)
        true = (truth[:, None] == classes).astype(float)
        predicted = (prediction[:, None] == classes).astype(float)
        hits = true * predicted
        return lambda counts: self.combine(counts @ hits, counts @ true, counts @ predicted)


def mean_over_occurring(numerator: Array, denominator: Array) -> Array:
    """The mean ratio of the classes that occur, shape (b,)."""
    return np.asarray(np.nanmean(ratio(numerator, denominator), axis=1))
