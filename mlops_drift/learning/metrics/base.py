"""What a metric of predictions is. Everything is numpy: measuring imports no learning library."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from math import inf, sqrt
from statistics import NormalDist
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlops_drift.schema.columns import TargetKind

Array = NDArray[Any]
Numbers = TypeVar("Numbers", float, Array)
# Takes how often each row was drawn, shape (b, n); gives the metric of each resample, shape (b,).
Weighted = Callable[[Array], Array]
CLASSES: frozenset[TargetKind] = frozenset({"binary", "multiclass"})
BINARY: frozenset[TargetKind] = frozenset({"binary"})
REGRESSION: frozenset[TargetKind] = frozenset({"regression"})
# Of a row, by which counts are moved to find slopes of a metric.
_STEP = 1e-4


class Metric(ABC):
    """A metric of predictions against the truth, one definition for training and production.

    Attributes:
        name: of its gate and in tables; letters, digits and underscores.
        kinds: the kinds of target that it is defined for.
        lowest: no value is below.
        highest: no value is above; limits on differences of a metric that has none are shares.
        uses_scores: whether it looks at the scores of classes, not only at the classes.
    """

    name: str
    kinds: frozenset[TargetKind]
    greater_is_better: bool
    lowest: float = 0.0
    highest: float = inf
    uses_scores: bool = False

    @abstractmethod
    def compute(self, truth: Array, prediction: Array, score: Array) -> float:
        """The metric, nan where it is undefined.

        Args:
            truth: Codes of classes from 0, the positive one being 1, or numbers; shape (n,), n > 0.
            prediction: As the truth.
            score: P(positive), the largest class probability, or the number; shape (n,).
        """

    def weighted(self, truth: Array, prediction: Array, score: Array) -> Weighted:
        """The metric of rows that count several times; override where a closed form is faster."""

        def value(counts: Array) -> float:
            rows = np.repeat(np.arange(len(truth)), counts.astype(int))
            return self.compute(truth[rows], prediction[rows], score[rows])

        return lambda draws: np.array([value(counts) for counts in draws])

    def trials(self, truth: Array, prediction: Array) -> int | None:
        """Of how many rows the metric is the share that is right; None where it is no share."""
        return None

    def influence(self, truth: Array, prediction: Array, score: Array) -> Array | None:
        """How far each row moves the metric, shape (n,); None where that is not known.

        It is n times the derivative of the metric by the weight of the row: its mean is 0, and the
        metric of n rows that are drawn alike has the standard error
        ``sqrt(mean(influence**2) / n)`` (delta method; F. R. Hampel, "The influence curve and its
        role in robust estimation", 1974). It is asked where the metric is finite.
        """
        return None

    def worsening(self, before: Numbers, after: Numbers) -> Numbers:
        """How much worse ``after`` is than ``before``; negative if it is better."""
        return before - after if self.greater_is_better else after - before


class MeanMetric(Metric):
    """The mean of a number of each row; what overrides ``compute`` overrides ``influence``."""

    @abstractmethod
    def losses(self, truth: Array, prediction: Array, score: Array) -> Array:
        """The number of each row, shape (n,)."""

    def compute(self, truth: Array, prediction: Array, score: Array) -> float:
        return float(np.mean(self.losses(truth, prediction, score)))

    def weighted(self, truth: Array, prediction: Array, score: Array) -> Weighted:
        losses = self.losses(truth, prediction, score)
        return lambda counts: np.asarray(counts @ losses / counts.sum(axis=1))

    def influence(self, truth: Array, prediction: Array, score: Array) -> Array | None:
        losses = self.losses(truth, prediction, score)
        return np.asarray(losses - losses.mean())


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
        hits, true, predicted = _margins(truth, prediction)
        return float(self.combine(hits[None], true[None], predicted[None])[0])

    def influence(self, truth: Array, prediction: Array, score: Array) -> Array | None:
        counts = np.stack(_margins(truth, prediction)).astype(float)
        # Ratios of counts are smooth: symmetric differences are off by the square of the step.
        steps = _STEP * np.eye(counts.size).reshape(-1, *counts.shape)
        up, down = (self.combine(*np.moveaxis(counts + step, 1, 0)) for step in (steps, -steps))
        slopes = (len(truth) * (up - down) / (2 * _STEP)).reshape(counts.shape)
        of_hits, of_true, of_predicted = slopes
        hits = np.where(truth == prediction, of_hits[truth], 0.0)
        return np.asarray(hits + of_true[truth] + of_predicted[prediction])

    def weighted(self, truth: Array, prediction: Array, score: Array) -> Weighted:
        classes = np.arange(max(truth.max(), prediction.max(), 1) + 1)
        true = (truth[:, None] == classes).astype(float)
        predicted = (prediction[:, None] == classes).astype(float)
        hits = true * predicted
        return lambda counts: self.combine(counts @ hits, counts @ true, counts @ predicted)


def _margins(truth: Array, prediction: Array) -> tuple[Array, Array, Array]:
    """The hits, the true rows and the predicted rows of each class, shape (classes,) each."""
    classes = int(max(truth.max(), prediction.max(), 1)) + 1
    cells = np.bincount(truth * classes + prediction, minlength=classes**2)
    cells = cells.reshape(classes, classes)
    return cells.diagonal(), cells.sum(axis=1), cells.sum(axis=0)


def ratio(numerator: Array, denominator: Array) -> Array:
    """Element by element, nan where the denominator is zero."""
    undefined = np.full(np.shape(denominator), np.nan)
    return np.asarray(np.divide(numerator, denominator, out=undefined, where=denominator != 0))


def mean_over_occurring(numerator: Array, denominator: Array) -> Array:
    """The mean ratio of the classes that occur, shape (b,)."""
    return np.asarray(np.nanmean(ratio(numerator, denominator), axis=1))


def wilson(share: float, n: int, confidence: float) -> tuple[float, float]:
    """The Wilson interval of a share of n rows.

    >>> [round(bound, 3) for bound in wilson(0.8, 10, 0.95)]
    [0.49, 0.943]
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    margin = z / (1 + z**2 / n) * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, centre - margin), min(1.0, centre + margin)
