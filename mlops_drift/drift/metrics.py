"""Distances and tests between a reference and a current sample.

Functions of counts take two arrays of row counts over the same bins and compare the shares
p (reference) and q (current). Where one side has no rows nothing can be said: distances are 0.0
and p-values 1.0, so that no number is ever NaN.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# Cochran's rule: the chi-squared approximation holds from this expected count on.
_MIN_EXPECTED = 5.0


def psi(reference: ArrayLike, current: ArrayLike) -> float:
    """Population stability index, the sum of (q - p) ln(q / p).

    Half a count is added to every bin of both sides before the shares are taken, which keeps the
    index finite where one side is empty. Bins that are empty on both sides are left out.

    Args:
        reference: row counts of the reference, shape (bins,).
        current: row counts of the current sample, shape (bins,).

    Returns:
        The index, 0 for equal shares, without an upper bound.

    >>> round(psi([50_000_000, 30_000_000, 20_000_000], [40_000_000, 35_000_000, 25_000_000]), 7)
    0.0411791
    """
    table = _table(reference, current)
    if _one_side_empty(table):
        return 0.0
    p, q = _as_shares(table + 0.5)
    return float(np.sum((q - p) * np.log(q / p)))


def js_distance(reference: ArrayLike, current: ArrayLike) -> float:
    """Jensen-Shannon distance: square root of the divergence in base 2, in [0, 1].

    >>> js_distance([10, 0], [0, 10]), js_distance([10, 20], [10, 20])
    (1.0, 0.0)
    """
    p, q = _shares(reference, current)
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return _bounded(float(np.sqrt(max(divergence, 0.0))))


def hellinger(reference: ArrayLike, current: ArrayLike) -> float:
    """Hellinger distance: Euclidean distance of the square roots of shares over root 2, in [0, 1].

    >>> hellinger([10, 0], [0, 10])
    1.0
    """
    p, q = _shares(reference, current)
    return _bounded(float(np.sqrt(np.sum((np.sqrt(p) - np.sqrt(q)) ** 2) / 2)))


def tvd(reference: ArrayLike, current: ArrayLike) -> float:
    """Total variation distance: half the sum of absolute differences of shares, in [0, 1].

    >>> tvd([50, 50], [75, 25])
    0.25
    """
    p, q = _shares(reference, current)
    return _bounded(float(np.sum(np.abs(p - q)) / 2))


def linf(reference: ArrayLike, current: ArrayLike) -> float:
    """Largest absolute difference between the shares of one bin, in [0, 1].

    >>> linf([50, 30, 20], [25, 45, 30])
    0.25
    """
    p, q = _shares(reference, current)
    return _bounded(float(np.max(np.abs(p - q), initial=0.0)))


def chi2(reference: ArrayLike, current: ArrayLike) -> tuple[float, float]:
    """Chi-squared test that two samples share one distribution over the bins.

    This is the contingency test, which knows that the reference is a sample too (a goodness-of-fit
    test against the reference shares raises a false alarm in half of all cases at 5 %). Bins that
    are empty on both sides are left out; there is no continuity correction.

    Args:
        reference: row counts of the reference, shape (bins,).
        current: row counts of the current sample, shape (bins,).

    Returns:
        Pearson's statistic over all bins, and a p-value. The p-value is the chi-squared tail of
        the statistic if every bin expects at least 5 rows on both sides. For sparser bins the
        tail is wrong by orders of magnitude (a single row of a new category can get 1e-20), so
        they are pooled in bin order until they expect 5, and each also gets Fisher's exact test
        against all other bins. Then p is twice the smaller of the pooled tail and the exact
        p-values, the latter times the number of sparse bins (Bonferroni).

    >>> statistic, p = chi2([25, 25, 25, 25], [35, 20, 25, 20])
    >>> round(statistic, 3), round(p, 3)
    (2.778, 0.427)
    """
    from scipy.special import chdtrc

    table = _table(reference, current)
    if _one_side_empty(table) or table.shape[1] < 2:
        return 0.0, 1.0
    sparse = _expected(table).min(axis=0) < _MIN_EXPECTED
    pooled = _pool(table, sparse)
    tests = []
    if pooled.shape[1] > 1:
        tests.append(float(chdtrc(pooled.shape[1] - 1, _pearson(pooled))))
    if sparse.any():
        (hits_reference, hits), (n_reference, n) = table[:, sparse], table.sum(axis=1)
        rise = _fisher(hits_reference, n_reference, hits, n)
        fall = _fisher(hits, n, hits_reference, n_reference)
        tests.append(2 * len(hits) * float(np.min([rise, fall])))
    return _pearson(table), min([1.0, *(len(tests) * p for p in tests)])


def proportion_rise(hits_reference: float, n_reference: float, hits: float, n: float) -> float:
    """One-sided Fisher exact p-value that a share is higher now than in the reference.

    Args:
        hits_reference: reference rows that have the property, for example nulls.
        n_reference: all reference rows.
        hits: current rows that have the property.
        n: all current rows.

    Returns:
        Probability of at least `hits` among the current rows if both shares are equal.

    >>> proportion_rise(0, 1000, 0, 100)
    1.0
    >>> proportion_rise(50, 1000, 25, 100) < 1e-9
    True
    """
    if not n_reference:
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


def ks(reference: ArrayLike, current: ArrayLike) -> tuple[float, float]:
    """Kolmogorov-Smirnov two-sample test on the values themselves.

    Args:
        reference: numbers in any order, shape (n,); NaN is left out.
        current: numbers in any order, shape (m,); NaN is left out.

    Returns:
        The exact statistic, the largest distance between the two distribution functions with ties
        counted once, and its two-sided asymptotic p-value. They equal
        ``scipy.stats.ks_2samp(..., method="asymp", nan_policy="omit")``.

    >>> ks([1, 2, 3, 4], [3, 4, 5, 6])[0]
    0.5
    """
    from scipy.stats import kstwo

    x, y = _sorted(reference), _sorted(current)
    if not x.size or not y.size:
        return 0.0, 1.0
    statistic = float(np.max(np.abs(_cdf_difference(x, y, np.concatenate([x, y])))))
    effective_n = float(np.round(x.size * y.size / (x.size + y.size)))
    if effective_n < 1:
        return statistic, 1.0
    return statistic, float(np.clip(kstwo.sf(statistic, effective_n), 0.0, 1.0))


def wasserstein(reference: ArrayLike, current: ArrayLike) -> float:
    """Wasserstein-1 distance in units of the reference's interquartile range.

    Where that range is 0 the unit is the reference's standard deviation, and 1.0 for a constant
    reference. Unlike a standard deviation, the range does not let one extreme reference value
    shrink every distance.

    Args:
        reference: numbers in any order, shape (n,); NaN and infinities are left out.
        current: numbers in any order, shape (m,); NaN and infinities are left out.

    >>> wasserstein([0, 1, 2, 3, 4], [1, 2, 3, 4, 5])
    0.5
    """
    x, y = _sorted(reference), _sorted(current)
    x, y = x[np.isfinite(x)], y[np.isfinite(y)]
    if not x.size or not y.size:
        return 0.0
    merged = np.sort(np.concatenate([x, y]))
    distance = np.sum(np.abs(_cdf_difference(x, y, merged[:-1])) * np.diff(merged))
    lower, upper = np.quantile(x, [0.25, 0.75])
    return float(distance / ((upper - lower) or np.std(x) or 1.0))


def _table(reference: ArrayLike, current: ArrayLike) -> Floats:
    """Both count arrays as rows, without the bins that are empty on both sides."""
    p, q = np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64)
    if p.shape != q.shape or p.ndim != 1:
        raise ValueError(
            "reference and current must be counts over the same bins, "
            f"found shapes {p.shape} and {q.shape}"
        )
    table = np.stack([p, q])
    return table[:, table.sum(axis=0) > 0]


def _one_side_empty(table: Floats) -> bool:
    return not table.sum(axis=1).all()


def _as_shares(table: Floats) -> Floats:
    shares: Floats = table / table.sum(axis=1, keepdims=True)
    return shares


def _shares(reference: ArrayLike, current: ArrayLike) -> Floats:
    table = _table(reference, current)
    return np.zeros_like(table) if _one_side_empty(table) else _as_shares(table)


def _relative_entropy(p: Floats, q: Floats) -> float:
    filled = p > 0
    return float(np.sum(p[filled] * np.log2(p[filled] / q[filled])))


def _bounded(distance: float) -> float:
    """Takes back the rounding that can put a distance a hair above 1."""
    return min(distance, 1.0)


def _expected(table: Floats) -> Floats:
    expected: Floats = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    return expected


def _pearson(table: Floats) -> float:
    expected = _expected(table)
    return float(np.sum((table - expected) ** 2 / expected))


def _pool(table: Floats, sparse: NDArray[np.bool_]) -> Floats:
    """The table with its sparse bins pooled, in order, until each pool expects enough rows.

    What is left at the end joins the last bin. Pools depend on the bins' totals over both sides
    only, which is what the test conditions on.
    """
    bins = list(table[:, ~sparse].T)
    pool, pending = np.zeros(2), 0.0
    for rows, expected in zip(table.T[sparse], _expected(table).min(axis=0)[sparse], strict=True):
        pool, pending = pool + rows, pending + expected
        if pending >= _MIN_EXPECTED:
            bins.append(pool)
            pool, pending = np.zeros(2), 0.0
    if bins:
        bins[-1] = bins[-1] + pool
    return np.array(bins or [pool]).T


def _fisher(
    hits_reference: ArrayLike, n_reference: ArrayLike, hits: ArrayLike, n: ArrayLike
) -> Floats:
    """One-sided exact p-values, hypergeometric given the total number of hits."""
    from scipy.stats import hypergeom

    hits_reference, hits = np.asarray(hits_reference), np.asarray(hits)
    population = np.add(n_reference, n)
    p: Floats = np.asarray(hypergeom.sf(hits - 1, population, hits_reference + hits, n))
    return p


def _sorted(values: ArrayLike) -> Floats:
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    # NaN sorts to the end.
    return ordered[: np.searchsorted(ordered, np.nan)]


def _cdf_difference(x: Floats, y: Floats, at: Floats) -> Floats:
    """Difference of the empirical distribution functions of sorted x and y at some points."""
    below_x = np.searchsorted(x, at, side="right") / x.size
    below_y = np.searchsorted(y, at, side="right") / y.size
    difference: Floats = below_x - below_y
    return difference
