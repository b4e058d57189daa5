"""Metrics of binary predictions under probabilities of the positive class, or under labels."""

from collections.abc import Callable, Mapping
from math import nan

import numpy as np

from mlops_drift.learning.metrics.base import Array
from mlops_drift.monitors.calibration import Floats

_SMALLEST = float(np.finfo(float).eps)


def expected(metric: str, positive: Array, score: Floats, truth: Array) -> Floats:
    """The expected value of one of `EXPECTED` under probabilities, or its value under labels.

    `positive` says whether each of n predictions is positive; `truth` has the probabilities of the
    positive class, or the labels, shape (draws, n).
    """
    if metric == "auc":
        return _auc(score, truth)
    if metric == "log_loss":
        clipped = np.clip(score, _SMALLEST, 1 - _SMALLEST)
        hit, miss = np.log(clipped), np.log(1 - clipped)
        return np.asarray(-(truth @ (hit - miss) + miss.sum()) / len(score))
    tp = truth @ positive.astype(float)
    truths, predicted = truth.sum(axis=1, dtype=float), float(positive.sum())
    tn = truth.shape[1] - predicted - truths + tp
    return _OF_CELLS[metric](tp, predicted - tp, truths - tp, tn)


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full_like(part, nan), where=whole > 0)


def _f1(tp: Floats, fp: Floats, fn: Floats) -> Floats:
    return _share(2 * tp, 2 * tp + fp + fn)


# By true and false positives, false and true negatives.
_OF_CELLS: Mapping[str, Callable[[Floats, Floats, Floats, Floats], Floats]] = {
    "balanced_accuracy": lambda tp, fp, fn, tn: (_share(tp, tp + fn) + _share(tn, tn + fp)) / 2,
    "precision": lambda tp, fp, fn, tn: _share(tp, tp + fp),
    "recall": lambda tp, fp, fn, tn: _share(tp, tp + fn),
    "f1": lambda tp, fp, fn, tn: _f1(tp, fp, fn),
    "f1_macro": lambda tp, fp, fn, tn: (_f1(tp, fp, fn) + _f1(tn, fn, fp)) / 2,
}

# Accuracy is not among them: its expectation needs no confusion matrix.
EXPECTED = frozenset({*_OF_CELLS, "auc", "log_loss"})


def _auc(score: Floats, truth: Array) -> Floats:
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
