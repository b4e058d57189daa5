"""Trailing windows: the last days of a model, as far as they are known."""

from collections.abc import Collection, Iterable
from datetime import date

import numpy as np
from numpy.typing import NDArray


def trailing_windows(
    lengths: Iterable[int], end: int, days: Collection[int]
) -> dict[int, list[int]]:
    """The days, as ordinals, that each window holds which ends on a day; lengths are ascending.

    A window that adds no day to a shorter one is left out: just after a promotion the longer
    windows hold the same days.

    >>> trailing_windows([1, 7, 28], 10, {8, 10, 11})
    {1: [10], 7: [8, 10]}
    """
    windows: dict[int, list[int]] = {}
    most = 0
    for length in lengths:
        span = [day for day in range(end - length + 1, end + 1) if day in days]
        if len(span) > most:
            windows[length] = span
            most = len(span)
    return windows


def trailing_rows(
    lengths: Iterable[int], end: int, days: NDArray[np.int64], lots: NDArray[np.int32], stride: int
) -> dict[int, slice | NDArray[np.int64]]:
    """The rows of each of the `trailing_windows`, by the day of each row, ascending; shape (n,).

    A window of several days has every k-th lot, k being the stride: others may be there too.

    >>> days, lots = np.array([8, 8, 10, 11]), np.array([3, 6, 7, 8])
    >>> trailing_rows([1, 7], 10, days, lots, 1)
    {1: slice(2, 3, None), 7: slice(0, 3, None)}
    >>> trailing_rows([1, 7], 10, days, lots, 2)
    {1: slice(2, 3, None), 7: array([1])}
    """
    spans = trailing_windows(lengths, end, set(np.unique(days).tolist()))
    until = int(np.searchsorted(days, end, side="right"))
    found: dict[int, slice | NDArray[np.int64]] = {}
    for length, span in spans.items():
        start = int(np.searchsorted(days, span[0]))
        found[length] = slice(start, until)
        if len(span) > 1 and stride > 1:
            found[length] = start + np.flatnonzero(lots[start:until] % stride == 0)
    return found


def spanned(window: int, last: date) -> str:
    """The days of a window, for the middle of a sentence."""
    return f"on {last}" if window == 1 else f"over the {window} days to {last}"
