"""The score from which the positive class is predicted."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np

from mlops_drift.learning.config import Training
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.evaluation import evaluate
from mlops_drift.learning.metrics.registry import threshold_metric
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
    classes = sorted(target.classes or [], key=lambda name: name == target.positive)
    decided = np.array(classes, dtype=object)[(score >= threshold).astype(int)]
    return evaluate(training.metric, target, truth, decided, score), threshold


def best_threshold(
    metric: str,
    positive: Array,
    score: Array,
    floors: Mapping[Literal["precision", "recall"], float] = MappingProxyType({}),
) -> float:
    """The threshold, above 0 and below 1, that makes the most of a metric over these rows, exactly.

    Every cut is judged: between any two neighbouring scores, below all and above all of them. It
    lies in the middle between its two neighbours, of which the outermost are 0 and 1. Of equally
    good cuts the one nearest to 0.5 is taken, which is the threshold of no rows. With floors only
    those cuts count that fall short of them the least, in the sum over both: where possible not at
    all.

    Of each row, shape (n,), it takes whether the truth is positive, and P(positive) as score.
    Floors are precision and recall to be reached on these rows.

    Raises:
        ValueError: for a metric that searches no threshold.

    >>> best_threshold("f1", np.array([False, True, True]), np.array([0.1, 0.2, 0.8]))
    0.15000000000000002
    """
    searched = threshold_metric(metric)
    if len(score) == 0:
        return 0.5
    scores, place = np.unique(score, return_inverse=True)
    # The rows from each distinct score on; none at the end.
    tp, fp = (
        np.append(np.bincount(place[rows], minlength=len(scores))[::-1].cumsum()[::-1], 0)
        for rows in (positive, ~positive)
    )
    cuts = _cuts(scores)
    with np.errstate(invalid="ignore"):
        hits = np.stack([fp[0] - fp, tp], axis=1)
        true = np.broadcast_to([fp[0], tp[0]], hits.shape)
        predicted = np.stack([len(score) - tp - fp, tp + fp], axis=1)
        values = searched.combine(hits, true, predicted)
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
