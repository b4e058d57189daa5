"""Numbers as the report writes them."""

from collections.abc import Iterable
from math import isfinite

NOTHING = "—"


def number(value: float | None, digits: int = 3) -> str:
    """A number for reading; a dash where there is none.

    >>> number(0.81963), number(None), number(12345.6), number(127.0)
    ('0.820', '—', '12,346', '127')
    """
    if value is None or not isfinite(value):
        return NOTHING
    is_whole = abs(value) >= 1000 or (value == int(value) and abs(value) > 1)
    return f"{value:,.0f}" if is_whole else f"{value:.{digits}f}"


def percent(share: float | None) -> str:
    """A share in percent."""
    return NOTHING if share is None or not isfinite(share) else f"{100 * share:.1f} %"


def interval(lower: float | None, upper: float | None) -> str:
    """Both ends of an interval; empty without one."""
    ends = number(lower), number(upper)
    return "" if NOTHING in ends else f"{ends[0]} to {ends[1]}"


def whole(count: int | None) -> str:
    """A count; a dash where nothing was counted."""
    return NOTHING if count is None else f"{count:,}"


def median(values: Iterable[float]) -> float:
    """The middle value, the higher of two; 0 without any."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else 0.0
