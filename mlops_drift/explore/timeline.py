"""Behaviour in time: rows, means and shares by day, what lies between days, trend and seasons."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import isfinite

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc, stdtr

from mlops_drift.drift.rows import Floats
from mlops_drift.explore.association import ranks
from mlops_drift.explore.result import Change, Series, Timeline
from mlops_drift.explore.values import Values

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
# Days that are shown; a table of more is shown by its last ones.
_MOST_DAYS = 4_000
_FEWEST_ROWS_A_DAY = 5
_FEWEST_DAYS, _TWO_YEARS, _THREE_WEEKS = 10, 730, 21
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Days:
    """The day of each row, from 0 for the first; -1 where there is none, or one far from others."""

    first: date
    count: int
    index: NDArray[np.int64]
    rows: NDArray[np.int64]

    @classmethod
    def of(cls, values: Values) -> "Days | None":
        """The days of a column of moments; None where fewer than two are known."""
        moments = values.numbers
        if moments is None:
            return None
        is_known = np.isfinite(moments)
        if not is_known.any():
            return None
        ordinals = np.floor(np.where(is_known, moments, 0)).astype(np.int64)
        found = np.sort(ordinals[is_known])
        first, last = int(found[0]), int(found[-1])
        if last - first >= _MOST_DAYS:
            # A few days far off, such as 1900-01-01, would leave no room for the others.
            last = int(found[int(0.999 * (len(found) - 1))])
            first = max(first, last - _MOST_DAYS + 1)
        inside = is_known & (ordinals >= first) & (ordinals <= last)
        first = int(ordinals[inside].min())
        index = np.where(inside, ordinals - first, -1)
        count = int(index.max()) + 1
        if count < 2:
            return None
        rows = np.bincount(index[inside], minlength=count)
        return cls(_EPOCH + timedelta(days=first), count, index, rows)

    def day(self, number: int) -> date:
        """The day of a number."""
        return self.first + timedelta(days=number)

    def sums(self, weights: Floats, where: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Rows and the sum of the weights by day, of the rows where something holds."""
        is_in = where & (self.index >= 0)
        index = self.index[is_in]
        rows = np.bincount(index, minlength=self.count).astype(float)
        sums = np.bincount(index, weights=weights[is_in], minlength=self.count)
        return rows, sums.astype(float)

    def counts(self, where: NDArray[np.bool_]) -> Floats:
        """Rows by day where something holds."""
        index = self.index[where & (self.index >= 0)]
        return np.bincount(index, minlength=self.count).astype(float)


def timeline_of(values: Values, days: Days) -> Timeline:
    """The rows by day."""
    rows = days.rows.astype(float)
    gaps = tuple(days.day(int(number)) for number in np.flatnonzero(days.rows == 0))
    # The first and the last day are often not whole.
    inner = rows.copy()
    inner[[0, -1]] = np.nan
    inner[days.rows == 0] = np.nan
    scale = float(np.nanmean(inner)) if np.isfinite(inner).any() else 1.0
    volume = _series(days, values.name, "rows", inner, scale, (0.0, 1.0), is_share=False)
    return Timeline(
        column=values.name,
        first=days.first,
        rows=tuple(days.rows.tolist()),
        left_out=int(np.count_nonzero(days.index < 0)),
        gaps=gaps,
        volume=volume,
    )


def mean_by_day(
    days: Days, name: str, values: Floats, fences: tuple[float, float]
) -> Series | None:
    """The mean of finite numbers by day; what lies beyond the fences counts as on them."""
    finite = np.isfinite(values)
    clipped = np.clip(values, *fences)
    known = clipped[finite]
    if not len(known) or known.min() == known.max():
        return None
    middle = float(np.median(known))
    clipped = clipped - middle
    with np.errstate(over="ignore", invalid="ignore"):
        rows, sums = days.sums(clipped, finite)
        squares = float(np.dot(known - middle, known - middle))
        if not isfinite(squares):
            return None
        between = intraclass(rows, sums, squares)
        means = np.where(rows > 0, sums / np.maximum(rows, 1), np.nan) + middle
    scale = float(np.std(known))
    return _series(days, name, "mean", means, scale, between, is_share=False)


