"""The Jensen-Shannon distance."""

import numpy as np

from mlops_drift.drift.metrics.base import BinMetric, Floats, bounded


class JensenShannon(BinMetric):
    """Jensen-Shannon distance: square root of the divergence in base 2, in [0, 1].

    The divergence is the mean relative entropy of p and of q to m = (p + q) / 2.

    >>> JensenShannon().of_shares(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    1.0
    """

    name = "js"
    title = "JS distance"
    threshold = 0.1

    def of_shares(self, p: Floats, q: Floats) -> float:
        middle = (p + q) / 2
        divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
        return bounded(max(divergence, 0.0) ** 0.5)


def _relative_entropy(p: Floats, q: Floats) -> float:
    filled = p > 0
    return float(np.sum(p[filled] * np.log2(p[filled] / q[filled])))
