"""A metric of predictions against the truth, its confidence interval, and its resamples."""

from collections.abc import Iterator, Sequence
from math import nan

import numpy as np
import pandas as pd

from mlops_drift.learning.metrics.base import Array, ConfusionMetric, Numbers
from mlops_drift.learning.metrics.registry import metric_for, metric_named
from mlops_drift.schema.columns import Target

RESAMPLES = 200
# Cells of the table of resamples that is held at a time.
_CELLS = 2_000_000


def evaluate(metric: str, target: Target, truth: Array, prediction: Array, score: Array) -> float:
    """The metric of predictions against the truth, nan where it is undefined.

    Undefined are: any metric of no rows; precision without a positive prediction, recall without a
    positive truth and f1 without either; auc of one class; r2 of a constant truth.
    Classes that occur on neither side do not enter an average over classes.

    Args:
        metric: Name of a metric that fits the kind of target.
        target: What was predicted.
        truth: Class names, or numbers for regression; shape (n,).
        prediction: As the truth.
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
    metric: str,
    target: Target,
    truth: Array,
    prediction: Array,
    score: Array,
    *,
    confidence: float = 0.95,
    seed: int,
) -> tuple[float, float, float]:
    """``evaluate`` with its confidence interval, as (value, lower, upper).

    A metric without an interval in closed form gets the percentile bootstrap over 200
    seeded resamples of the rows, without those in which the metric is undefined. Both bounds are
    nan for no rows, or if every resample is undefined.

    >>> target = Target(column="left", kind="binary", classes=["no", "yes"], positive="yes")
    >>> truth, score = np.array(["yes"] * 8 + ["no"] * 2), np.full(10, 0.9)
    >>> found = evaluate_within("accuracy", target, truth, np.full(10, "yes"), score, seed=1)
    >>> [round(number, 3) for number in found]
    [0.8, 0.49, 0.943]
    """
    chosen, n = metric_for(metric, target.kind), len(truth)
    encoded = encode(target, truth, prediction, score)
    if n == 0:
        return nan, nan, nan
    value = chosen.compute(*encoded)
    if closed := chosen.interval(value, n, confidence):
        return value, *closed
    rng = np.random.default_rng(seed)
    resamples = (rng.integers(n, size=n) for _ in range(RESAMPLES))
    values = np.array([chosen.compute(*(array[rows] for array in encoded)) for rows in resamples])
    if np.isnan(values).all():
        return value, nan, nan
    low, high = np.nanquantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return value, float(low), float(high)


def resampled_values(
    metric: str,
    target: Target,
    truth: Array,
    predictions: Sequence[tuple[Array, Array]],
    *,
    resamples: int = 1000,
    seed: int,
) -> Array:
    """The metric of each model on each resample, shape (models, resamples); nan if undefined.

    A resample draws n of the n rows with replacement, and is the same for all models: differences
    of their metrics do not contain what the rows have in common. Every number is what
    ``evaluate`` gives for the drawn rows, which are at least one; its prediction and
    score come for each model.

    >>> target = Target(column="y", kind="regression")
    >>> answers = [(np.full(3, 1.0),) * 2, (np.full(3, 2.0),) * 2]
    >>> resampled_values("mae", target, np.zeros(3), answers, resamples=2, seed=1)
    array([[1., 1.],
           [2., 2.]])
    """
    encoded = [encode(target, truth, prediction, score) for prediction, score in predictions]
    chosen = metric_for(metric, target.kind)
    if isinstance(chosen, ConfusionMetric):
        # Rows with the same classes count alike.
        rows, sizes = alike([encoded[0][0], *(predicted for _, predicted, _ in encoded)])
        encoded = [(true[rows], predicted[rows], score[rows]) for true, predicted, score in encoded]
    else:
        sizes = np.ones(len(truth), dtype=int)
    weighted = [chosen.weighted(*one) for one in encoded]
    blocks = [[value(counts) for value in weighted] for counts in draws(sizes, resamples, seed)]
    return np.concatenate(blocks, axis=1)


def alike(columns: Sequence[Array]) -> tuple[Array, Array]:
    """One row of each kind, a kind having the same values, and how many rows are of it."""
    _, rows, sizes = np.unique(np.stack(columns), axis=1, return_index=True, return_counts=True)
    return rows, sizes


def draws(sizes: Array, resamples: int, seed: int) -> Iterator[Array]:
    """How many rows of each kind are in each resample, of which some come at a time: (b, kinds).

    There are as many rows of each kind, shape (kinds,), as sizes say.
    """
    rng = np.random.default_rng(seed)
    n, kinds = int(sizes.sum()), len(sizes)
    most = max(1, _CELLS // kinds)
    for start in range(0, resamples, most):
        length = min(most, resamples - start)
        if kinds < n:
            yield rng.multinomial(n, sizes / n, size=length).astype(float)
        else:
            # The same distribution, but faster where every row is of its own kind.
            drawn = rng.integers(n, size=(length, n)) + n * np.arange(length)[:, None]
            counts = np.bincount(drawn.ravel(), minlength=length * n)
            yield counts.reshape(length, n).astype(float)


def worsening(metric: str, before: Numbers, after: Numbers) -> Numbers:
    """How much worse ``after`` is than ``before``, in units of the metric; negative if better.

    >>> worsening("accuracy", 0.75, 0.5), worsening("rmse", 2.0, 1.5)
    (0.25, -0.5)
    """
    return metric_named(metric).worsening(before, after)


def encode(
    target: Target, truth: Array, prediction: Array, score: Array
) -> tuple[Array, Array, Array]:
    """Truth, prediction and score as ``Metric.compute`` takes them: classes as codes."""
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
