"""Tests on values for one kind of difference each: location (Mann-Whitney) and spread (Levene).

Where a test has nothing to compare, its p-value is 1.0: no number is ever NaN or infinite.
"""

import numpy as np

from mlops_drift.drift.rows import Floats


def mann_whitney(reference: Floats, current: Floats) -> tuple[float, float]:
    """Mann-Whitney U test that neither sample tends to larger values than the other.

    NaN is left out, infinities are ranked.

    Returns:
        U of the reference, in [0, n m]: the pairs in which its value is the larger one, a tie
        being half a pair; and scipy's asymptotic p-value. (0.0, 1.0) where a sample is empty.

    >>> mann_whitney(np.array([1.0, 2.0, np.nan]), np.array([2.0, 3.0, 4.0]))[0]
    0.5
    """
    from scipy.stats import mannwhitneyu

    x, y = reference[~np.isnan(reference)], current[~np.isnan(current)]
    if not x.size or not y.size:
        return 0.0, 1.0
    statistic, p = mannwhitneyu(x, y, method="asymptotic")
    return float(statistic), float(p)


def levene(reference: Floats, current: Floats) -> tuple[float, float]:
    """Levene's test, around the medians (Brown-Forsythe), that both samples spread equally.

    NaN and infinities are left out.

    Returns:
        The statistic W and its p-value as of scipy; (0.0, 1.0) where a sample is empty, or no value
        lies off the median of its sample. If within each sample all values lie equally far off, but
        not the same in both, W is infinite; the largest double stands for it.

    >>> statistic, p = levene(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.0, 5.0, 10.0, 15.0]))
    >>> round(statistic, 3), round(p, 3)
    (7.385, 0.035)
    """
    from scipy.stats import levene as scipy_levene

    x, y = reference[np.isfinite(reference)], current[np.isfinite(current)]
    if not x.size or not y.size:
        return 0.0, 1.0
    # W has no unit. Dividing by a power of two is exact, and squares neither overflow nor vanish.
    exponent = int(np.frexp(max(np.abs(x).max(), np.abs(y).max()))[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic, p = scipy_levene(np.ldexp(x, -exponent), np.ldexp(y, -exponent), center="median")
    return float(np.nan_to_num(statistic)), float(np.nan_to_num(p, nan=1.0))
