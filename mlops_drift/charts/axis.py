"""Axes of charts: which places there are, and what stands at them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from math import ceil, floor, isfinite, log10
from typing import TypeGuard
from unicodedata import east_asian_width

_MOST_TICKS = 6
_MOST_DAYS = 8
# Months from one text to the next, so that Januaries stay among them.
_MONTHS = (1, 2, 3, 4, 6, 12)
_MOST_NAMES = 10
# Differences of floats beyond are infinite, and quotients of those below.
_HUGE, _TINY = 1e300, 1e-300


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, which may be the lower number, with texts at some places.

    `label` names the unit. A `grid` leads from the texts through the chart.
    """

    low: float
    high: float
    ticks: Sequence[tuple[float, str]] = ()
    label: str = ""
    grid: bool = False

    def share(self, value: float) -> float:
        """How far a number is on the way, 0 at `low` and 1 at `high`."""
        return (clipped(value) - self.low) / (self.high - self.low)


def numbers(values: Iterable[float | None], label: str = "", *, from_zero: bool = False) -> Axis:
    """An axis on which all finite numbers have a place.

    >>> [text for _, text in numbers([0.5, 0.9, None]).ticks]
    ['0.5', '0.6', '0.7', '0.8', '0.9']
    """
    found = [clipped(value) for value in values if is_finite(value)]
    if not found:
        return Axis(0, 1, label=label)
    found += [0.0] * from_zero
    low, high = min(found), max(found)
    largest = max(-low, high)
    margin = 0.06 * (high - low) if high - low > 1e-9 * largest else 0.05 * largest or 0.5
    # Bars stand on the edge.
    low -= 0.0 if from_zero and low == 0 else margin
    return Axis(low, high + margin, round_numbers(low, high + margin), label, grid=True)


def days(found: Iterable[date], most: int = _MOST_DAYS) -> Axis:
    """An axis of days, as their ordinals, with so many texts at most.

    They are at the first days of months where there are four of those; otherwise one names the
    year where the one before does not.

    >>> [text for _, text in days([date(2023, 12, 30), date(2024, 1, 2)]).ticks]
    ['2023-12-30', '12-31', '2024-01-01', '01-02']
    """
    places = [day.toordinal() for day in found]
    if not places:
        return Axis(0, 1)
    first, last = min(places), max(places)
    ticks, year = _months(date.fromordinal(first), date.fromordinal(last), most), 0
    if not ticks:
        for place in range(first, last + 1, ceil((last - first + 1) / most)):
            day = date.fromordinal(place)
            ticks.append((place, str(day) if day.year != year else str(day)[5:]))
            year = day.year
    margin = max(1.0, 0.02 * (last - first))
    return Axis(first - margin, last + margin, ticks)


def _months(first: date, last: date, most: int) -> list[tuple[float, str]]:
    """First days of months, at most so many; nothing where there are fewer than four.

    >>> [text for _, text in _months(date(2019, 12, 1), date(2020, 3, 9), 8)]
    ['Dec 2019', 'Jan 2020', 'Feb 2020', 'Mar 2020']
    """
    numbers = range(12 * first.year + first.month - 1, 12 * last.year + last.month)
    months = [(number, date(number // 12, number % 12 + 1, 1)) for number in numbers]
    months = [(number, day) for number, day in months if day >= first]
    years = ceil(len(months) / 12 / most)
    step = next((m for m in _MONTHS if len(months) <= m * most), 12 * years)
    if len(months) < 4:
        return []
    return [(day.toordinal(), f"{day:%b %Y}") for number, day in months if number % step == 0]


def rows(names: Sequence[str], longest: float = 200) -> Axis:
    """Names at 0, 1, …, the first on top, cut to so many pixels."""
    ticks = [(place, fitting(name, longest)) for place, name in enumerate(names)]
    return Axis(max(1, len(names)) - 0.5, -0.5, ticks)


def columns(names: Sequence[str], width: float) -> Axis:
    """Names at 0, 1, … over so many pixels, some left out where there are many."""
    step = ceil(len(names) / _MOST_NAMES) or 1
    room = width * step / max(1, len(names)) - 3
    ticks = [(place, fitting(names[place], room)) for place in range(0, len(names), step)]
    return Axis(-0.5, max(1, len(names)) - 0.5, ticks)


def round_numbers(low: float, high: float) -> list[tuple[float, str]]:
    """Round numbers from `low` to `high`, about six, with just the decimals that they need.

    >>> [text for _, text in round_numbers(0.49, 0.96)]
    ['0.5', '0.6', '0.7', '0.8', '0.9']
    """
    least = (high - low) / _MOST_TICKS
    magnitude = 10.0 ** floor(log10(least))
    step = next(size * magnitude for size in (1, 2, 5, 10) if size * magnitude >= least)
    digits = max(0, -floor(log10(step) + 1e-9))
    form = f",.{digits}f" if digits < 5 and max(-low, high) < 1e7 else ".10g"
    found = (step * number for number in range(ceil(low / step), floor(high / step) + 1))
    # A product may be a bit beyond.
    return [(min(max(place, low), high), f"{place:{form}}") for place in found]


def is_finite(value: float | None) -> TypeGuard[float]:
    """Whether there is such a number, and it has a place."""
    return value is not None and isfinite(value)


def clipped(value: float) -> float:
    """The number, or the nearest that can be drawn."""
    return 0.0 if abs(value) < _TINY else float(min(_HUGE, max(-_HUGE, value)))


def text_width(text: str, size: float = 12) -> float:
    """About how many pixels a text takes, rather too many."""
    return size * sum(1.0 if east_asian_width(sign) in "WF" else 0.56 for sign in text)


def fitting(text: str, width: float, size: float = 12) -> str:
    r"""A text in one line of signs that can be shown, cut to so many pixels.

    >>> fitting("a\x00b\n" + "c" * 90, 60)
    'a b ccc…'
    """
    # Nothing that is shown is longer.
    line = "".join(sign if sign.isprintable() else " " for sign in text[:500])
    line = " ".join(line.split())
    if text_width(line, size) <= width:
        return line
    ends = accumulate(text_width(sign, size) for sign in f"…{line}")
    return f"{line[: sum(end <= width for end in ends) - 1]}…"
