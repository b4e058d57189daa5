"""A metric of some labelled rows, with its interval."""

from collections.abc import Callable
from dataclasses import dataclass
from math import nan, sqrt
from statistics import NormalDist

import numpy as np

from mlops_drift.learning.config import BusinessValue
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.evaluation import evaluate_within
from mlops_drift.learning.metrics.registry import MetricName
from mlops_drift.schema.columns import Target

CONFIDENCE = 0.95
Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


@dataclass(frozen=True)
class Measured:
    """A number with its 95 % interval and the rows behind it; nan where it is undefined."""

    value: float
    lower: float
    upper: float
    n: int

    @property
    def spread(self) -> float:
        """Standard deviation of a single row, as the interval implies it."""
        return (self.upper - self.lower) / (2 * Z) * sqrt(self.n)


# Takes truth, prediction and score, each of shape (n,).
Measure = Callable[[Array, Array, Array], Measured]


def measure_metric(
    metric: MetricName, target: Target, truth: Array, prediction: Array, score: Array, seed: int
) -> Measured:
    """The metric with its interval, by the same functions as in training."""
    value, lower, upper = evaluate_within(
        metric, target, truth, prediction, score, confidence=CONFIDENCE, seed=seed
    )
    return Measured(value, lower, upper, len(truth))


def measure_business_value(
    business: BusinessValue, target: Target, truth: Array, prediction: Array
) -> Measured:
    """The mean business value of a prediction, with the normal interval of a mean."""
    values = business.values(target, truth, prediction)
    n = len(values)
    mean = float(values.mean()) if n else nan
    margin = Z * float(values.std(ddof=1)) / sqrt(n) if n > 1 else nan
    return Measured(mean, mean - margin, mean + margin, n)


def expected_within(value: float, error: float, n: int, highest: float) -> Measured:
    """An expected value with its 95 % interval, within 0 and the highest possible value.

    `error` is the standard deviation of the realized value around the expected one.
    """
    lower, upper = np.clip([value - Z * error, value + Z * error], 0.0, highest)
    return Measured(value, float(lower), float(upper), n)


def shown(value: float) -> str:
    """Three decimals, or three digits of what would hardly be seen in them.

    >>> shown(0.9), shown(0.00123456), shown(0.0)
    ('0.900', '0.00123', '0.000')
    """
    return f"{value:.3g}" if 0 < abs(value) < 0.01 else f"{value:.3f}"
