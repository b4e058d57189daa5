"""The total variation distance."""

import numpy as np

from mlops_drift.drift.metrics.base import BinMetric, Floats, bounded


class TotalVariation(BinMetric):
    """Total variation distance: half the sum of absolute differences of shares, in [0, 1].

    >>> TotalVariation().of_shares(np.array([0.5, 0.5]), np.array([0.75, 0.25]))
    0.25
    """

    name = "tvd"
    title = "total variation distance"
    threshold = 0.1

    def of_shares(self, p: Floats, q: Floats) -> float:
        return bounded(float(np.sum(np.abs(q - p)) / 2))
