"""Area under the ROC curve."""

from math import nan
from typing import NamedTuple

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
        if not np.isfinite(score).all():
            return nan
        found = _Ties.of(truth, score)
        pairs = float(found.wins.sum()) * float(found.losses.sum())
        return float((found.wins * found.below).sum() / pairs) if pairs else nan

    def weighted(self, truth: Array, prediction: Array, score: Array) -> Weighted:
        if not np.isfinite(score).all():
            return lambda counts: np.full(len(counts), np.nan)
        order, starts = _groups(score)
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
        found = _Ties.of(truth, score)
        positives, negatives = found.wins.sum(), found.losses.sum()
        below = found.below / negatives
        above = 1 - (np.cumsum(found.wins) - found.wins / 2) / positives
        value = (found.wins * below).sum() / positives
        sizes, n = found.wins + found.losses, len(score)
        influence = np.empty(n)
        influence[found.order] = np.where(
            found.positive,
            np.repeat((below - value) * (n / positives), sizes),
            np.repeat((above - value) * (n / negatives), sizes),
        )
        return influence


class _Ties(NamedTuple):
    """The rows by score: their order, which are positive, and counts of each group of equal scores.

    Wins are its positive rows, losses its negative ones; below are the negative rows under it, with
    half of its own.
    """

    order: Array
    positive: Array
    wins: Array
    losses: Array
    below: Array

    @classmethod
    def of(cls, truth: Array, score: Array) -> "_Ties":
        order, starts = _groups(score)
        positive = truth[order] == 1
        wins = np.add.reduceat(positive, starts, dtype=int)
        losses = np.diff(starts, append=len(order)) - wins
        return cls(order, positive, wins, losses, np.cumsum(losses) - losses / 2)


def _groups(score: Array) -> tuple[Array, Array]:
    """The order of the scores, and where in it each group of equal ones starts."""
    order = np.argsort(score)
    ordered = score[order]
    return order, np.append(0, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1)
