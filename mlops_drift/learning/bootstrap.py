"""A metric on many resamples of the same rows, for several models at once."""

from collections.abc import Callable, Iterator, Sequence
from math import nan

import numpy as np

from mlops_drift.learning.config import MetricName
from mlops_drift.learning.metrics import Array, encode
from mlops_drift.schema.columns import Target

# Cells of the table of resamples that is held at a time.
_CELLS = 2_000_000

# Takes how often each row, or one of its kind, was drawn, shape (b, kinds); gives the metric of
# each resample, shape (b,).
Weighted = Callable[[Array], Array]


def resampled_values(
    metric: MetricName,
    target: Target,
    truth: Array,
    predictions: Sequence[tuple[Array, Array]],
    *,
    resamples: int = 1000,
    seed: int,
) -> Array:
    """The metric of each model on each resample; nan where it is undefined.

    A resample draws n of the n rows with replacement, and is the same for all models: differences
    of their metrics do not contain what the rows have in common. Every number is what
    ``metrics.evaluate`` gives for the drawn rows.

    Args:
        metric: Name of a metric that fits the kind of target.
        target: What was predicted.
        truth: Class names, or numbers for regression; shape (n,), at least one row.
        predictions: Prediction and score of each model, as ``metrics.evaluate`` takes them.
        resamples: How many.
        seed: Of the draws.

    Returns:
        Shape (models, resamples).

    >>> target = Target(column="y", kind="regression")
    >>> answers = [(np.full(3, 1.0),) * 2, (np.full(3, 2.0),) * 2]
    >>> resampled_values("mae", target, np.zeros(3), answers, resamples=2, seed=1)
    array([[1., 1.],
           [2., 2.]])
    """
    encoded = [encode(target, truth, prediction, score) for prediction, score in predictions]
    if metric in _OF_CLASSES:
        rows, sizes = alike([encoded[0][0], *(said for _, said, _ in encoded)])
        encoded = [(true[rows], said[rows], score[rows]) for true, said, score in encoded]
    else:
        sizes = np.ones(len(truth), dtype=int)
    weighted = [_WEIGHTED[metric](*one) for one in encoded]
    blocks = [[value(counts) for value in weighted] for counts in draws(sizes, resamples, seed)]
    return np.concatenate(blocks, axis=1)


def alike(columns: Sequence[Array]) -> tuple[Array, Array]:
    """One row of each kind, a kind having the same values, and how many rows are of it.

    >>> alike([np.array([1, 1, 0]), np.array([2, 2, 2])])
    (array([2, 0]), array([1, 2]))
    """
    _, rows, sizes = np.unique(np.stack(columns), axis=1, return_index=True, return_counts=True)
    return rows, sizes


def draws(sizes: Array, resamples: int, seed: int) -> Iterator[Array]:
    """How many rows of each kind are in each resample of all rows, some resamples at a time.

    Args:
        sizes: how many rows are of each kind; shape (kinds,).
        resamples: how many.
        seed: of the draws.

    Returns:
        Tables of shape (b, kinds), as floats; b adds up to the number of resamples.
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


def _ratio(numerator: Array, denominator: Array) -> Array:
    undefined = np.full(len(denominator), nan)
    return np.asarray(np.divide(numerator, denominator, out=undefined, where=denominator != 0))


def _mean(values: Array) -> Weighted:
    return lambda counts: np.asarray(counts @ values / counts.sum(axis=1))


def _accuracy(truth: Array, prediction: Array, score: Array) -> Weighted:
    return _mean((truth == prediction).astype(float))


def _mae(truth: Array, prediction: Array, score: Array) -> Weighted:
    return _mean(np.abs(truth - prediction))


def _rmse(truth: Array, prediction: Array, score: Array) -> Weighted:
    squares = _mean((truth - prediction) ** 2)
    return lambda counts: np.sqrt(squares(counts))


def _log_loss(truth: Array, prediction: Array, score: Array) -> Weighted:
    smallest = np.finfo(float).eps
    positive = np.clip(score, smallest, 1 - smallest)
    return _mean(-np.log(np.where(truth == 1, positive, 1 - positive)))


def _r2(truth: Array, prediction: Array, score: Array) -> Weighted:
    centred = truth - truth.mean()
    columns = np.stack([(truth - prediction) ** 2, centred, centred**2], axis=1)

    def values(counts: Array) -> Array:
        errors, total, squares = (counts @ columns / len(truth)).T
        spread = squares - total**2
        # A resample of one value has no spread but what rounding leaves.
        spread[spread <= 1e-12 * squares.max(initial=0.0)] = 0
        return 1 - _ratio(errors, spread)

    return values


def _of_confusion(combine: Callable[[Array, Array, Array], Array]) -> Callable[..., Weighted]:
    """A metric of hits, true rows and predicted rows of each class, each of shape (b, classes)."""

    def weighted(truth: Array, prediction: Array, score: Array) -> Weighted:
        classes = np.arange(max(truth.max(), prediction.max(), 1) + 1)
        true = (truth[:, None] == classes).astype(float)
        said = (prediction[:, None] == classes).astype(float)
        return lambda counts: combine(counts @ (true * said), counts @ true, counts @ said)

    return weighted


def _mean_over_occurring(numerator: Array, denominator: Array) -> Array:
    shares = _ratio(numerator.ravel(), denominator.ravel()).reshape(numerator.shape)
    return np.asarray(np.nanmean(shares, axis=1))


def _f1(hits: Array, true: Array, said: Array) -> Array:
    return _ratio(2 * hits[:, 1], true[:, 1] + said[:, 1])


def _precision(hits: Array, true: Array, said: Array) -> Array:
    return _ratio(hits[:, 1], said[:, 1])


def _recall(hits: Array, true: Array, said: Array) -> Array:
    return _ratio(hits[:, 1], true[:, 1])


def _balanced_accuracy(hits: Array, true: Array, said: Array) -> Array:
    return _mean_over_occurring(hits, true)


def _f1_macro(hits: Array, true: Array, said: Array) -> Array:
    return _mean_over_occurring(2 * hits, true + said)


def _auc(truth: Array, prediction: Array, score: Array) -> Weighted:
    if not np.isfinite(score).all():
        return lambda counts: np.full(len(counts), nan)
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=-np.inf))
    positive = truth[order] == 1

    def values(counts: Array) -> Array:
        ordered = counts[:, order]
        wins = np.add.reduceat(ordered * positive, starts, axis=1)
        losses = np.add.reduceat(ordered * ~positive, starts, axis=1)
        below = np.cumsum(losses, axis=1) - losses / 2
        return _ratio((wins * below).sum(axis=1), wins.sum(axis=1) * losses.sum(axis=1))

    return values


# Metrics that do not look at scores: rows with the same classes count alike.
_OF_CLASSES = frozenset({"accuracy", "balanced_accuracy", "f1", "precision", "recall", "f1_macro"})

_WEIGHTED: dict[MetricName, Callable[[Array, Array, Array], Weighted]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _of_confusion(_balanced_accuracy),
    "f1": _of_confusion(_f1),
    "precision": _of_confusion(_precision),
    "recall": _of_confusion(_recall),
    "f1_macro": _of_confusion(_f1_macro),
    "auc": _auc,
    "log_loss": _log_loss,
    "mae": _mae,
    "rmse": _rmse,
    "r2": _r2,
}
