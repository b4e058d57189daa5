"""Metrics of binary predictions under probabilities of the positive class, or under labels."""

from collections.abc import Callable, Mapping
from math import nan

import numpy as np

from mlops_drift.learning.metrics.base import Array
from mlops_drift.monitors.calibration import Floats

_SMALLEST = float(np.finfo(float).eps)


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
EXPECTED: Mapping[str, Callable[[Array, Floats, Array], Floats]] = {
    "balanced_accuracy": _balanced_accuracy,
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
    "f1_macro": _f1_macro,
    "auc": _auc,
    "log_loss": _log_loss,
}

HIGHEST: Mapping[str, float] = {"log_loss": float("inf")}
