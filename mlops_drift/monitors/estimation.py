"""Estimated performance: what a version's own scores lead to expect before any label is known.

For classifiers confidence-based performance estimation (CBPE): the scores are calibrated on the
version's test predictions, and calibrated scores tell how many predictions of a window will turn
out right. For regression direct loss estimation (DLE): a model of the version's own test errors
tells the error to expect for the features of a window.

Both assume that the relation between features and label has not changed. They follow a shift of
the features, as far as the test split has rows like those of the window, and are blind to concept
drift.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import nan, sqrt
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.registry import MetricName
from mlops_drift.schema.columns import Column, Target

Floats = NDArray[np.float64]

# Draws of labels, and of calibrations, that the interval of a metric without a formula rests on.
DRAWS, CURVES = 50, 30
MOST_ROWS = 2000
# Parts of the test split, each left out once by a model of the loss, or by a calibration.
FOLDS = 5

_Z = NormalDist().inv_cdf(0.975)
_SMALLEST = float(np.finfo(float).eps)


@dataclass(frozen=True)
class Estimate:
    """The value to expect, and the 95 % interval of what labels will show, on n predictions.

    The interval holds both what chance makes of n labels and what the test split leaves open. The
    value is nan where the metric is undefined, and both bounds are where labels will hardly ever
    define it.
    """

    value: float
    lower: float
    upper: float
    n: int


def can_estimate(metric: MetricName, target: Target) -> bool:
    """Whether there is an estimate of a metric for a kind of target.

    >>> can_estimate("auc", Target(column="y", kind="binary", classes=["0", "1"], positive="1"))
    True
    >>> can_estimate("r2", Target(column="y", kind="regression"))
    False
    """
    if metric == "accuracy":
        return target.is_classification
    if target.kind == "binary":
        return metric in _EXPECTED
    return target.kind == "regression" and metric in ("mae", "rmse")


class Calibration:
    """Isotonic calibration: a rising curve from a score to the share of hits.

    The curve is flat from the first to the last score of a block of the isotonic regression, linear
    from one block to the next, and constant beyond the outermost ones. On the scores that it was
    fitted to, the mean share is the share of hits.

    Args:
        score: finite scores, shape (n,), at least one.
        hit: whether each was a hit, shape (n,).

    >>> curve = Calibration(np.array([0.1, 0.1, 0.9, 0.9]), np.array([0, 1, 1, 1]))
    >>> curve(np.array([0.0, 0.5, 1.0])).tolist()
    [0.5, 0.75, 1.0]
    """

    def __init__(self, score: Array, hit: Array) -> None:
        from scipy.optimize import isotonic_regression

        values, position, rows = np.unique(score, return_inverse=True, return_counts=True)
        shares = np.bincount(position, weights=hit.astype(float)) / rows
        fitted = isotonic_regression(shares, weights=rows.astype(float))
        starts, ends = fitted.blocks[:-1], fitted.blocks[1:] - 1
        knots = np.unique(np.concatenate([starts, ends]))
        self._knots = values[knots]
        self._block_of_knot = np.searchsorted(starts, knots, side="right") - 1
        self._first_scores = values[starts]
        self._shares = np.clip(fitted.x[starts], 0.0, 1.0)
        self._rows = np.add.reduceat(rows, starts)

    def __call__(self, score: Array) -> Floats:
        """The calibrated share of hits for each score, in [0, 1]."""
        return self._curve(self._shares, score)

    def variance(self, score: Array, weight: Array) -> float:
        """Variance, from the finite number of rows, of a weighted sum of calibrated shares.

        Args:
            score: scores, shape (n,).
            weight: weight of the share of each, shape (n,).
        """
        block = np.maximum(np.searchsorted(self._first_scores, score, side="right") - 1, 0)
        weights = np.bincount(block, weights=weight, minlength=len(self._shares))
        hits, misses = self._posterior
        share = hits / (hits + misses)
        return float(np.sum(weights**2 * share * (1 - share) / (hits + misses + 1)))

    def draws(self, score: Array, count: int, rng: np.random.Generator) -> Floats:
        """Calibrated shares that the rows would allow as well; shape (count, n)."""
        shares = rng.beta(*self._posterior, size=(count, len(self._shares)))
        return np.array([self._curve(drawn, score) for drawn in shares])

    @property
    def _posterior(self) -> tuple[Floats, Floats]:
        # With Jeffreys' prior a block without a miss is not certain to have none.
        hits = self._shares * self._rows
        return hits + 0.5, self._rows - hits + 0.5

    def _curve(self, shares: Floats, score: Array) -> Floats:
        return np.interp(score, self._knots, shares[self._block_of_knot])


def is_calibrated(score: Array, hit: Array, seed: int) -> bool:
    """Whether scores predict hits at least as well as their isotonic calibration does.

    By the Brier score over five folds: a curve that was fitted to the other four must do better on
    the fifth than the scores as they are. Correcting what is right already only adds the chance of
    the test split.

    Args:
        score: finite scores, shape (n,).
        hit: whether each was a hit, shape (n,).
        seed: seed of the folds.
    """
    if len(score) < FOLDS or score.min() < 0 or score.max() > 1:
        return False
    fold = np.random.default_rng(seed).permutation(len(score)) % FOLDS
    curve = np.empty(len(score))
    for number in range(FOLDS):
        out = fold == number
        curve[out] = Calibration(score[~out], hit[~out])(score[out])
    return bool(np.mean((score - hit) ** 2) <= np.mean((curve - hit) ** 2))


class ScoreEstimator:
    """Estimates a classifier's metric from its scores alone.

    The scores are calibrated on the test split, unless they are calibrated as they are (see
    `is_calibrated`).

    Args:
        metric: a metric that `can_estimate` allows.
        target: what is predicted.
        truth: labels of the version's test split, shape (n,).
        prediction: its predicted classes there.
        score: its scores there: P(positive) for binary, the largest probability for multiclass.
        seed: seed of the draws behind an interval.

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

    def estimate(self, prediction: Array, score: Array) -> Estimate:
        """The metric to expect for some predictions.

        Predictions whose score is not finite are left out.

        Args:
            prediction: predicted classes, shape (n,).
            score: their scores, shape (n,).
        """
        scores = np.asarray(score, dtype=float)
        known = np.isfinite(scores)
        scores, positive = scores[known], (prediction == self._target.positive)[known]
        n = len(scores)
        if n == 0:
            return Estimate(nan, nan, nan, 0)
        share = self._curve(scores)
        curved = self._value(positive, scores, share)
        if self._metric == "accuracy":
            right = self._right(positive, share)
            sign = np.where(positive, 1.0, -1.0) if self._is_binary else np.ones(n)
            chance = float(np.mean(right * (1 - right))) / n
            error = sqrt(chance + self._curve.variance(scores, sign / n))
        else:
            error = self._error(positive, scores, share)
        # The test split may have been too small to show that the scores need the curve.
        value = self._value(positive, scores, scores) if self._is_calibrated else curved
        error = sqrt(error**2 + (value - curved) ** 2)
        return _estimate(value, error, n, 0.0, _HIGHEST.get(self._metric, 1.0))

    def _value(self, positive: Array, scores: Floats, share: Floats) -> float:
        """The metric to expect where so many of each score are hits."""
        if self._metric == "accuracy":
            return float(self._right(positive, share).mean())
        return float(_EXPECTED[self._metric](positive, scores, share[None, :])[0])

    def _right(self, positive: Array, share: Floats) -> Floats:
        """The probability that each prediction is right."""
        return np.where(positive, share, 1 - share) if self._is_binary else share

    def _error(self, positive: Array, scores: Floats, share: Floats) -> float:
        """Standard deviation of the realized value around the expected one."""
        rng = np.random.default_rng(self._seed)
        expected = _EXPECTED[self._metric]
        n = len(scores)
        rows = rng.choice(n, MOST_ROWS, replace=False) if n > MOST_ROWS else slice(None)
        positive, scores, share = positive[rows], scores[rows], share[rows]
        labels = rng.random((DRAWS, len(scores))) < share
        chance = _spread(expected(positive, scores, labels)) * sqrt(len(scores) / n)
        curves = self._curve.draws(scores, CURVES, rng)
        return sqrt(chance**2 + _spread(expected(positive, scores, curves)) ** 2)


