"""Sorted values with a coarse index, for exact distances without merging two samples.

Every so many values of a large sample one is a knot, at which the distribution function is known.
Another sample's distribution function at the knots takes one search for each knot. Between two
knots both functions rise, so that their values at the knots bound the distance in between: only
the few cells whose bound exceeds what was already found need to be looked into.
"""

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

VALUES_PER_CELL, VALUES_PER_COARSE_CELL = 64, 1024
# With fewer values than this an index gains nothing.
FEWEST = 2048


class SortedValues:
    """A sample in ascending order, NaN left out.

    Args:
        values: numbers in any order, infinities included, shape (n,).

    >>> x, y = SortedValues([1, 2, 3, 4]), SortedValues([3, 4, 5, 6])
    >>> x.distances(y)
    (0.5, 1.3333333333333333)
    """

    def __init__(self, values: ArrayLike) -> None:
        # Adding 0.0 makes one zero of -0.0 and 0.0, whose order would be left to chance.
        ordered = np.sort(np.asarray(values, dtype=np.float64) + 0.0)
        # NaN sorts to the end.
        self.values: Floats = ordered[: np.searchsorted(ordered, np.nan)]

    @classmethod
    def presorted(cls, values: Floats) -> "SortedValues":
        """Takes values that are in ascending order without NaN already, and does not copy them."""
        made = cls.__new__(cls)
        made.values = values
        return made

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def finite(self) -> Floats:
        """The values without infinities."""
        last = np.searchsorted(self.values, np.inf, side="left")
        return self.values[self.negative_infinities : last]

    @cached_property
    def negative_infinities(self) -> int:
        """How many values are -inf."""
        return int(np.searchsorted(self.values, -np.inf, side="right"))

    @cached_property
    def unit(self) -> float:
        """The interquartile range of the finite values.

        Where that is 0 (or beyond what a double holds) their standard deviation, and 1.0 where
        that is 0 too.
        """
        # The deviation of equal values is the rounding of their mean.
        if not len(self.finite) or self.finite[0] == self.finite[-1]:
            return 1.0
        scale = _power_of_two(self.finite, self.finite)
        lower, upper = (self._quantile(share) * scale for share in (0.25, 0.75))
        unit = (upper - lower) / scale
        if unit == 0 or not np.isfinite(unit):
            unit = float(np.std(self.finite * scale)) / scale
        return unit if np.isfinite(unit) and unit > 0 else 1.0

    def _quantile(self, share: float) -> float:
        """A quantile of the finite values, linear between two of them as in numpy."""
        rank = share * (len(self.finite) - 1)
        low = int(rank)
        high = min(low + 1, len(self.finite) - 1)
        weight = rank - low
        below, above = float(self.finite[low]), float(self.finite[high])
        # Between equal values the sum of two shares may miss both by a rounding.
        return below if below == above else below * (1 - weight) + above * weight

    @cached_property
    def _coarse(self) -> "_Cells":
        return _Cells(self.finite, VALUES_PER_COARSE_CELL)

    @cached_property
    def _fine(self) -> "_Cells":
        return _Cells(self.finite, VALUES_PER_CELL)

    def ks(self, other: "SortedValues") -> float:
        """The Kolmogorov-Smirnov statistic alone, in less than half the time of both distances."""
        x, y = self.finite, other.finite
        if len(x) < FEWEST or not len(y) or _power_of_two(x, y) != 1.0:
            return _largest_distance(self.values, other.values, other.values) if len(self) else 0.0
        return self._ks(other, np.searchsorted(y, self._coarse.knots, side="right"))

    def distances(self, other: "SortedValues") -> tuple[float, float]:
        """The Kolmogorov-Smirnov statistic and the Wasserstein-1 distance.

        Both are exact, and 0.0 where one sample is empty. The first is the largest distance of the
        distribution functions, ties counted once. The second is of the finite values, in units of
        this sample's `unit`, and infinite where a double cannot hold it.
        """
        if not len(self) or not len(other):
            return 0.0, 0.0
        x, y = self.finite, other.finite
        scale = _power_of_two(x, y)
        if len(x) < FEWEST or not len(y) or scale != 1.0:
            ks = _largest_distance(self.values, other.values, other.values)
            if not len(x) or not len(y):
                return ks, 0.0
            area, unit = _area_between(x * scale, y * scale), self.unit * scale
            # A tiny unit beside huge values can vanish on their scale.
            return ks, area / unit if unit else np.inf if area else 0.0
        at_knots = np.searchsorted(y, self._coarse.knots, side="right")
        return self._ks(other, at_knots), float(self._area(y, at_knots) / self.unit)

    def _ks(self, other: "SortedValues", coarse_at: NDArray[np.int64]) -> float:
        x, y = self.values, other.values
        coarse, fine = self._coarse, self._fine
        # Positions among the finite values become positions among all.
        skipped_x = np.searchsorted(x, -np.inf, side="right")
        skipped_y = np.searchsorted(y, -np.inf, side="right")
        mine = (skipped_x + coarse.at) / len(x)
        theirs = (skipped_y + coarse_at) / len(y)
        found = float(np.max(np.abs(mine - theirs)))
        cells = _worth_a_look(mine[:-1], mine[1:], theirs[:-1], theirs[1:], found)
        number, left, right = _children(coarse, fine, cells, other.finite, coarse_at)
        mine_left = (skipped_x + fine.at[number]) / len(x)
        mine_right = (skipped_x + fine.at[number + 1]) / len(x)
        theirs_left, theirs_right = (skipped_y + left) / len(y), (skipped_y + right) / len(y)
        found = max(found, float(np.max(np.abs(mine_left - theirs_left), initial=0.0)))
        cells = _worth_a_look(mine_left, mine_right, theirs_left, theirs_right, found)
        # The distance peaks at a value of y or just before one, maybe the first beyond the cell;
        # below the first knot and above the last one, too.
        first = np.append(skipped_y + left[cells], [0, skipped_y + coarse_at[-1]])
        last = np.append(skipped_y + right[cells] + 1, [skipped_y + coarse_at[0] + 1, len(y)])
        points = y[_ranges(first, np.minimum(last, len(y)))]
        # Of equal values one is enough.
        points = points[np.append(True, points[1:] != points[:-1])]
        return max(found, _largest_distance(x, y, points))

    def _area(self, y: Floats, coarse_at: NDArray[np.int64]) -> float:
        """The area between the distribution functions; cells without a crossing cost one sum."""
        x, coarse, fine = self.finite, self._coarse, self._fine
        first, last = coarse.knots[0], coarse.knots[-1]
        outside = np.sum(first - y[: np.searchsorted(y, first)]) + np.sum(y[coarse_at[-1] :] - last)
        cells = np.arange(len(coarse.knots) - 1)
        area, crossing = _area_of_cells(x, y, coarse, cells, coarse_at[:-1], coarse_at[1:])
        if crossing.any():
            cells, left, right = _children(coarse, fine, cells[crossing], y, coarse_at)
            more, crossing = _area_of_cells(x, y, fine, cells, left, right)
            area += more
            if crossing.any():
                area += _area_value_by_value(x, y, fine, cells[crossing], left[crossing])
        return area + float(outside) / len(y)


