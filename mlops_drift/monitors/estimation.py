"""Confidence-based performance estimation (CBPE): what a classifier's scores lead to expect.

The scores are calibrated on the version's test predictions, and calibrated scores say how many
predictions of a window will turn out right, before any label. The interval holds what chance makes
of n labels and what the test split leaves open. It follows a shift of the features, as far as the
test split has rows like those of the window, and is blind to concept drift.
"""

from math import nan, sqrt

import numpy as np

from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.registry import MetricName
from mlops_drift.monitors.calibration import Calibration, Floats, is_calibrated
from mlops_drift.monitors.expected_metrics import EXPECTED, expected
from mlops_drift.monitors.measured import Measured, expected_within
from mlops_drift.schema.columns import Target

# Draws of labels, and of calibrations, that the interval of a metric without a formula rests on.
DRAWS, CURVES = 50, 30
MOST_ROWS = 2000


def can_estimate(metric: MetricName, target: Target) -> bool:
    """Whether there is an estimate of a metric for a kind of target."""
    if metric == "accuracy":
        return target.is_classification
    if target.kind == "binary":
        return metric in EXPECTED
    return target.kind == "regression" and metric in ("mae", "rmse")


class ScoreEstimator:
    """Estimates a classifier's metric from its scores alone.

    The scores are calibrated on the test split, unless they are calibrated as they are (see
    `is_calibrated`). The labels, predicted classes and scores of the test split are of shape (n,);
    a score is P(positive) for binary, the largest probability for multiclass.

    Raises:
        ValueError: if the metric cannot be estimated, or no test score is finite.

    >>> target = Target(column="y", kind="binary", classes=["0", "1"], positive="1")
    >>> score = np.repeat([0.2, 0.9], 100)
    >>> truth = np.array((["1"] * 20 + ["0"] * 80) + (["1"] * 90 + ["0"] * 10), dtype=object)
    >>> prediction = np.where(score > 0.5, "1", "0").astype(object)
    >>> estimator = ScoreEstimator("accuracy", target, truth, prediction, score, seed=1)
    >>> round(estimator.estimate(prediction, score).value, 3)
    0.85
    """

    def __init__(
        self,
        metric: MetricName,
        target: Target,
        truth: Array,
        prediction: Array,
        score: Array,
        seed: int,
    ) -> None:
        if not can_estimate(metric, target):
            raise ValueError(f"metric {metric!r} of a {target.kind} target cannot be estimated")
        known = np.isfinite(np.asarray(score, dtype=float))
        if not known.any():
            raise ValueError("score must have a finite value in the test split, found none")
        self._metric, self._target, self._seed = metric, target, seed
        hit = truth == (target.positive if self._is_binary else prediction)
        scores = np.asarray(score, dtype=float)[known]
        self._curve = Calibration(scores, hit[known])
        self._is_calibrated = is_calibrated(scores, hit[known], seed)

    @property
    def _is_binary(self) -> bool:
        return self._target.kind == "binary"

    def estimate(self, prediction: Array, score: Array) -> Measured:
        """The metric to expect for predicted classes with a score each; only finite ones count."""
        scores = np.asarray(score, dtype=float)
        known = np.isfinite(scores)
        scores, positive = scores[known], (prediction == self._target.positive)[known]
        n = len(scores)
        if n == 0:
            return Measured(nan, nan, nan, 0)
        share = self._curve(scores)
        curved = self._value(positive, scores, share)
        # The test split may have been too small to show that the scores need the curve.
        value = self._value(positive, scores, scores) if self._is_calibrated else curved
        error = sqrt(self._variance(positive, scores, share) + (value - curved) ** 2)
        return expected_within(value, error, n, np.inf if self._metric == "log_loss" else 1.0)

    def _value(self, positive: Array, scores: Floats, share: Floats) -> float:
        """The metric to expect where so many of each score are hits."""
        if self._metric == "accuracy":
            return float(self._right(positive, share).mean())
        return float(expected(self._metric, positive, scores, share[None, :])[0])

    def _right(self, positive: Array, share: Floats) -> Floats:
        """The probability that each prediction is right."""
        return np.where(positive, share, 1 - share) if self._is_binary else share

    def _variance(self, positive: Array, scores: Floats, share: Floats) -> float:
        """Variance of the realized value around the expected one."""
        n = len(scores)
        if self._metric == "accuracy":
            right = self._right(positive, share)
            sign = np.where(positive, 1.0, -1.0) if self._is_binary else np.ones(n)
            return float(np.mean(right * (1 - right))) / n + self._curve.variance(scores, sign / n)
        rng = np.random.default_rng(self._seed)
        rows = rng.choice(n, MOST_ROWS, replace=False) if n > MOST_ROWS else slice(None)
        positive, scores, share = positive[rows], scores[rows], share[rows]
        labels = rng.random((DRAWS, len(scores))) < share
        curves = self._curve.draws(scores, CURVES, rng)
        chance, curve = (
            _spread(expected(self._metric, positive, scores, truth)) for truth in (labels, curves)
        )
        return chance**2 * len(scores) / n + curve**2


def _spread(values: Floats) -> float:
    """Standard deviation of the defined values, nan if there is none."""
    defined = values[~np.isnan(values)]
    return float(defined.std()) if len(defined) else nan
