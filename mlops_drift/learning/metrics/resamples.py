"""A metric on resamples of the rows: the bootstrap."""

from collections.abc import Iterator, Sequence

import numpy as np

from mlops_drift.learning.metrics.base import Array, ConfusionMetric
from mlops_drift.learning.metrics.encoding import encode
from mlops_drift.learning.metrics.registry import metric_for
from mlops_drift.schema.columns import Target

# Cells of the table of resamples that is held at a time.
_CELLS = 2_000_000


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