class LossEstimator:
    """Estimates a regression's error from the features of what it predicted.

    Gradient boosting models, each without one fold, learn the absolute (for rmse the squared) error
    of the version's test predictions from the features and the prediction itself; the estimate is
    their mean. Where the test split has few rows like those of the window, it leans towards the
    mean error of the test split, and the interval is wider, but holds the realized value less
    often.

    Args:
        metric: `mae` or `rmse`.
        features: features of the version's test split, at least the declared columns.
        columns: the feature columns.
        truth: labels of the test split, shape (n,).
        prediction: the version's predictions there, shape (n,).
        seed: seed of the model and of its folds.

    Raises:
        ValueError: if the metric cannot be estimated, or there are fewer than ten rows.
    """

    def __init__(
        self,
        metric: MetricName,
        features: pd.DataFrame,
        columns: Mapping[str, Column],
        truth: Array,
        prediction: Array,
        seed: int,
    ) -> None:
        from sklearn.ensemble import HistGradientBoostingRegressor
        from sklearn.model_selection import KFold
        from threadpoolctl import threadpool_limits

        if metric not in ("mae", "rmse"):
            raise ValueError(f"metric {metric!r} of a regression cannot be estimated")
        if len(truth) < 10:
            raise ValueError(f"the test split must have at least 10 rows, found {len(truth)}")
        self._is_squared = metric == "rmse"
        self._columns = dict(columns)
        self._categories = {
            name: {
                value: code for code, value in enumerate(sorted(features[name].dropna().unique()))
            }
            for name, column in columns.items()
            if column.type == "category"
        }
        error = np.abs(np.asarray(truth, dtype=float) - np.asarray(prediction, dtype=float))
        loss = error**2 if self._is_squared else error
        rows = self._encode(features, prediction)
        self._models = []
        unseen = np.empty(len(loss))
        # Threads that wait for each other take longer than so few rows on one.
        with threadpool_limits(1):
            for kept, held_out in KFold(FOLDS, shuffle=True, random_state=seed).split(rows):
                model = HistGradientBoostingRegressor(
                    max_iter=60,
                    max_leaf_nodes=8,
                    min_samples_leaf=max(5, len(loss) // 50),
                    random_state=seed,
                ).fit(rows[kept], loss[kept])
                unseen[held_out] = np.maximum(model.predict(rows[held_out]), 0.0)
                self._models.append(model)
        # Errors spread in proportion to their expected size.
        self._spread = float(np.mean((loss - unseen) ** 2) / max(np.mean(unseen**2), _SMALLEST))
        self._n_test = len(loss)

    def estimate(self, features: pd.DataFrame, prediction: Array) -> Estimate:
        """The error to expect for some predictions.

        Args:
            features: at least the declared columns, n rows.
            prediction: the predictions for them, shape (n,).
        """
        from threadpoolctl import threadpool_limits

        n = len(features)
        if n == 0:
            return Estimate(nan, nan, nan, 0)
        rows = self._encode(features, prediction)
        with threadpool_limits(1):
            losses = np.maximum([model.predict(rows) for model in self._models], 0.0)
        loss = losses.mean(axis=0)
        spread = self._spread * float(np.mean(loss**2))
        # The jackknife over the folds finds out where the test split is thin, but is itself noisy.
        jackknife = (FOLDS - 1) * float(np.var(losses.mean(axis=1)))
        error = sqrt(spread / n + max(jackknife, spread / self._n_test))
        found = _estimate(float(loss.mean()), error, n, 0.0, np.inf)
        if not self._is_squared:
            return found
        return Estimate(sqrt(found.value), sqrt(found.lower), sqrt(found.upper), n)

    def _encode(self, features: pd.DataFrame, prediction: Array) -> Floats:
        encoded = [np.asarray(prediction, dtype=float)]
        for name in self._columns:
            values = features[name]
            codes = values.map(self._categories[name]) if name in self._categories else values
            encoded.append(codes.to_numpy(dtype=float, na_value=nan))
        return np.column_stack(encoded)


def _estimate(value: float, error: float, n: int, lowest: float, highest: float) -> Estimate:
    lower, upper = np.clip([value - _Z * error, value + _Z * error], lowest, highest)
    return Estimate(value, float(lower), float(upper), n)


def _spread(values: Floats) -> float:
    """Standard deviation of the defined values, nan if there is none."""
    defined = values[~np.isnan(values)]
    return float(defined.std()) if len(defined) else nan


def _cells(positive: Array, truth: Array) -> tuple[Floats, Floats, Floats, Floats]:
    """True and false positives, false and true negatives, one of each a row of `truth`.

    Args:
        positive: whether each prediction is positive, shape (n,).
        truth: probabilities of the positive class, or labels, shape (draws, n).
    """
    hits = truth @ positive.astype(float)
    truths = truth.sum(axis=1, dtype=float)
    predicted = float(positive.sum())
    return (
        hits,
        predicted - hits,
        truths - hits,
        truth.shape[1] - predicted - truths + hits,
    )


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full_like(part, nan), where=whole > 0)


