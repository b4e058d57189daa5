"""Metrics in units in which one limit suits every model."""

import numpy as np

from mlops_drift.learning.config import MetricName
from mlops_drift.learning.metrics import METRICS, Array
from mlops_drift.schema import Target


def comparable(metric: MetricName, target: Target, truth: Array, values: Array) -> Array:
    """Values of a metric, smaller being worse, in units that do not depend on those of the truth.

    mae is divided by the standard deviation of the truth; of rmse the square is divided by its
    variance, so that both rmse and r2 count the share of the variance that is not explained.
    log_loss stays in nats, every other metric as it is. nan for a truth that is all the same.

    Args:
        metric: Name of the metric.
        target: What is predicted.
        truth: The labels that the values are of; shape (n,).
        values: Of the metric, of any shape.

    >>> target = Target(column="y", kind="regression")
    >>> comparable("rmse", target, np.array([0.0, 4.0]), np.array([1.0, 2.0]))
    array([-0.25, -1.  ])
    """
    if METRICS[metric].greater_is_better:
        return values
    if target.is_classification:
        return -values
    spread = float(np.std(truth.astype(float))) or np.nan
    return -values / spread if metric == "mae" else -((values / spread) ** 2)
