"""How much worse than another value a number may be."""

from dataclasses import dataclass
from math import isfinite, nan
from typing import Literal

from mlops_drift.learning.metrics.registry import metric_named
from mlops_drift.schema.fields import DEFAULT, Limit

# How much worse a metric without bounds may be, where nothing else is given.
DEFAULT_SHARE = 0.1


@dataclass(frozen=True)
class Allowance:
    """How much worse than another value a number may be.

    Attributes:
        limit: the number in the unit.
        unit: share of the other value; points, a hundred of which are 1; or that of the number.
    """

    limit: float
    unit: Literal["share", "points", "own"]

    def of(self, reference: float) -> float:
        """The most by which a number may be worse than this one, in units of the number.

        >>> Allowance(0.1, "share").of(42.0), Allowance(0.05, "points").of(0.9)
        (4.2, 0.05)
        """
        return self.limit * abs(reference) if self.unit == "share" else self.limit

    def text(self, difference: float, reference: float) -> str:
        """A difference from another value, in words of the unit.

        >>> Allowance(0.1, "share").text(44.0, 42.0), Allowance(0.05, "points").text(0.052, 0.9)
        ('105 %', '5.2 points')
        """
        if self.unit == "share" and reference and isfinite(reference):
            return _percent(difference / abs(reference))
        return f"{100 * difference:.3g} points" if self.unit == "points" else f"{difference:.4g}"

    def __str__(self) -> str:
        """The limit in words of the unit."""
        return _percent(self.limit) if self.unit == "share" else self.text(self.limit, nan)


def allowance(metric: str, limit: Limit, points: float) -> Allowance:
    """How much worse than another value of the metric one may be.

    The limit, as YAML has it, is a share of that value for a metric without an upper bound, such as
    mae. It is in points, by default so many, for every other one, r2 too: none is above 1.

    >>> print(allowance("mae", "default", points=0.02), allowance("f1", "default", points=0.02))
    10 % 2 points
    """
    bounded = isfinite(metric_named(metric).highest)
    default = points if bounded else DEFAULT_SHARE
    return Allowance(default if limit == DEFAULT else limit, "points" if bounded else "share")


def _percent(share: float) -> str:
    percent = 100 * share
    return f"{percent:.0f} %" if abs(percent) >= 100 else f"{percent:.3g} %"
