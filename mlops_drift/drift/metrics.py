"""Distances and tests between a reference and a current sample.

Functions of counts take two arrays of row counts over the same bins and compare the shares
p (reference) and q (current). Where one side has no rows nothing can be said: distances are 0.0
and p-values 1.0, so that no number is ever NaN.
"""

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlops_drift.drift.sorted_values import SortedValues

Floats = NDArray[np.float64]

# Cochran's rule: the chi-squared approximation holds from this expected count on.
_MIN_EXPECTED = 5.0

# Up to this many values on either side scipy computes the exact p-value of the KS test.
_MAX_EXACT = 10_000
# n times the squared statistic: from where scipy takes Smirnov's sum, and from where it says 0.
_FAR_OUT, _NEGLIGIBLE = 2.2, 370.0
# n times the statistic to the power of 1.5: up to where scipy computes a matrix power.
_CLOSE = 1.4
# Terms of the theta series, enough for every distance that is not far out.
_TERMS = 10


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
    return distances(reference, current)["psi"]


def distances(reference: ArrayLike, current: ArrayLike) -> dict[str, float]:
    """All distances over bins at once: `psi`, `js`, `hellinger`, `tvd` and `linf`.

    >>> {name: round(value, 3) for name, value in distances([50, 50], [75, 25]).items()}
    {'psi': 0.269, 'js': 0.221, 'hellinger': 0.185, 'tvd': 0.25, 'linf': 0.25}
    """
    table = _table(reference, current)
    if _one_side_empty(table):
        return dict.fromkeys(("psi", "js", "hellinger", "tvd", "linf"), 0.0)
    (smooth_p, smooth_q), (p, q) = _as_shares(table + 0.5), _as_shares(table)
    middle, change = (p + q) / 2, np.abs(q - p)
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return {
        "psi": float(np.sum((smooth_q - smooth_p) * np.log(smooth_q / smooth_p))),
        "js": _bounded(max(divergence, 0.0) ** 0.5),
        "hellinger": _bounded(float(np.sum((np.sqrt(p) - np.sqrt(q)) ** 2) / 2) ** 0.5),
        "tvd": _bounded(float(np.sum(change) / 2)),
        "linf": _bounded(float(np.max(change))),
    }


def js_distance(reference: ArrayLike, current: ArrayLike) -> float:
    """Jensen-Shannon distance: square root of the divergence in base 2, in [0, 1].

    >>> js_distance([10, 0], [0, 10]), js_distance([10, 20], [10, 20])
    (1.0, 0.0)
    """
    return distances(reference, current)["js"]


def hellinger(reference: ArrayLike, current: ArrayLike) -> float:
    """Hellinger distance: Euclidean distance of the square roots of shares over root 2, in [0, 1].

    >>> hellinger([10, 0], [0, 10])
    1.0
    """
    return distances(reference, current)["hellinger"]


def tvd(reference: ArrayLike, current: ArrayLike) -> float:
    """Total variation distance: half the sum of absolute differences of shares, in [0, 1].

    >>> tvd([50, 50], [75, 25])
    0.25
    """
    return distances(reference, current)["tvd"]


def linf(reference: ArrayLike, current: ArrayLike) -> float:
    """Largest absolute difference between the shares of one bin, in [0, 1].

    >>> linf([50, 30, 20], [25, 45, 30])
    0.25
    """
    return distances(reference, current)["linf"]


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

    table = _table(reference, current)
    if _one_side_empty(table) or table.shape[1] < 2:
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


def ks(reference: ArrayLike, current: ArrayLike) -> tuple[float, float]:
    """Kolmogorov-Smirnov two-sample test on the values themselves.

    Args:
        reference: numbers in any order, shape (n,); NaN is left out.
        current: numbers in any order, shape (m,); NaN is left out.

    Returns:
        The exact statistic, the largest distance between the two distribution functions with ties
        counted once, and its two-sided p-value, as ``scipy.stats.ks_2samp`` gives them with
        ``nan_policy="omit"``: exact for samples of up to 10,000 values, asymptotic beyond.

    >>> ks([1, 2, 3, 4], [3, 4, 5, 6])[0]
    0.5
    """
    x, y = SortedValues(reference), SortedValues(current)
    statistic, _ = x.distances(y)
    return statistic, ks_p(statistic, x, y)


def ks_p(statistic: float, reference: SortedValues, current: SortedValues) -> float:
    """The p-value of `ks` for a statistic that is known already.

    >>> ks_p(0.0, SortedValues([1, 2]), SortedValues([1, 2]))
    1.0
    """
    n, m = len(reference), len(current)
    if not n or not m:
        return 1.0
    if max(n, m) <= _MAX_EXACT:
        from scipy.stats import ks_2samp

        # Where the exact p-value overflows, scipy says so and takes the asymptotic one. Not by
        # catch_warnings, which threads undo for each other.
        warnings.filterwarnings("ignore", "ks_2samp: Exact calculation", RuntimeWarning)
        return float(ks_2samp(reference.values, current.values).pvalue)
    return _kolmogorov_p(statistic, round(n * m / (n + m)))


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
    return SortedValues(reference).distances(SortedValues(current))[1]


