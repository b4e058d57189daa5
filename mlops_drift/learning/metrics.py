"""Metrics of predictions against the truth: one definition for training and for production.

Everything is numpy, so that the daily measurement imports no learning library.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite, nan, sqrt
from statistics import NormalDist
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mlops_drift.learning.config import BusinessValue, MetricName
from mlops_drift.schema.columns import Target, TargetKind
from mlops_drift.schema.fields import DEFAULT, Limit

Array = NDArray[Any]
Numbers = TypeVar("Numbers", float, Array)

RESAMPLES = 200

# How much worse a metric without bounds may be, where nothing else is said.
DEFAULT_SHARE = 0.1


@dataclass(frozen=True)
class Metric:
    """A metric, the kinds of target that it is defined for, and its direction.

    ``compute`` takes truth, prediction and score of the same length, at least one row. Classes are
    codes from 0, and the positive class of a binary target is 1. It returns nan where the metric
    is undefined.
    """

    name: MetricName
    kinds: frozenset[TargetKind]
    greater_is_better: bool
    compute: Callable[[Array, Array, Array], float]

    @property
    def is_bounded(self) -> bool:
        """Whether one is the best value, so that a limit in points suits every target."""
        return self.greater_is_better


@dataclass(frozen=True)
class Allowance:
    """How much worse than another value a number may be.

    Attributes:
        limit: the number in the unit.
        unit: share of the other value; points, a hundred of which are 1; or that of the number.
    """

    limit: float
    unit: Literal["share", "points", "own"]

    def of(self, reference: float) -> float:
        """The most by which a number may be worse than this one, in units of the number.

        >>> Allowance(0.1, "share").of(42.0), Allowance(0.05, "points").of(0.9)
        (4.2, 0.05)
        """
        return self.limit * abs(reference) if self.unit == "share" else self.limit

    def told(self, difference: float, reference: float) -> str:
        """A difference from another value, in words of the unit.

        >>> Allowance(0.1, "share").told(44.0, 42.0), Allowance(0.05, "points").told(0.052, 0.9)
        ('105 %', '5.2 points')
        """
        if self.unit == "share" and reference and isfinite(reference):
            return _percent(difference / abs(reference))
        return f"{100 * difference:.3g} points" if self.unit == "points" else f"{difference:.4g}"

    def __str__(self) -> str:
        """The limit in words of the unit.

        >>> str(Allowance(0.1, "share")), str(Allowance(0.05, "points"))
        ('10 %', '5 points')
        """
        if self.unit == "share":
            return _percent(self.limit)
        return self.told(self.limit, nan)


def allowance(metric: MetricName, limit: Limit, points: float) -> Allowance:
    """How much worse than another value of the metric one may be.

    The limit is a share of that value for mae, rmse and log_loss, which have no bound. It is in
    points for every other metric, r2 too: none is above 1.

    Args:
        metric: Name of the metric.
        limit: As it is written in YAML.
        points: The default for a metric that is limited in points.

    >>> print(allowance("mae", "default", points=0.02), allowance("f1", "default", points=0.02))
    10 % 2 points
    """
    bounded = METRICS[metric].is_bounded
    default = points if bounded else DEFAULT_SHARE
    return Allowance(default if limit == DEFAULT else limit, "points" if bounded else "share")


def _percent(share: float) -> str:
    percent = 100 * share
    return f"{percent:.0f} %" if abs(percent) >= 100 else f"{percent:.3g} %"


def evaluate(
    metric: MetricName, target: Target, truth: Array, prediction: Array, score: Array
) -> float:
    """The metric of predictions against the truth, nan where it is undefined.

    Undefined are: any metric of no rows; precision without a positive prediction, recall without a
    positive truth and f1 without either; auc of one class; r2 of a constant truth.
    Classes that occur on neither side do not enter an average over classes.

    Args:
        metric: Name of a metric that fits the kind of target.
        target: What was predicted.
        truth: Class names, or numbers for regression; shape (n,).
        prediction: Predicted class names or numbers; shape (n,).
        score: P(positive) for binary, the largest class probability for multiclass, the predicted
            value for regression; shape (n,).

    Raises:
        ValueError: If the metric does not fit the target, the lengths differ, or a value is
            not one of the target's classes.

    >>> target = Target(column="left", kind="binary", classes=["no", "yes"], positive="yes")
    >>> truth, prediction = np.array(["yes", "no", "no"]), np.array(["yes", "yes", "no"])
    >>> evaluate("precision", target, truth, prediction, np.array([0.9, 0.6, 0.2]))
    0.5
    """
    chosen = metric_for(metric, target.kind)
    encoded = encode(target, truth, prediction, score)
    return chosen.compute(*encoded) if len(truth) else nan


def evaluate_within(
    metric: MetricName,
    target: Target,
    truth: Array,
    prediction: Array,
    score: Array,
    *,
    confidence: float = 0.95,
    seed: int,
) -> tuple[float, float, float]:
    """``evaluate`` with its confidence interval, as (value, lower, upper).

    Accuracy gets the Wilson interval. Every other metric gets the percentile bootstrap over 200
    seeded resamples of the rows, without those in which the metric is undefined. Both bounds are
    nan for no rows, or if every resample is undefined.

    Raises:
        ValueError: As ``evaluate``, and if confidence is not between 0 and 1.

    >>> target = Target(column="left", kind="binary", classes=["no", "yes"], positive="yes")
    >>> truth, score = np.array(["yes"] * 8 + ["no"] * 2), np.full(10, 0.9)
    >>> found = evaluate_within("accuracy", target, truth, np.full(10, "yes"), score, seed=1)
    >>> [round(number, 3) for number in found]
    [0.8, 0.49, 0.943]
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, found {confidence}")
    chosen = metric_for(metric, target.kind)
    encoded = encode(target, truth, prediction, score)
    n = len(truth)
    if n == 0:
        return nan, nan, nan
    value = chosen.compute(*encoded)
    if metric == "accuracy":
        return value, *wilson(value, n, confidence)
    rng = np.random.default_rng(seed)
    resamples = (rng.integers(n, size=n) for _ in range(RESAMPLES))
    values = np.array([chosen.compute(*(array[rows] for array in encoded)) for rows in resamples])
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return value, nan, nan
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return value, float(low), float(high)


