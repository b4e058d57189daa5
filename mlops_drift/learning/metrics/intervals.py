"""Confidence intervals of a metric: of a share, by influence values, by the bootstrap."""

from math import exp, inf, isfinite, nan, sqrt
from statistics import NormalDist

import numpy as np

from mlops_drift.learning.metrics.base import Array, Metric, wilson
from mlops_drift.learning.metrics.resamples import draws

RESAMPLES = 200
# Of more rows the influence of each tells the interval. From 500 rows on it contains the truth as
# often as resamples do (benchmarks/intervals.py); of 50 it is worse for balanced_accuracy and r2.
RESAMPLED_ROWS = 2_000
# Beyond it the end of an interval is the bound of the metric itself.
_FARTHEST = 500.0

# Truth, prediction and score as a metric takes them.
Encoded = tuple[Array, Array, Array]


def interval_of(
    metric: Metric, value: float, encoded: Encoded, confidence: float, seed: int
) -> tuple[float, float]:
    """The confidence interval of a value of the metric; nan where the value is not finite.

    Wilson's for a share of rows. Else of up to ``RESAMPLED_ROWS`` rows the percentile bootstrap
    over 200 seeded resamples, without those in which the metric is undefined; of more rows, for a
    metric whose influence is known, ``bounds_of`` its standard error.
    """
    if not isfinite(value):
        return nan, nan
    trials = metric.trials(*encoded[:2])
    if trials is not None:
        return wilson(value, trials, confidence)
    many = len(encoded[0]) > RESAMPLED_ROWS
    error = standard_error(metric.influence(*encoded)) if many else nan
    if isfinite(error):
        return bounds_of(metric, value, error, encoded[0], confidence)
    weighted, ones = metric.weighted(*encoded), np.ones(len(encoded[0]), dtype=int)
    values = np.concatenate([weighted(counts) for counts in draws(ones, RESAMPLES, seed)])
    if np.isnan(values).all():
        return nan, nan
    low, high = np.nanquantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def standard_error(influence: Array | None) -> float:
    """The standard deviation of a metric by the influence of its rows; nan where it is not known.

    >>> standard_error(np.array([-2.0, 0.0, 0.0, 2.0]))
    0.7071067811865476
    """
    return nan if influence is None else sqrt(np.mean(influence**2) / len(influence))


def bounds_of(
    metric: Metric, value: float, error: float, truth: Array, confidence: float
) -> tuple[float, float]:
    """The interval of a value with a standard error, inside the bounds of the metric.

    It is the normal one on a scale that ends nowhere: the logit between two bounds, the logarithm
    of the distance to a single one. At one of two bounds no row has influence: the interval is
    Wilson's of as many trials as the rarest class has rows, since a perfect auc is at least so many
    pairs of rows in the right order. An error of zero, or a value at a single bound, has no doubt.

    >>> from mlops_drift.learning.metrics.registry import metric_named
    >>> truth = np.repeat([0, 1], [900, 100])
    >>> [round(end, 3) for end in bounds_of(metric_named("auc"), 0.9, 0.02, truth, 0.95)]
    [0.853, 0.933]
    >>> [round(end, 3) for end in bounds_of(metric_named("auc"), 1.0, 0.0, truth, 0.95)]
    [0.963, 1.0]
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    lowest, highest = metric.lowest, metric.highest
    below, above = value - lowest, highest - value
    if below <= 0 or above <= 0:
        if not isfinite(highest - lowest):
            return value, value
        span, trials = highest - lowest, _rarest(truth)
        low, high = wilson(min(max(below / span, 0.0), 1.0), trials, confidence)
        return lowest + span * low, lowest + span * high
    if below == above == inf:
        return value - z * error, value + z * error
    reach = exp(min(z * error * (1 / below + 1 / above), _FARTHEST))
    if above == inf:
        return lowest + below / reach, lowest + below * reach
    if below == inf:
        return highest - above * reach, highest - above / reach
    low, high = (below / (below + above * factor) for factor in (reach, 1 / reach))
    return lowest + (highest - lowest) * low, lowest + (highest - lowest) * high


def _rarest(truth: Array) -> int:
    """The rows of the rarest class; numbers have no classes."""
    if not np.issubdtype(truth.dtype, np.integer):
        return len(truth)
    sizes = np.bincount(truth)
    return int(sizes[sizes > 0].min())
