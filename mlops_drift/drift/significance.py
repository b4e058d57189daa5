"""Tests of significance: is a difference between a reference and a window more than chance.

Where one side has no rows nothing can be said: the p-value is 1.0, never NaN.
"""

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlops_drift.drift.metrics.base import Floats, Pair
from mlops_drift.drift.sorted_values import SortedValues

# Cochran's rule: the chi-squared approximation holds from this expected count on.
_MIN_EXPECTED = 5.0

# Up to this many values on either side scipy computes the exact p-value of the KS test.
_MAX_EXACT = 10_000
# n times the squared statistic: from where scipy takes Smirnov's sum, and from where it says 0.
_FAR_OUT, _NEGLIGIBLE = 2.2, 370.0


def chi2(reference: ArrayLike, current: ArrayLike) -> tuple[float, float]:
    """Chi-squared test that two samples share one distribution over the bins.

    This is the contingency test, which knows that the reference is a sample too (a goodness-of-fit
    test against the reference shares raises a false alarm in half of all cases at 5 %). Bins that
    are empty on both sides are left out; there is no continuity correction.

    Returns:
        Pearson's statistic over all bins, and a p-value. The p-value is the chi-squared tail of
        the statistic if by the larger sample every bin should have 5 rows in the smaller one. For
        sparser bins the tail is wrong by orders of magnitude (a single row of a new category can
        get 1e-20), so they are pooled in bin order until they should have 5, and each that is more
        than a standard deviation off also gets Fisher's exact test against all other bins. Then p
        is twice the smaller of the pooled tail and the exact p-values, the latter times the number
        of sparse bins (Bonferroni).

    >>> statistic, p = chi2([25, 25, 25, 25], [35, 20, 25, 20])
    >>> round(statistic, 3), round(p, 3)
    (2.778, 0.427)
    """
    from scipy.special import chdtrc

    pair = Pair.of(reference, current)
    table = pair.counts
    if pair.is_one_sided or table.shape[1] < 2:
        return 0.0, 1.0
    statistic, expected = _pearson(table)
    # By the larger sample alone: the noise of the smaller one must not choose what is pooled.
    sizes = table.sum(axis=1)
    needed = table[np.argmax(sizes)] * (sizes.min() / sizes.max())
    sparse = needed < _MIN_EXPECTED
    if not sparse.any():
        return statistic, float(chdtrc(table.shape[1] - 1, statistic))
    pooled = _pool(table, sparse, needed)
    tests = []
    if pooled.shape[1] > 1:
        tests.append(float(chdtrc(pooled.shape[1] - 1, _pearson(pooled)[0])))
    tests.append(2 * int(sparse.sum()) * _smallest_fisher(table, expected, sparse))
    return statistic, min([1.0, *(len(tests) * p for p in tests)])


def proportion_rise(hits_reference: float, n_reference: float, hits: float, n: float) -> float:
    """One-sided Fisher exact p-value that a share of rows is higher now than in the reference.

    It is the probability of at least `hits` among the current rows if both shares are equal.

    >>> proportion_rise(50, 1000, 25, 100) < 1e-9
    True
    """
    if not n_reference or not hits:
        return 1.0
    return float(_fisher(hits_reference, n_reference, hits, n))


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Adjusted p-values (q) of a family of tests, in the order given.

    Rejecting every test with q below alpha holds the false discovery rate at alpha.

    >>> benjamini_hochberg([0.01, 0.5, 0.02]).round(3).tolist()
    [0.03, 0.5, 0.03]
    """
    p = np.asarray(p_values, dtype=np.float64)
    descending = np.argsort(p)[::-1]
    ranks = np.arange(p.size, 0, -1)
    q = np.empty_like(p)
    q[descending] = np.minimum.accumulate(np.minimum(p[descending] * p.size / ranks, 1.0))
    return q


def ks_p(statistic: float, reference: SortedValues, current: SortedValues) -> float:
    """Two-sided p-value of the Kolmogorov-Smirnov two-sample test with a known statistic.

    It is that of ``scipy.stats.ks_2samp``: exact for samples of up to 10,000 values, asymptotic
    beyond.
    """
    from scipy.stats import ks_2samp

    n, m = len(reference), len(current)
    if not n or not m:
        return 1.0
    if max(n, m) <= _MAX_EXACT:
        # Where the exact p-value overflows, scipy says so and takes the asymptotic one. Not by
        # catch_warnings, which threads undo for each other.
        warnings.filterwarnings("ignore", "ks_2samp: Exact calculation", RuntimeWarning)
        return float(ks_2samp(reference.values, current.values).pvalue)
    return _kolmogorov_p(statistic, max(round(n * m / (n + m)), 1))


def _kolmogorov_p(statistic: float, n: int) -> float:
    """Probability of a larger distance of n values from their own distribution function."""
    from scipy.stats import binom, kstwo

    if n < _MAX_EXACT / 2 or n * statistic**2 < _FAR_OUT or statistic >= 0.5:
        return float(np.clip(kstwo.sf(statistic, n), 0.0, 1.0))
    if n * statistic**2 >= _NEGLIGIBLE:
        return 0.0
    # Twice Smirnov's one-sided probability, which `kstwo.sf` sums up term by term, slowly: the sum
    # over j of d C(n, j) (d + j/n)^(j - 1) (1 - d - j/n)^(n - j), for j up to n (1 - d).
    hits = np.arange(int(n * (1 - statistic)) + 1)
    chance = np.minimum(statistic + hits / n, 1.0)
    return min(2 * float(np.sum(statistic / chance * binom.pmf(hits, n, chance))), 1.0)


def _pearson(table: Floats) -> tuple[float, Floats]:
    """Pearson's statistic, and the counts that equal shares on both sides would give."""
    expected: Floats = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    return float(np.sum((table - expected) ** 2 / expected)), expected


def _pool(table: Floats, sparse: NDArray[np.bool_], expected: Floats) -> Floats:
    """The table with its sparse bins pooled, in order, until each pool expects enough rows.

    What is left at the end joins the last bin.
    """
    bins = list(table[:, ~sparse].T)
    pool, pending = np.zeros(2), 0.0
    for rows, needed in zip(table.T[sparse], expected[sparse], strict=True):
        pool, pending = pool + rows, pending + needed
        if pending >= _MIN_EXPECTED:
            bins.append(pool)
            pool, pending = np.zeros(2), 0.0
    if bins:
        bins[-1] = bins[-1] + pool
    return np.array(bins or [pool]).T


def _smallest_fisher(table: Floats, expected: Floats, sparse: NDArray[np.bool_]) -> float:
    """The smallest exact p-value of the sparse bins, 1 where none is far from what is expected."""
    n_reference, n = table.sum(axis=1)
    # The exact test is slow, and within a standard deviation of what is expected it says nothing.
    deviation = np.sqrt(expected[0] * expected[1] / expected.sum(axis=0))
    far, rises = np.abs(table[1] - expected[1]) > deviation, table[1] > expected[1]
    before, after = table[:, sparse & far & rises]
    rising = _fisher(before, n_reference, after, n)
    before, after = table[:, sparse & far & ~rises]
    falling = _fisher(after, n, before, n_reference)
    return float(np.min([*rising, *falling], initial=1.0))


def _fisher(hits_past: ArrayLike, n_past: ArrayLike, hits: ArrayLike, n: ArrayLike) -> Floats:
    """One-sided exact p-values, hypergeometric given the total number of hits."""
    from scipy.stats import hypergeom

    hits_past, hits = np.asarray(hits_past), np.asarray(hits)
    return np.asarray(hypergeom.sf(hits - 1, np.add(n_past, n), hits_past + hits, n))
