"""Rows of one column counted in the bins of a reference; profiles add up exactly."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mlops_drift.drift.column_reference import ColumnReference, Counts, Moments
from mlops_drift.drift.rows import Floats

# A value's distance to the reference's median is summed in whole 2**-20ths of the reference's
# unit, its square in 2**-16ths; beyond 1,024 units it counts as 1,024, and there is no mean. So 64
# bits hold the sums of more than a hundred million rows of nothing but such outliers.
FRACTION, SQUARE_FRACTION, FARTHEST = 2**20, 2**16, 1024

# A difference that overflows is farther than that many smaller units anyway.
_LARGE_UNIT = 1e300


@dataclass(frozen=True, eq=False)
class ColumnProfile:
    """Rows of one column in the bins of its reference, and sums from which moments follow.

    Attributes:
        counts: rows per bin in the order of the column's `labels`, int64.
        below: rows with a number under the reference's smallest; `above` over its largest.
        sum: sum of the distances to the reference's median, in 2**-20ths of its unit.
        squares: sum of their squares, in 2**-16ths.
        minimum: smallest finite number, None without one; so is `maximum`.
        novelty: rows with an unseen category by a hash of the category, so that many new
            categories differ from many rows of one; empty where the reference expects no new ones.
    """

    counts: Counts
    below: int = 0
    above: int = 0
    sum: int = 0
    squares: int = 0
    minimum: float | None = None
    maximum: float | None = None
    novelty: Counts = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def n(self) -> int:
        """Rows, nulls included."""
        return int(self.counts.sum())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ColumnProfile) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: "ColumnProfile") -> "ColumnProfile":
        if len(self.counts) != len(other.counts):
            raise ValueError(
                f"profiles must share their bins, found {len(self.counts)} and {len(other.counts)}"
            )
        minima = [one for one in (self.minimum, other.minimum) if one is not None]
        maxima = [one for one in (self.maximum, other.maximum) if one is not None]
        names = ("counts", "below", "above", "sum", "squares", "novelty")
        sums = {name: getattr(self, name) + getattr(other, name) for name in names}
        smallest, largest = min(minima, default=None), max(maxima, default=None)
        return ColumnProfile(**sums, minimum=smallest, maximum=largest)

    def mean_and_std(self, column: ColumnReference) -> tuple[float, float] | tuple[None, None]:
        """Mean and standard deviation (divided by n) of the finite numbers.

        None without any, or with one that was too far to sum.
        """
        moments, minimum, maximum = column.moments, self.minimum, self.maximum
        if moments is None or minimum is None or maximum is None:
            return None, None
        if np.any(np.abs(distances(np.array([minimum, maximum]), moments)) > FARTHEST):
            return None, None
        n, scale = int(self.counts[:-2].sum()), scale_of(moments)
        mean = self.sum / n / FRACTION
        shifted = (moments.center * scale + moments.unit * scale * mean) / scale
        spread = float(moments.unit * max(self.squares / n / SQUARE_FRACTION - mean**2, 0.0) ** 0.5)
        # The bounds take back the rounding of the sums: no sample spreads further than one with
        # half of its values at either end.
        return min(max(shifted, minimum), maximum), min(spread, maximum / 2 - minimum / 2)

    def to_dict(self) -> dict[str, object]:
        """The profile as plain values, as `from_dict` reads them."""
        return {**vars(self), "counts": self.counts.tolist(), "novelty": self.novelty.tolist()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "ColumnProfile":
        """Reads what `to_dict` wrote; other keys are ignored."""
        names = ("below", "above", "sum", "squares", "minimum", "maximum")
        counts, novelty = (np.array(data[name], dtype=np.int64) for name in ("counts", "novelty"))
        return cls(counts, **{name: data[name] for name in names}, novelty=novelty)


def distances(values: Floats, moments: Moments) -> Floats:
    """Distances to the reference's median in its units, infinite where no double holds them."""
    scale = scale_of(moments)
    with np.errstate(over="ignore"):
        return (values * scale - moments.center * scale) / (moments.unit * scale)


def scale_of(moments: Moments) -> float:
    """Halves values whose differences could overflow though they are few units apart."""
    return 0.5 if moments.unit > _LARGE_UNIT else 1.0
