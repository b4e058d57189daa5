"""Isotonic calibration of scores, with what the finite number of rows leaves open."""

import numpy as np
from numpy.typing import NDArray

from mlops_drift.learning.metrics.base import Array

Floats = NDArray[np.float64]

# Parts of the rows, each left out once by a calibration.
FOLDS = 5


class Calibration:
    """Isotonic calibration: a rising curve from a score to the share of hits.

    The curve is flat from the first to the last score of a block of the isotonic regression, linear
    from one block to the next, and constant beyond the outermost ones. On the scores that it was
    fitted to, finite ones of shape (n,), the mean share is the share of hits.

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
        """Variance, from the finite number of rows, of a weighted sum of calibrated shares."""
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
    """
    if len(score) < FOLDS or score.min() < 0 or score.max() > 1:
        return False
    fold = np.random.default_rng(seed).permutation(len(score)) % FOLDS
    curve = np.empty(len(score))
    for number in range(FOLDS):
        out = fold == number
        curve[out] = Calibration(score[~out], hit[~out])(score[out])
    return bool(np.mean((score - hit) ** 2) <= np.mean((curve - hit) ** 2))