def worth(business: BusinessValue, target: Target, truth: Array, prediction: Array) -> Array:
    """What each prediction was worth; shape (n,), float.

    Args:
        business: Worth of each outcome, or of a unit of absolute error.
        target: What was predicted.
        truth: Class names, or numbers for regression; shape (n,).
        prediction: Predicted class names or numbers; shape (n,).

    >>> target = Target(column="left", kind="binary", classes=["no", "yes"], positive="yes")
    >>> saved = BusinessValue(outcomes=[{"truth": "yes", "prediction": "yes", "value": 80}])
    >>> worth(saved, target, np.array(["yes", "no"]), np.array(["yes", "yes"]))
    array([80.,  0.])
    """
    if not target.is_classification:
        error = np.abs(np.asarray(truth, dtype=float) - np.asarray(prediction, dtype=float))
        return np.asarray(error * (business.per_error or 0.0))
    values = np.zeros(len(truth))
    for outcome in business.outcomes:
        values[(truth == outcome.truth) & (prediction == outcome.prediction)] = outcome.value
    return values


def worsening(metric: MetricName, before: Numbers, after: Numbers) -> Numbers:
    """How much worse ``after`` is than ``before``, in units of the metric; negative if better.

    >>> worsening("accuracy", 0.75, 0.5), worsening("rmse", 2.0, 1.5)
    (0.25, -0.5)
    """
    return before - after if METRICS[metric].greater_is_better else after - before


def metric_for(metric: MetricName, kind: TargetKind) -> Metric:
    """The metric of that name, checked to be defined for that kind of target.

    Raises:
        ValueError: If it is not, with the metrics that are.

    >>> metric_for("mae", "binary")
    Traceback (most recent call last):
    ValueError: metric 'mae' is not defined for a binary target; choose one of accuracy, \
balanced_accuracy, f1, precision, recall, f1_macro, auc, log_loss
    """
    if kind not in METRICS[metric].kinds:
        fitting = ", ".join(name for name, other in METRICS.items() if kind in other.kinds)
        raise ValueError(
            f"metric {metric!r} is not defined for a {kind} target; choose one of {fitting}"
        )
    return METRICS[metric]


def encode(
    target: Target, truth: Array, prediction: Array, score: Array
) -> tuple[Array, Array, Array]:
    """Truth, prediction and score as ``Metric.compute`` takes them: classes as codes.

    Raises:
        ValueError: If the lengths differ, or a value is not one of the target's classes.
    """
    if not len(truth) == len(prediction) == len(score):
        raise ValueError(
            "truth, prediction and score must have one value per row, found lengths "
            f"{len(truth)}, {len(prediction)} and {len(score)}"
        )
    scores = np.asarray(score, dtype=float)
    if target.kind == "regression":
        return np.asarray(truth, dtype=float), np.asarray(prediction, dtype=float), scores
    classes = sorted(target.classes or [], key=lambda name: name == target.positive)
    return _codes(classes, "truth", truth), _codes(classes, "prediction", prediction), scores


