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
        order, starts = _tied(score)
        positive = truth[order] == 1

        def values(counts: Array) -> Array:
            ordered = counts[:, order]
            wins = np.add.reduceat(ordered * positive, starts, axis=1)
            losses = np.add.reduceat(ordered * ~positive, starts, axis=1)
            below = np.cumsum(losses, axis=1) - losses / 2
            return ratio((wins * below).sum(axis=1), wins.sum(axis=1) * losses.sum(axis=1))

        return values

    def influence(self, truth: Array, prediction: Array, score: Array) -> Array:
        """The placement of each row among those of the other class, less the metric.

        It is how often a positive row scores higher than a negative one, or a negative one lower
        than a positive one, by ranks; divided by the share of its class. The standard error is
        that of DeLong, DeLong and Clarke-Pearson (1988), with the variance of each class over its
        m rows instead of m - 1.
        """
        order, starts = _tied(score)
        positive = truth[order] == 1
        wins, sizes = np.add.reduceat(positive, starts), np.diff(starts, append=len(order))
        positives, negatives = wins.sum(), (sizes - wins).sum()
        below = (np.cumsum(sizes - wins) - (sizes - wins) / 2) / negatives
        above = 1 - (np.cumsum(wins) - wins / 2) / positives
        value = (wins * below).sum() / positives
        of_positive, of_negative = (
            np.repeat((placed - value) * len(order) / rows, sizes)
            for placed, rows in ((below, positives), (above, negatives))
        )
        found = np.empty(len(order))
        found[order] = np.where(positive, of_positive, of_negative)
        return found


def _tied(score: Array) -> tuple[Array, Array]:
    """The order of the scores, and where in it each group of equal ones starts."""
    order = np.argsort(score)
    return order, np.flatnonzero(np.diff(score[order], prepend=-np.inf))
