"""Intervals of numbers: what bounds leave, and whether a column can have any of it."""

from collections.abc import Mapping
from math import ceil, floor, inf, isfinite
from typing import NamedTuple, Self

from mlops_drift.schema.columns import Column


class Interval(NamedTuple):
    """The numbers between two ends; an open end is itself not among them."""

    low: float = -inf
    high: float = inf
    is_low_open: bool = False
    is_high_open: bool = False

    @classmethod
    def of(cls, bounds: Mapping[str, float]) -> Self:
        """The numbers within bounds by name: above or at_least, and below or at_most.

        >>> Interval.of({"at_least": 10, "below": 150}).is_empty
        False
        """
        low = bounds.get("above", bounds.get("at_least", -inf))
        high = bounds.get("below", bounds.get("at_most", inf))
        return cls(low, high, "above" in bounds, "below" in bounds)

    @classmethod
    def allowed(cls, column: Column) -> Self:
        """The numbers that the constraints of a column allow."""
        least = -inf if column.min is None else column.min
        return cls(least, inf if column.max is None else column.max)

    @property
    def is_empty(self) -> bool:
        """Whether no number is between the ends."""
        is_open = self.is_low_open or self.is_high_open
        return self.low > self.high or (self.low == self.high and is_open)

    @property
    def outside(self) -> list["Interval"]:
        """What is below the low end, and above the high one.

        >>> Interval.of({"at_least": 10}).outside[0]
        Interval(low=-inf, high=10, is_low_open=False, is_high_open=True)
        """
        return [
            Interval(high=self.low, is_high_open=not self.is_low_open),
            Interval(low=self.high, is_low_open=not self.is_high_open),
        ]

    @property
    def whole(self) -> "Interval":
        """The same whole numbers, with ends that are among them.

        >>> Interval.of({"above": 1, "below": 2}).whole.is_empty
        True
        """
        low, high = self.low, self.high
        if isfinite(low):
            low = floor(low) + 1 if self.is_low_open else ceil(low)
        if isfinite(high):
            high = ceil(high) - 1 if self.is_high_open else floor(high)
        return Interval(low, high, not isfinite(low), not isfinite(high))

    def meets(self, column: Column) -> bool:
        """Whether a column can have a value in it."""
        other = Interval.allowed(column)
        # Of two ends at one number the open one is stricter.
        low, is_low_open = max((one.low, one.is_low_open) for one in (self, other))
        high, is_high_closed = min((one.high, not one.is_high_open) for one in (self, other))
        both = Interval(low, high, is_low_open, not is_high_closed)
        return not (both.whole if column.type == "integer" else both).is_empty