def _codes(classes: list[str], name: str, values: Array) -> Array:
    codes = pd.Index(classes, dtype=object).get_indexer(pd.Index(values, dtype=object))
    if (codes < 0).any():
        unknown = np.asarray(values, dtype=object)[codes < 0][0]
        raise ValueError(f"{name} has {unknown!r}; the target's classes are {sorted(classes)}")
    return codes


def wilson(share: float, n: int, confidence: float) -> tuple[float, float]:
    """The Wilson interval of a share of n rows.

    >>> [round(bound, 3) for bound in wilson(0.8, 10, 0.95)]
    [0.49, 0.943]
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    margin = z / (1 + z**2 / n) * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, centre - margin), min(1.0, centre + margin)


def _ratio(numerator: float, denominator: float) -> float:
    return float(numerator / denominator) if denominator else nan


def _confusion(truth: Array, prediction: Array) -> Array:
    """Counts with the truth in rows and the prediction in columns."""
    classes = int(max(truth.max(), prediction.max(), 1)) + 1
    cells = np.bincount(truth * classes + prediction, minlength=classes**2)
    return cells.reshape(classes, classes)


def _accuracy(truth: Array, prediction: Array, score: Array) -> float:
    return float(np.mean(truth == prediction))


def _balanced_accuracy(truth: Array, prediction: Array, score: Array) -> float:
    counts = _confusion(truth, prediction)
    occurring = counts.sum(axis=1) > 0
    return float(np.mean(counts.diagonal()[occurring] / counts.sum(axis=1)[occurring]))


def _f1(truth: Array, prediction: Array, score: Array) -> float:
    counts = _confusion(truth, prediction)
    return _ratio(2 * counts[1, 1], counts[1].sum() + counts[:, 1].sum())


def _precision(truth: Array, prediction: Array, score: Array) -> float:
    counts = _confusion(truth, prediction)
    return _ratio(counts[1, 1], counts[:, 1].sum())


def _recall(truth: Array, prediction: Array, score: Array) -> float:
    counts = _confusion(truth, prediction)
    return _ratio(counts[1, 1], counts[1].sum())


def _f1_macro(truth: Array, prediction: Array, score: Array) -> float:
    counts = _confusion(truth, prediction)
    occurrences = counts.sum(axis=0) + counts.sum(axis=1)
    occurring = occurrences > 0
    return float(np.mean(2 * counts.diagonal()[occurring] / occurrences[occurring]))


def _auc(truth: Array, prediction: Array, score: Array) -> float:
    positives = int(np.sum(truth == 1))
    negatives = len(truth) - positives
    if not np.isfinite(score).all():
        return nan
    _, position, ties = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(ties) - (ties - 1) / 2)[position]
    wins = rank[truth == 1].sum() - positives * (positives + 1) / 2
    return _ratio(wins, positives * negatives)


def _log_loss(truth: Array, prediction: Array, score: Array) -> float:
    smallest = np.finfo(float).eps
    positive = np.clip(score, smallest, 1 - smallest)
    return float(-np.mean(np.log(np.where(truth == 1, positive, 1 - positive))))


def _mae(truth: Array, prediction: Array, score: Array) -> float:
    return float(np.mean(np.abs(truth - prediction)))


def _rmse(truth: Array, prediction: Array, score: Array) -> float:
    return float(np.sqrt(np.mean((truth - prediction) ** 2)))


def _r2(truth: Array, prediction: Array, score: Array) -> float:
    unexplained = _ratio(np.sum((truth - prediction) ** 2), np.sum((truth - truth.mean()) ** 2))
    return 1 - unexplained


_BINARY: frozenset[TargetKind] = frozenset({"binary"})
_CLASSES: frozenset[TargetKind] = frozenset({"binary", "multiclass"})
_REGRESSION: frozenset[TargetKind] = frozenset({"regression"})

METRICS: Mapping[MetricName, Metric] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            Metric("accuracy", _CLASSES, True, _accuracy),
            Metric("balanced_accuracy", _CLASSES, True, _balanced_accuracy),
            Metric("f1", _BINARY, True, _f1),
            Metric("precision", _BINARY, True, _precision),
            Metric("recall", _BINARY, True, _recall),
            Metric("f1_macro", _CLASSES, True, _f1_macro),
            Metric("auc", _BINARY, True, _auc),
            Metric("log_loss", _BINARY, False, _log_loss),
            Metric("mae", _REGRESSION, False, _mae),
            Metric("rmse", _REGRESSION, False, _rmse),
            Metric("r2", _REGRESSION, True, _r2),
        )
    }
)
