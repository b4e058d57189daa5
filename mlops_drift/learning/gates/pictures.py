"""What the picture of a gate shows, as plain data: drawing is done where it is looked at."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mlops_drift.learning.metrics.base import Array

_BINS = 12


class Estimate(NamedTuple):
    """A number with its 95 % interval against its limit, a lower one or not."""

    title: str
    value: float
    limit: float
    at_least: bool
    lower: float
    upper: float


class Curve(NamedTuple):
    """What was predicted, or promised by scores, and what came true, by bin."""

    promised: Sequence[float]
    found: Sequence[float]
    counts: Sequence[int]
    title: str = "predicted and observed, by bin of the prediction"


class Shares(NamedTuple):
    """Distributions by name, each the shares of the same classes or bins."""

    title: str
    names: Sequence[str]
    series: Mapping[str, Sequence[float]]


class Bars(NamedTuple):
    """A number for each class, slice or column, against a common limit; worst first."""

    title: str
    names: Sequence[str]
    values: Sequence[float]
    limit: float


class Differences(NamedTuple):
    """Differences of two models as chance spreads them, the observed one, and the limit."""

    title: str
    differences: Sequence[float]
    observed: float
    limit: float


class Confusion(NamedTuple):
    """How often each class, in the rows, was predicted as each class, in the columns."""

    classes: Sequence[str]
    counts: Sequence[Sequence[int]]
    title: str = "test rows: truth in rows, prediction in columns"


Picture = Estimate | Curve | Shares | Bars | Differences | Confusion


def histograms(title: str, series: Mapping[str, Array]) -> Shares:
    """The shares of finite numbers in common bins of equal width."""
    # Quartered: the difference of the largest floats is infinite.
    finite = {name: values[np.isfinite(values)] / 4 for name, values in series.items()}
    together = np.concatenate(list(finite.values()))
    if len(together) == 0:
        return Shares(title, [], {name: [] for name in series})
    edges = np.linspace(together.min(), together.max(), _BINS + 1)
    shares = {
        name: (np.histogram(values, edges)[0] / max(1, len(values))).tolist()
        for name, values in finite.items()
    }
    return Shares(title, [f"{centre:.3g}" for centre in 2 * (edges[:-1] + edges[1:])], shares)