def _balanced_accuracy(positive: Array, score: Floats, truth: Array) -> Floats:
    tp, fp, fn, tn = _cells(positive, truth)
    return (_share(tp, tp + fn) + _share(tn, tn + fp)) / 2


def _precision(positive: Array, score: Floats, truth: Array) -> Floats:
    tp, fp, _, _ = _cells(positive, truth)
    return _share(tp, tp + fp)


def _recall(positive: Array, score: Floats, truth: Array) -> Floats:
    tp, _, fn, _ = _cells(positive, truth)
    return _share(tp, tp + fn)


def _f1(positive: Array, score: Floats, truth: Array) -> Floats:
    tp, fp, fn, _ = _cells(positive, truth)
    return _share(2 * tp, 2 * tp + fp + fn)


def _f1_macro(positive: Array, score: Floats, truth: Array) -> Floats:
    tp, fp, fn, tn = _cells(positive, truth)
    return (_share(2 * tp, 2 * tp + fp + fn) + _share(2 * tn, 2 * tn + fp + fn)) / 2


def _auc(positive: Array, score: Floats, truth: Array) -> Floats:
    """Share of pairs of a positive and a negative row in which the positive one scores higher.

    Of two different rows: a row is no pair with itself.
    """
    order = np.argsort(score, kind="stable")
    p = truth[:, order].astype(float)
    negative = 1 - p
    _, starts, rows = np.unique(score[order], return_index=True, return_counts=True)
    of_ties = np.add.reduceat(negative, starts, axis=1)
    below = np.cumsum(of_ties, axis=1) - of_ties / 2
    wins = (p * np.repeat(below, rows, axis=1)).sum(axis=1) - (p * negative).sum(axis=1) / 2
    pairs = p.sum(axis=1) * negative.sum(axis=1) - (p * negative).sum(axis=1)
    return _share(wins, pairs)


def _log_loss(positive: Array, score: Floats, truth: Array) -> Floats:
    clipped = np.clip(score, _SMALLEST, 1 - _SMALLEST)
    hit, miss = np.log(clipped), np.log(1 - clipped)
    return np.asarray(-(truth @ (hit - miss) + miss.sum()) / len(score))


# The expected value of each metric under probabilities, and its value under labels. Accuracy needs
# no confusion matrix.
_EXPECTED: Mapping[str, Callable[[Array, Floats, Array], Floats]] = {
    "balanced_accuracy": _balanced_accuracy,
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
    "f1_macro": _f1_macro,
    "auc": _auc,
    "log_loss": _log_loss,
}

_HIGHEST: Mapping[str, float] = {"log_loss": float("inf")}