def _kolmogorov_p(statistic: float, n: int) -> float:
    """Probability of a larger distance of n values from their own distribution function.

    The value is that of ``scipy.stats.kstwo.sf``, by the same expansions; for many values scipy's
    own evaluation takes up to tens of milliseconds a call.
    """
    if n < 1:
        return 1.0
    squared = n * statistic**2
    if n < _MAX_EXACT / 2 or n * statistic**1.5 <= _CLOSE or statistic >= 0.5:
        from scipy.stats import kstwo

        return float(np.clip(kstwo.sf(statistic, n), 0.0, 1.0))
    if squared >= _NEGLIGIBLE:
        return 0.0
    p = 2 * _smirnov(statistic, n) if squared >= _FAR_OUT else _pelz_good(statistic, n)
    return float(np.clip(p, 0.0, 1.0))


def _pelz_good(distance: float, n: int) -> float:
    """Kolmogorov's limit with three terms of correction for a finite n.

    W. Pelz and I. J. Good, "Approximating the lower tail areas of the Kolmogorov-Smirnov
    one-sample statistic", 1976.
    """
    z = n**0.5 * distance
    k = np.arange(1, _TERMS + 1)
    odd = (np.pi * (2 * k - 1) / 2) ** 2
    whole = (np.pi * k) ** 2
    inner, outer = np.exp(-odd / (2 * z**2)), np.exp(-whole / (2 * z**2))
    second = 6 * z**6 + 2 * z**4 + (2 * z**4 - 5 * z**2) * odd + (1 - 2 * z**2) * odd**2
    third = (
        -30 * z**6
        - 90 * z**8
        + (135 * z**4 - 96 * z**6) * odd
        + (212 * z**4 - 60 * z**2) * odd**2
        + (5 - 30 * z**2) * odd**3
    )
    terms = np.array(
        [
            np.sum(inner) / z,
            np.sum((odd - z**2) * inner) / (6 * z**4),
            np.sum(second * inner) / (72 * z**7) - np.sum(whole * outer) / (36 * z**3),
            np.sum(third * inner) / (6480 * z**10)
            + np.sum((3 * z**2 - whole) * whole * outer) / (216 * z**6),
        ]
    )
    return float(1 - (2 * np.pi) ** 0.5 * np.sum(terms / n ** (np.arange(4) / 2)))


def _smirnov(distance: float, n: int) -> float:
    """Smirnov's one-sided probability, the sum of binomial terms by Loader's expansion.

    C. Loader, "Fast and accurate computation of binomial probabilities", 2000.
    """
    hits = np.arange(1, int(np.floor(n * (1 - distance))) + 1, dtype=np.float64)
    misses = n - hits
    shift = n * distance
    # The term of as many misses is 0; rounding can put one just beyond.
    inner = misses > shift
    hits, misses = hits[inner], misses[inner]
    deviance = shift - hits * np.log1p(shift / hits) - shift - misses * np.log1p(-shift / misses)
    exponent = _stirling_error(np.array([float(n)])) - _stirling_error(hits)
    exponent += -_stirling_error(misses) - deviance
    terms = np.exp(exponent) * np.sqrt(n / (2 * np.pi * hits * misses))
    total = np.sum(terms * distance / (distance + hits / n))
    return float(total + np.exp(n * np.log1p(-distance)))


def _stirling_error(n: Floats) -> Floats:
    """Ln n! less Stirling's approximation of it."""
    from scipy.special import gammaln

    square = 1 / n**2
    series = (
        1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - square / 1188) * square) * square) * square
    ) / n
    small = n < 20
    series[small] = (
        gammaln(n[small] + 1)
        - (n[small] + 0.5) * np.log(n[small])
        + n[small]
        - 0.5 * np.log(2 * np.pi)
    )
    return np.asarray(series)


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


def _relative_entropy(p: Floats, q: Floats) -> float:
    filled = p > 0
    return float(np.sum(p[filled] * np.log2(p[filled] / q[filled])))


def _bounded(distance: float) -> float:
    """Takes back the rounding that can put a distance a hair above 1."""
    return min(distance, 1.0)


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
    smallest = 1.0
    # The exact test is slow, and within a standard deviation of what is expected it says nothing.
    deviation = np.sqrt(expected[0] * expected[1] / expected.sum(axis=0))
    far = np.abs(table[1] - expected[1]) > deviation
    for rising in (True, False):
        mine = sparse & far & ((table[1] > expected[1]) == rising)
        hits_reference, hits = table[:, mine]
        p = (
            _fisher(hits_reference, n_reference, hits, n)
            if rising
            else _fisher(hits, n, hits_reference, n_reference)
        )
        smallest = float(np.min(p, initial=smallest))
    return smallest


def _fisher(
    hits_reference: ArrayLike, n_reference: ArrayLike, hits: ArrayLike, n: ArrayLike
) -> Floats:
    """One-sided exact p-values, hypergeometric given the total number of hits."""
    from scipy.stats import hypergeom

    hits_reference, hits = np.asarray(hits_reference), np.asarray(hits)
    population = np.add(n_reference, n)
    p: Floats = np.asarray(hypergeom.sf(hits - 1, population, hits_reference + hits, n))
    return p