class _Cells:
    """The spans between some values of a sample.

    Attributes:
        knots: these values, ascending and distinct, the first and the last among them.
        at: how many values are not above each knot.
        below: for each cell the sum of the distances of its values to its right knot, divided by
            the number of all values: the integral over the cell of what the distribution function
            has risen since its left knot.
    """

    def __init__(self, values: Floats, stride: int) -> None:
        knots = np.append(values[::stride], values[-1])
        self.knots: Floats = knots[np.append(True, knots[1:] != knots[:-1])]
        self.at: NDArray[np.int64] = np.searchsorted(values, self.knots, side="right")
        distances = np.repeat(self.knots[1:], np.diff(self.at)) - values[self.at[0] :]
        # No cell is empty: each holds its right knot.
        self.below: Floats = np.add.reduceat(distances, self.at[:-1] - self.at[0]) / len(values)


def _children(
    coarse: _Cells,
    fine: _Cells,
    cells: NDArray[np.int64],
    y: Floats,
    coarse_at: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The fine cells of some coarse ones, and how many of y are not above their knots.

    Returns:
        Numbers of the fine cells, the counts at their left and at their right knots.
    """
    first = np.searchsorted(fine.knots, coarse.knots[cells])
    last = np.searchsorted(fine.knots, coarse.knots[cells + 1])
    numbers = _ranges(first, last)
    left = np.searchsorted(y, fine.knots[numbers], side="right")
    right = np.append(left[1:], 0)[: len(left)]
    right[np.cumsum(last - first) - 1] = coarse_at[cells + 1]
    return numbers, left, right


def _worth_a_look(
    mine_left: Floats, mine_right: Floats, theirs_left: Floats, theirs_right: Floats, found: float
) -> NDArray[np.int64]:
    """The cells in which the distance may exceed what was found: both functions only rise."""
    bound = np.maximum(mine_right - theirs_left, theirs_right - mine_left)
    # A hair of room: a bound that rounding put below the truth must not hide a cell.
    return np.flatnonzero(bound > found - 1e-12)


def _area_of_cells(
    x: Floats,
    y: Floats,
    index: _Cells,
    cells: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
) -> tuple[float, NDArray[np.bool_]]:
    """The area over the cells in which one function stays above, and which the others are."""
    mine_left, mine_right = index.at[cells] / len(x), index.at[cells + 1] / len(x)
    theirs_left, theirs_right = left / len(y), right / len(y)
    # One stays above if its least value is not below the other's greatest.
    crossing = (mine_left < theirs_right) & (theirs_left < mine_right)
    counts = right - left
    distances = np.repeat(index.knots[cells + 1], counts) - y[_ranges(left, right)]
    inside = np.bincount(
        np.repeat(np.arange(len(cells)), counts), weights=distances, minlength=len(cells)
    )
    width = index.knots[cells + 1] - index.knots[cells]
    signed = (mine_left - theirs_left) * width + index.below[cells] - inside / len(y)
    return float(np.sum(np.abs(signed[~crossing]))), crossing


def _largest_distance(x: Floats, y: Floats, at: Floats) -> float:
    """Largest distance of the distribution functions at some values of y and just before them."""
    if not len(at):
        return 0.0
    after = np.searchsorted(x, at, side="right") / len(x)
    before = np.searchsorted(x, at, side="left") / len(x)
    after_y = np.searchsorted(y, at, side="right") / len(y)
    before_y = np.searchsorted(y, at, side="left") / len(y)
    return float(max(np.max(np.abs(after - after_y)), np.max(np.abs(before - before_y))))


def _ranges(first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """The whole numbers of several half-open ranges, in one array."""
    lengths = np.maximum(last - first, 0)
    starts = np.repeat(first - np.append(0, np.cumsum(lengths)[:-1]), lengths)
    return starts + np.arange(len(starts))


def _area_value_by_value(
    x: Floats, y: Floats, index: _Cells, cells: NDArray[np.int64], theirs_at: NDArray[np.int64]
) -> float:
    """The area over some cells; `theirs_at` is how many of y are not above their left knots.

    Between two values of y its distribution function is constant. That of x meets it at most once
    there, at a value of x whose rank says where; on either side of it the area is one sum.
    """
    n, m = len(x), len(y)
    # Spans from a left knot or a value of y to the next one, or to the right knot.
    rows = np.searchsorted(y, index.knots[cells + 1], side="left") - theirs_at
    rows = np.maximum(rows, 0)
    inside = y[_ranges(theirs_at, theirs_at + rows)]
    starts = np.cumsum(rows + 1) - (rows + 1)
    is_knot = np.zeros(len(cells) + len(inside), dtype=np.bool_)
    is_knot[starts] = True
    begin = np.empty(len(is_knot))
    begin[is_knot], begin[~is_knot] = index.knots[cells], inside
    end = np.append(begin[1:], 0.0)
    end[np.append(starts[1:], len(begin)) - 1] = index.knots[cells + 1]
    theirs = np.repeat(theirs_at - starts, rows + 1) + np.arange(len(begin))
    mine = np.empty(len(begin), dtype=np.int64)
    mine[is_knot] = index.at[cells]
    mine[~is_knot] = np.searchsorted(x, inside, side="right")
    # Values on the end add nothing, and may be many.
    until = np.maximum(np.searchsorted(x, end, side="left"), mine)
    # The first value of x at which its function is not below that of y.
    meeting = -(-theirs * n // m) - 1
    splits = (meeting >= mine) & (meeting < until)
    at = x[meeting[splits]]
    begin, end = np.append(begin, at), np.append(end, end[splits])
    end[: len(splits)][splits] = at
    height = np.append(theirs, theirs[splits]) / m
    mine, until = np.append(mine, meeting[splits] + 1), np.append(until, until[splits])
    until[: len(splits)][splits] = meeting[splits] + 1
    counts = until - mine
    rise = np.bincount(
        np.repeat(np.arange(len(counts)), counts),
        weights=np.repeat(end, counts) - x[_ranges(mine, until)],
        minlength=len(counts),
    )
    return float(np.sum(np.abs((mine / n - height) * (end - begin) + rise / n)))


def _area_between(x: Floats, y: Floats) -> float:
    merged = np.sort(np.concatenate([x, y]))
    at = merged[:-1]
    below_x = np.searchsorted(x, at, side="right") / len(x)
    below_y = np.searchsorted(y, at, side="right") / len(y)
    return float(np.sum(np.abs(below_x - below_y) * np.diff(merged)))


def _power_of_two(x: Floats, y: Floats) -> float:
    """A factor that brings extreme magnitudes to where sums and differences stay finite."""
    largest = max((abs(side[end]) for side in (x, y) if len(side) for end in (0, -1)), default=0)
    if largest == 0 or 1e-140 < largest < 1e140:
        return 1.0
    return float(2.0 ** -(np.frexp(largest)[1]).clip(-1000, 1000))
