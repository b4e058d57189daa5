"""The Wilson interval of a share."""

from math import sqrt
from statistics import NormalDist


def wilson(share: float, n: int, confidence: float) -> tuple[float, float]:
    """The Wilson interval of a share of n rows.

    >>> [round(bound, 3) for bound in wilson(0.8, 10, 0.95)]
    [0.49, 0.943]
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    margin = z / (1 + z**2 / n) * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, centre - margin), min(1.0, centre + margin)
