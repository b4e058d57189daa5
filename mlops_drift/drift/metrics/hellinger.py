"""The Hellinger distance."""

import numpy as np

from mlops_drift.drift.metrics.base import BinMetric, Floats, bounded


class Hellinger(BinMetric):
    """Hellinger distance: Euclidean distance of the square roots of shares over root 2, in [0, 1].

    >>> Hellinger().of_shares(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    1.0
    """

    name = "hellinger"
    title = "Hellinger distance"
    threshold = 0.085

    def of_shares(self, p: Floats, q: Floats) -> float:
        return bounded(float(np.sum((np.sqrt(p) - np.sqrt(q)) ** 2) / 2) ** 0.5)
