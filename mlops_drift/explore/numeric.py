"""Numbers and moments: their spread, distribution, outliers, and what may stand for missing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from math import ceil, floor, isfinite, log10

import numpy as np
from numpy.typing import NDArray

from mlops_drift.charts import numbers as shown
from mlops_drift.drift.rows import Floats
from mlops_drift.explore.result import Outliers, Spread, Stand

# Bins of a histogram, about; and the most values that are shown one by one.
_BINS, MOST_VALUES = 20, 16
_FENCES = 3.0
# How far the bins of a histogram reach beyond the quartiles, in interquartile ranges.
_DRAWN = 2.0
_EXTREMES = 3
# From this many different values on a number has outliers; fewer are a scale or codes.
_FEWEST_VALUES = 11
# Shares of the rows from which a value is frequent enough to stand for missing ones.
_FREQUENT, _ODDLY_FREQUENT, _FEWEST_ROWS = 0.001, 0.01, 5
_NINES = {float(sign * (10**digits - 1)) for digits in range(2, 11) for sign in (1, -1)}
_STANDS = _NINES | {-1.0, -9.0, -(2.0**31), 2.0**31 - 1, 32767.0, -32768.0, 65535.0}
_EPOCH = date(1970, 1, 1)
_DAYS = (date(1900, 1, 1), date(1899, 12, 30), _EPOCH, date(1800, 1, 1))


@dataclass(frozen=True)
class Ordered:
    """The finite values of a column in ascending order, and their different values with rows."""

    values: Floats
    distinct: Floats = field(init=False)
    rows: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        changes = np.flatnonzero(self.values[1:] != self.values[:-1]) + 1
        starts = np.concatenate([[0], changes]) if len(self.values) else changes
        object.__setattr__(self, "distinct", self.values[starts])
        object.__setattr__(self, "rows", np.diff(np.append(starts, len(self.values))))

    def quantile(self, share: float) -> float:
        """A quantile between the two values next to it, as `numpy.quantile` has it."""
        place = share * (len(self.values) - 1)
        low, high = float(self.values[floor(place)]), float(self.values[ceil(place)])
        # Their difference may be beyond all numbers.
        weight = place - floor(place)
        return low if low == high else low * (1 - weight) + high * weight

    def most_frequent(self, most: int) -> list[tuple[float, int]]:
        """The most frequent values with their rows; of equally frequent ones the smaller first."""
        if len(self.rows) > most:
            least = np.partition(self.rows, -most)[-most]
            # Of a column of names all values are equally frequent.
            able = np.flatnonzero(self.rows > least)
            able = np.append(able, np.flatnonzero(self.rows == least)[: most - len(able)])
        else:
            able = np.arange(len(self.rows))
        best = able[np.lexsort((able, -self.rows[able]))]
        return [(float(self.distinct[i]), int(self.rows[i])) for i in best]


def spread_of(ordered: Ordered) -> Spread | None:
    """The spread of finite values; None without any."""
    values = ordered.values
    if not len(values):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = float(values.mean()), float(values.std())
    at = ordered.quantile
    return Spread(
        mean=mean if isfinite(mean) else at(0.5),
        std=std if isfinite(std) else 0.0,
        minimum=float(values[0]),
        q01=at(0.01),
        q25=at(0.25),
        median=at(0.5),
        q75=at(0.75),
        q99=at(0.99),
        maximum=float(values[-1]),
        zeros=int(np.searchsorted(values, 0, "right") - np.searchsorted(values, 0, "left")),
        negative=int(np.searchsorted(values, 0, "left")),
        is_whole=bool(np.all(values == np.trunc(values))),
    )


def fences_of(spread: Spread) -> tuple[float, float]:
    """The outer fences; the smallest and largest value where the quartiles are the same.

    Of positive values the upper fence is that of their logarithms, if this is wider: a long tail is
    no outlier.
    """
    width = _FENCES * (spread.q75 - spread.q25)
    if not width or not isfinite(width):
        return spread.minimum, spread.maximum
    high = spread.q75 + width
    if spread.minimum > 0:
        with np.errstate(over="ignore"):
            high = max(high, float(spread.q75 * np.float64(spread.q75 / spread.q25) ** _FENCES))
    return spread.q25 - width, high if isfinite(high) else spread.maximum


def outliers_of(ordered: Ordered, spread: Spread) -> Outliers | None:
    """The values beyond the outer fences; None where half of the rows, or more, are one value.

    >>> from math import inf
    >>> found = Ordered(np.array([*range(100), 1e6]))
    >>> outliers_of(found, spread_of(found)).highest
    (1000000.0,)
    """
    if len(ordered.distinct) < _FEWEST_VALUES or spread.q75 == spread.q25:
        return None
    low, high = fences_of(spread)
    values = ordered.values
    below = int(np.searchsorted(values, low, "left"))
    above = len(values) - int(np.searchsorted(values, high, "right"))
    lowest = values[: min(below, _EXTREMES)].tolist()
    highest = values[::-1][: min(above, _EXTREMES)].tolist()
    reach = max(
        (spread.q25 - spread.minimum) / (spread.q25 - low) if below else 0.0,
        (spread.maximum - spread.q75) / (high - spread.q75) if above else 0.0,
    )
    return Outliers(low, high, below, above, tuple(lowest), tuple(highest), reach)


def stands_of(ordered: Ordered, spread: Spread, is_moment: bool) -> tuple[Stand, ...]:
    """The smallest and the largest value, where they may stand for missing ones.

    They are frequent, and are either of those that people use so and lie apart from the others, or
    lie at least as far off as the outer fences. Apart is an interquartile range of the others, and
    for a negative number that all others are none.
    """
    if len(ordered.distinct) < _FEWEST_VALUES:
        return ()
    found = []
    for end, beside in ((0, 1), (-1, -2)):
        value, rows = float(ordered.distinct[end]), int(ordered.rows[end])
        if rows < max(_FEWEST_ROWS, _FREQUENT * len(ordered.values)):
            continue
        others = Ordered(ordered.values[rows:] if end == 0 else ordered.values[:-rows])
        width = others.quantile(0.75) - others.quantile(0.25)
        gap = abs(value - float(ordered.distinct[beside]))
        is_apart = gap > width or (value < 0 <= others.values[0])
        is_used = _day(value) in _DAYS if is_moment else value in _STANDS
        is_odd = gap > _FENCES * width and rows >= _ODDLY_FREQUENT * len(ordered.values)
        if (is_used and is_apart) or is_odd:
            found.append(Stand(label(value, is_moment), rows))
    return tuple(found)


@dataclass(frozen=True)
class Bins:
    """Bins of finite numbers: the first and the last reach to the smallest and largest value."""

    edges: Floats
    labels: tuple[str, ...]
    has_values: bool

    def index(self, values: Floats) -> NDArray[np.int64]:
        """The bin of each value."""
        side = "left" if self.has_values else "right"
        found = np.searchsorted(self.edges, values, side=side)  # type: ignore[call-overload]
        return np.asarray(found, dtype=np.int64)


def bins_of(ordered: Ordered, spread: Spread, is_moment: bool) -> Bins:
    """Each value by itself if there are few, else bins of a round width around the quartiles."""
    if len(ordered.distinct) <= MOST_VALUES:
        labels = tuple(label(value, is_moment) for value in ordered.distinct)
        return Bins(ordered.distinct, labels, has_values=True)
    low, high = fences_of(spread)
    if width := spread.q75 - spread.q25:
        low, high = spread.q25 - _DRAWN * width, spread.q75 + _DRAWN * width
    low, high = max(low, spread.minimum), min(high, spread.maximum)
    if not isfinite(high - low):
        return Bins(np.zeros(0), ("all",), has_values=False)
    step = _step((high - low) / _BINS, spread.is_whole, is_moment)
    # Numbers begin at a multiple of the width, days at the first of them.
    start = floor(low) if is_moment else floor(low / step) * step
    count = max(1, ceil((high - start) / step))
    edges: Floats = np.asarray(start + np.arange(count + 1) * step, dtype=np.float64)
    is_cut = (spread.minimum < edges[0], spread.maximum > edges[-1])
    ends = [None, *edges.tolist()] if is_cut[0] else edges.tolist()
    ends = [*ends, None] if is_cut[1] else ends
    # The bin of the smallest and that of the largest value are open.
    edges = edges[0 if is_cut[0] else 1 : None if is_cut[1] else -1]
    is_single = spread.is_whole and step == 1 and not is_moment
    return Bins(edges, tuple(_labels(ends, is_moment, is_single)), has_values=False)


def _step(least: float, is_whole: bool, is_moment: bool) -> float:
    if is_moment:
        return float(max(1, ceil(least)))
    magnitude = 10.0 ** floor(log10(least)) if least > 0 else 1.0
    step = next(size * magnitude for size in (1, 2, 5, 10) if size * magnitude >= least)
    return max(1.0, step) if is_whole else step


def _labels(ends: Sequence[float | None], is_moment: bool, is_single: bool) -> list[str]:
    found = []
    for low, high in pairwise(ends):
        if low is None:
            found.append(f"below {label(high or 0.0, is_moment)}")
        elif high is None:
            found.append(f"from {label(low, is_moment)}")
        elif is_single:
            found.append(label(low, is_moment))
        else:
            found.append(f"{label(low, is_moment)} to {label(high, is_moment)}")
    return found


def label(value: float, is_moment: bool) -> str:
    """A value as people read it.

    >>> label(19723, True), label(0.30000000000000004, False)
    ('2024-01-01', '0.3')
    """
    if is_moment and (day := _day(value)):
        return str(day)
    is_whole = isfinite(value) and value == int(value)
    is_plain = 1e4 <= abs(value) < 1e15 or (is_whole and abs(value) < 1e15)
    return f"{value:.0f}" if is_plain else shown.quantity(value)


def _day(value: float) -> date | None:
    try:
        return _EPOCH + timedelta(days=floor(value))
    except OverflowError:
        return None
