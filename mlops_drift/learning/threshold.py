"""The score from which the positive class is predicted."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, cast

import numpy as np

from mlops_drift.learning.config import MetricName, Training
from mlops_drift.learning.metrics import Array, evaluate
from mlops_drift.schema.columns import Target


def judged(
    training: Training, target: Target, truth: Array, prediction: Array, score: Array
) -> tuple[float, float]:
    """The metric of predictions, and the threshold that they are decided by.

    With ``decision_threshold: search`` the predictions are decided anew by the best threshold for
    these rows; the ones given are ignored.
    """
    if training.decision_threshold != "search":
        value = evaluate(training.metric, target, truth, prediction, score)
        return value, training.decision_threshold
    floors = training.threshold_floors
    threshold = best_threshold(training.metric, truth == target.positive, score, floors)
    first, second = target.classes or []
    positive, other = (first, second) if first == target.positive else (second, first)
    decided = np.where(score >= threshold, positive, other).astype(object)
    return evaluate(training.metric, target, truth, decided, score), threshold


def best_threshold(
    metric: MetricName,
    positive: Array,
    score: Array,
    floors: Mapping[Literal["precision", "recall"], float] = MappingProxyType({}),
) -> float:
    """The threshold that makes the most of a metric over these rows, exactly.

    Every cut is judged: between any two neighbouring scores, below all and above all of them. It
    lies in the middle between its two neighbours, of which the outermost are 0 and 1. Of equally
    good cuts the one nearest to 0.5 is taken. With floors only those cuts count that fall short of
    them the least, in the sum over both: where possible not at all.

    Args:
        metric: f1, accuracy, balanced_accuracy or f1_macro.
        positive: whether the truth is positive, shape (n,), bool.
        score: P(positive), shape (n,), from 0 to 1.
        floors: precision and recall to be reached on these rows.

    Returns:
        The threshold, above 0 and below 1; 0.5 for no rows.

    Raises:
        ValueError: for another metric.

    >>> best_threshold("f1", np.array([False, True, True]), np.array([0.1, 0.2, 0.8]))
    0.15000000000000002
    """
    if metric not in _VALUES:
        raise ValueError(
            f"a threshold can be searched for the metrics {', '.join(_VALUES)}, found {metric!r}"
        )
    if len(score) == 0:
        return 0.5
    scores, place = np.unique(score, return_inverse=True)
    true = np.bincount(place[positive], minlength=len(scores))
    false = np.bincount(place[~positive], minlength=len(scores))
    # The rows from each distinct score on; none at the end.
    tp = np.append(np.cumsum(true[::-1])[::-1], 0)
    fp = np.append(np.cumsum(false[::-1])[::-1], 0)
    cuts = _cuts(scores)
    with np.errstate(invalid="ignore"):
        values = _VALUES[metric](tp, fp, tp[0] - tp, fp[0] - fp)
        reached = {"precision": tp / (tp + fp), "recall": tp / tp[0]}
    values[(cuts <= 0) | (cuts >= 1) | np.isnan(values)] = -np.inf
    short = np.zeros(len(cuts))
    for name, floor in floors.items():
        short += np.maximum(0.0, floor - np.nan_to_num(reached[name]))
    values[short > short[np.isfinite(values)].min(initial=np.inf)] = -np.inf
    best = np.flatnonzero(values == values.max())
    nearest = best[np.argmin(np.abs(cuts[best] - 0.5))]
    return float(cuts[nearest]) if np.isfinite(values[nearest]) else 0.5


def _cuts(scores: Array) -> Array:
    """The cut below each of the ascending scores, and one above all."""
    lower, upper = np.append(0.0, scores), np.append(scores, 1.0)
    middle = lower + (upper - lower) / 2
    # Between neighbours without a number in between, the upper one still divides them.
    return np.where(middle > lower, middle, upper)


def _f1(tp: Array, fp: Array, fn: Array, tn: Array) -> Array:
    return cast(Array, 2 * tp / (2 * tp + fp + fn))


def _accuracy(tp: Array, fp: Array, fn: Array, tn: Array) -> Array:
    return cast(Array, (tp + tn) / (tp + fp + fn + tn))


def _balanced_accuracy(tp: Array, fp: Array, fn: Array, tn: Array) -> Array:
    return cast(Array, np.nanmean([tp / (tp + fn), tn / (tn + fp)], axis=0))


def _f1_macro(tp: Array, fp: Array, fn: Array, tn: Array) -> Array:
    return cast(Array, np.nanmean([_f1(tp, fp, fn, tn), _f1(tn, fn, fp, tp)], axis=0))


_VALUES: dict[MetricName, Callable[[Array, Array, Array, Array], Array]] = {
    "f1": _f1,
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "f1_macro": _f1_macro,
}
