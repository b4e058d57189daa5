"""A curve in one line of text."""

from collections.abc import Sequence
from math import isfinite

BARS = " ▁▂▃▄▅▆▇█"
WIDTH = 45


def sparkline(values: Sequence[float | None], low: float, high: float, width: int = WIDTH) -> str:
    """One character a value between the extremes; of more than `width`, neighbours are averaged.

    A value that is missing or undefined is a blank.

    >>> sparkline([0.0, None, 0.5, 1.0], 0.0, 1.0)
    '▁ ▄█'
    """
    count = min(width, len(values))
    size = len(values) / count if count else 1
    chunks = [
        values[int(i * size) : max(int((i + 1) * size), int(i * size) + 1)] for i in range(count)
    ]
    return "".join(_bar(chunk, low, high) for chunk in chunks)


def _bar(chunk: Sequence[float | None], low: float, high: float) -> str:
    known = [value for value in chunk if value is not None and isfinite(value)]
    if not known:
        return BARS[0]
    span = (high - low) or 1.0
    share = (sum(known) / len(known) - low) / span
    return BARS[1 + min(7, max(0, int(share * 7)))]
