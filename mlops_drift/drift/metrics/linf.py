"""The largest change of the share of one bin."""

import numpy as np

from mlops_drift.drift.metrics.base import BinMetric, Floats, bounded


class LargestChange(BinMetric):
    """Largest absolute difference between the shares of one bin, in [0, 1].

    >>> LargestChange().of_shares(np.array([0.5, 0.3, 0.2]), np.array([0.25, 0.45, 0.3]))
    0.25
    """

    name = "linf"
    title = "largest change of a share"
    threshold = 0.05

    def of_shares(self, p: Floats, q: Floats) -> float:
        return bounded(float(np.max(np.abs(q - p))))
