"""How strongly two columns go together, for each pair of kinds.

Two numbers: Pearson's r and Spearman's rho. Two categories: Cramér's V, corrected for bias. A
number and a category: the correlation ratio eta, corrected for bias.
"""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from mlops_drift.drift.rows import Floats

Codes = NDArray[np.int64]

_FEWEST = 3


def pearson(x: Floats) -> tuple[Floats, Floats]:
    """Pearson's correlation of each pair of columns, and the rows that have both.

    `x` has the shape (rows, columns) and NaN where a value is missing; a pair uses the rows that
    have both. NaN where a column is constant in these, or there are fewer than three.
    """
    known = np.isfinite(x)
    with np.errstate(all="ignore"):
        rows = np.maximum(1, known.sum(axis=0))
        centred = _shrunk(np.where(known, x, 0))
        centred = _shrunk(np.where(known, centred - centred.sum(axis=0) / rows, 0))
        scale = np.sqrt((centred**2).sum(axis=0) / rows)
        centred /= np.where(scale > 0, scale, 1)
        mask = known.astype(float)
        n = mask.T @ mask
        sums, squares = centred.T @ mask, (centred**2).T @ mask
        covariance = n * (centred.T @ centred) - sums * sums.T
        variance = n * squares - sums**2
        # What is left of a constant column is rounding.
        variance = np.where(variance > 1e-9 * n**2, variance, np.nan)
        found = covariance / np.sqrt(variance * variance.T)
    return np.where(n >= _FEWEST, np.clip(found, -1, 1), np.nan), n


def _shrunk(x: Floats) -> Floats:
    """Columns from -1 to 1, so that no square is infinite or zero."""
    largest = np.abs(x).max(axis=0, initial=0)
    found: Floats = x / np.where(largest > 0, largest, 1)
    return found


def spearman(x: Floats) -> Floats:
    """Spearman's rank correlation of each pair of columns; equal values share their mean rank.

    Ranks are those among all values of a column, so that with missing values a pair may differ a
    little from ranks among the rows that have both; see `spearman_of`.
    """
    return pearson(np.column_stack([ranks(column) for column in x.T]))[0]


def spearman_of(x: Floats, y: Floats) -> float:
    """Spearman's rank correlation of two columns, ranked among the rows that have both."""
    both = np.isfinite(x) & np.isfinite(y)
    pair = np.column_stack([ranks(x[both]), ranks(y[both])])
    return float(pearson(pair)[0][0, 1])


def ranks(values: Floats) -> Floats:
    """Ranks from 1 on, NaN of missing values; equal values share their mean rank.

    >>> ranks(np.array([30.0, 10.0, 10.0])).tolist()
    [3.0, 1.5, 1.5]
    """
    known = np.isfinite(values)
    _, inverse, rows = np.unique(values[known], return_inverse=True, return_counts=True)
    last = np.cumsum(rows)
    found = np.full(len(values), np.nan)
    found[known] = (last - (rows - 1) / 2)[inverse]
    return found


def cramers_v(first: Codes, second: Codes) -> float | None:
    """Cramér's V of two columns of categories with the bias correction of Bergsma (2013).

    Of r x k categories and n rows that have both, phi² is chi²/n less its expectation under
    independence, (r-1)(k-1)/(n-1), and V is the root of phi² / (min(r', k') - 1), where r' is
    r - (r-1)²/(n-1) and k' likewise. None where a column has a single category.
    """
    both = (first >= 0) & (second >= 0)
    a, b = first[both], second[both]
    if not len(a):
        return None
    size = int(b.max()) + 1
    table = np.bincount(a * size + b, minlength=(int(a.max()) + 1) * size).reshape(-1, size)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0].astype(float)
    r, k = table.shape
    n = float(len(a))
    if min(r, k) < 2:
        return None
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi = float(((table - expected) ** 2 / expected).sum()) / n
    phi = max(0.0, phi - (r - 1) * (k - 1) / (n - 1))
    least = min(r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)) - 1
    return min(1.0, sqrt(phi / least)) if least > 0 else None


def correlation_ratios(codes: Codes, x: Floats) -> tuple[Floats, Floats]:
    """The correlation ratio eta of a column of categories with each of several columns of numbers.

    eta² is the share of the variance of the numbers that lies between the categories (Pearson,
    1905), corrected for bias as epsilon² (Kelley, 1935): 1 - (1 - eta²)(n - 1)/(n - k), at least 0.
    Returns eta and the rows that have both; NaN where there are too few or all numbers are equal.
    """
    is_in = codes >= 0
    order = np.argsort(codes[is_in], kind="stable")
    values, sorted_codes = x[is_in][order], codes[is_in][order]
    if not len(values):
        return np.full(x.shape[1], np.nan), np.zeros(x.shape[1])
    starts = np.flatnonzero(np.append(True, sorted_codes[1:] != sorted_codes[:-1]))
    known = np.isfinite(values)
    with np.errstate(all="ignore"):
        n = known.sum(axis=0).astype(float)
        plain = _shrunk(np.where(known, values, 0))
        centred = _shrunk(np.where(known, plain - plain.sum(axis=0) / np.maximum(n, 1), 0))
        rows = np.add.reduceat(known.astype(float), starts, axis=0)
        sums = np.add.reduceat(centred, starts, axis=0)
        between = (sums**2 / np.maximum(rows, 1)).sum(axis=0)
        whole = (centred**2).sum(axis=0)
        k = (rows > 0).sum(axis=0)
        left = 1 - between / np.where(whole > 0, whole, np.nan)
        eta = np.sqrt(np.clip(1 - left * (n - 1) / (n - k), 0, 1))
    return np.where((n > k) & (k > 1), eta, np.nan), n
