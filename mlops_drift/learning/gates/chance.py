"""How likely it is that chance alone makes some rows be predicted better than others."""

import numpy as np

from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.registry import metric_named
from mlops_drift.schema.columns import Target

# Chance may explain at most so much of what a gate finds.
CHANCE = 0.005


def row_losses(metric: str, target: Target, truth: Array, prediction: Array, score: Array) -> Array:
    """How badly each row is predicted, in the order in which the metric sees it; shape (n,).

    Of a regression it is the absolute error; of classes 1 for a wrong one and 0 for the right one,
    and for a metric of the scores the probability that the score leaves to the wrong class.

    >>> target = Target(column="y", kind="binary", classes=["no", "yes"], positive="yes")
    >>> truth, predicted = np.array(["yes", "no"]), np.array(["yes", "yes"])
    >>> row_losses("auc", target, truth, predicted, np.array([0.75, 0.75])).tolist()
    [0.25, 0.75]
    """
    if not target.is_classification:
        return np.asarray(np.abs(truth.astype(float) - prediction.astype(float)))
    if metric_named(metric).uses_scores:
        return np.asarray(np.abs((truth == target.positive) - score.astype(float)))
    return np.asarray(truth != prediction).astype(float)


def chance_of_smaller(losses: Array, others: Array) -> float:
    """How often chance makes losses as much smaller than others if both are drawn alike.

    It is the one-sided p-value of the Mann-Whitney test, which looks at ranks only: it holds for
    errors of any distribution, however heavy its tail. 1 where there is nothing to compare.

    >>> chance_of_smaller(np.arange(10.0), 10 + np.arange(10.0)) < 0.001
    True
    """
    from scipy.stats import mannwhitneyu

    if not len(losses) or not len(others) or (np.append(losses, others) == losses[0]).all():
        return 1.0
    return float(mannwhitneyu(losses, others, alternative="less").pvalue)