def share_by_day(
    days: Days,
    name: str,
    what: str,
    hits: NDArray[np.bool_],
    missing: NDArray[np.bool_] | None = None,
) -> Series | None:
    """The share of some rows among those that are not missing, by day; None where all or none."""
    found, rows = days.counts(hits), days.rows.astype(float)
    if missing is not None:
        rows = rows - days.counts(missing)
    total = float(found.sum())
    if total in (0.0, float(rows.sum())):
        return None
    shares = np.where(rows > 0, found / np.maximum(rows, 1), np.nan)
    icc, p = intraclass(rows, found, total)
    # The F test is for shares that no day lacks by chance.
    p = p if min(total, float(rows.sum()) - total) >= days.count else 1.0
    return _series(days, name, what, shares, 1.0, (icc, p), is_share=True)


def intraclass(rows: Floats, sums: Floats, squares: float) -> tuple[float, float]:
    """Intraclass correlation ICC(1) of groups of unequal size, at least 0, and its p-value.

    The share of the variance that lies between groups (Fisher, 1925; for unequal sizes Snedecor and
    Cochran, 1967), from the rows and sums of the groups and the sum of all squares. The test is the
    F test of one-way analysis of variance; with fewer than 5 rows a group it is 1.
    """
    rows, sums = rows[rows > 0], sums[rows > 0]
    n, k = float(rows.sum()), len(rows)
    if k < 2 or n <= k:
        return 0.0, 1.0
    mean = float(sums.sum()) / n
    between = float(np.dot(rows, (sums / rows - mean) ** 2))
    within = max(0.0, squares - n * mean**2 - between)
    msb, msw = between / (k - 1), within / (n - k)
    size = (n - float(np.dot(rows, rows)) / n) / (k - 1)
    whole = msb + (size - 1) * msw
    if whole <= 0:
        return 0.0, 1.0
    # A far value alone in its day would be all that lies between.
    enough = n >= _FEWEST_ROWS_A_DAY * k
    p = float(fdtrc(k - 1, n - k, msb / max(msw, 1e-300))) if enough else 1.0
    return max(0.0, (msb - msw) / whole), p


def _series(
    days: Days,
    name: str,
    what: str,
    by_day: Floats,
    scale: float,
    between: tuple[float, float],
    is_share: bool,
) -> Series:
    known = np.flatnonzero(np.isfinite(by_day))
    trend = weekday = month = None
    if len(known) >= _FEWEST_DAYS and scale > 0:
        values = by_day[known] / scale
        slope, start = np.polyfit(known - known.mean(), values, 1)
        trend = _trend(days, known, values)
        rest = values - slope * (known - known.mean()) - start
        shift = days.first.weekday()
        if len(known) >= _THREE_WEEKS:
            weekday = _season(rest, (known + shift) % 7, WEEKDAYS)
        if known[-1] - known[0] >= _TWO_YEARS:
            months = np.array([days.day(int(number)).month - 1 for number in known])
            month = _season(rest, months, _MONTHS)
    shown = tuple(float(v) if np.isfinite(v) else None for v in by_day)
    return Series(name, what, shown, *between, is_share, trend, weekday, month)


def _trend(days: Days, known: NDArray[np.int64], values: Floats) -> Change:
    """The change from the first to the last third of the days.

    Its p-value is that of Spearman's rank correlation. A straight line would leave the shares
    between 0 and 1 where they step.
    """
    n, ranked = len(known), ranks(values)
    # Of equal values there is no order.
    rho = float(np.corrcoef(known, ranked)[0, 1]) if ranked.min() < ranked.max() else 0.0
    t = abs(rho) * np.sqrt((n - 2) / max(1e-12, 1 - rho**2))
    ends = (str(days.day(int(known[0]))), str(days.day(int(known[-1]))))
    third = max(1, n // 3)
    size = float(values[-third:].mean() - values[:third].mean())
    low, high = ends if size > 0 else ends[::-1]
    return Change(size, float(2 * stdtr(n - 2, -t)), high, low)


def _season(values: Floats, groups: NDArray[np.int64], names: tuple[str, ...]) -> Change | None:
    """Means of groups of days around the trend, with the F test of one-way analysis of variance."""
    size = len(names)
    rows = np.bincount(groups, minlength=size).astype(float)
    present = np.flatnonzero(rows)
    n, k = float(rows.sum()), len(present)
    if k < 2 or n <= k or rows[present].min() < 2:
        return None
    means = np.bincount(groups, weights=values, minlength=size)[present] / rows[present]
    between = float(np.dot(rows[present], (means - values.mean()) ** 2))
    within = float(np.sum((values - values.mean()) ** 2)) - between
    f = (between / (k - 1)) / max(within / (n - k), 1e-300)
    high, low = int(present[means.argmax()]), int(present[means.argmin()])
    p = float(fdtrc(k - 1, n - k, f))
    return Change(float(means.max() - means.min()), p, names[high], names[low])
