"""Numbers so far from all others that sums and squares of them would overflow."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from mlops_drift.learning.metrics.base import Array

# Numbers up to this size are never clipped; squares of numbers up to the larger size do not
# overflow when they are added up.
NEVER_FAR = 1e12
LARGEST = 1e100

# Beyond so many times the spread of a column a number is far.
REACH = 1e6


class FarValues(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Clips what is far in the rows of the fit to the nearest number that is not.

    A number is far above ``LARGEST``, and above ``NEVER_FAR`` where it is farther than ``REACH``
    spreads from the median; the spread is the median distance from it, without those that equal
    it. Columns without a far number are not clipped: rows that have none pass as they are.

    >>> rows = np.array([[1.0, 7e11], [2.0, 1.0], [3.0, 1.0], [1e200, np.nan]])
    >>> FarValues().fit_transform(rows)[:, 0].tolist()
    [1.0, 2.0, 3.0, 3.0]
    >>> FarValues().fit(rows[:3]).transform(rows) is rows
    True
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learns the bounds of each column."""
        columns = np.asarray(X, dtype=float).T
        bounds = np.array([_bounds(column) for column in columns]).reshape(-1, 2)
        self.lower_, self.upper_ = bounds.T
        return self

    def transform(self, X: Any) -> Any:
        """The rows within the bounds."""
        if np.isinf(self.lower_).all() and np.isinf(self.upper_).all():
            return X
        return np.clip(np.asarray(X, dtype=float), self.lower_, self.upper_)


def _bounds(column: Array) -> tuple[float, float]:
    known = column[~np.isnan(column)]
    lower, upper = -np.inf, np.inf
    if not (np.abs(known) > NEVER_FAR).any():
        return lower, upper
    near = known[np.abs(known) <= LARGEST]
    if not len(near):
        return -LARGEST, LARGEST
    middle = np.median(near)
    distances = np.abs(near - middle)
    spread = np.median(distances[distances > 0]) if distances.any() else 0.0
    near = near[(np.abs(near) <= NEVER_FAR) | (distances <= REACH * spread)]
    if known.min() < near.min():
        lower = near.min()
    if known.max() > near.max():
        upper = near.max()
    return float(lower), float(upper)
