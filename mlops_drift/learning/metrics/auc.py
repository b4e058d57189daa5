"""Area under the ROC curve."""

import numpy as np

from mlops_drift.learning.metrics.base import BINARY, Array, Metric, Weighted, ratio


class Auc(Metric):
    """How often a positive row scores higher than a negative one; a tie counts half."""

    name = "auc"
    kinds = BINARY
    greater_is_better = True
    highest = 1.0
    uses_scores = True

    def compute(self, truth: Array, prediction: Array, score: Array) -> float:
        return float(self.weighted(truth, prediction, score)(np.ones((1, len(truth))))[0])

    def weighted(self, truth: Array, prediction: Array, score: Array) -> Weighted:
        if not np.isfinite(score).all():
            return lambda counts: np.full(len(counts), np.nan)
        order = np.argsort(score, kind="stable")
        starts = np.flatnonzero(np.diff(score[order], prepend=-np.inf))
        positive = truth[order] == 1

        def values(counts: Array) -> Array:
            ordered = counts[:, order]
            wins = np.add.reduceat(ordered * positive, starts, axis=1)
            losses = np.add.reduceat(ordered * ~positive, starts, axis=1)
            below = np.cumsum(losses, axis=1) - losses / 2
            return ratio((wins * below).sum(axis=1), wins.sum(axis=1) * losses.sum(axis=1))

        return values
