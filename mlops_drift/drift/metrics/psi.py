"""The population stability index."""

import numpy as np

from mlops_drift.drift.metrics.base import DriftMetric, Pair


class Psi(DriftMetric):
    """Population stability index, the sum of (q - p) ln(q / p); without an upper bound.

    Half a count is added to every bin of both sides before the shares are taken, which keeps the
    index finite where one side is empty. Bins that are empty on both sides are left out. 0.0 where
    a side has no rows.

    >>> pair = Pair.of([50_000_000, 30_000_000, 20_000_000], [40_000_000, 35_000_000, 25_000_000])
    >>> round(Psi().distance(pair), 7)
    0.0411791
    """

    name = "psi"
    title = "PSI"
    threshold = 0.06

    def distance(self, pair: Pair) -> float:
        if pair.is_one_sided:
            return 0.0
        p, q = Pair(pair.counts + 0.5).shares
        return float(np.sum((q - p) * np.log(q / p)))
