"""What a drift metric is: a distance between the rows of a reference and those of a window."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlops_drift.drift.sorted_values import SortedValues

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pair:
    """One column of a reference and of a window.

    Attributes:
        counts: rows per bin of the reference and of the window, without the bins that are empty on
            both sides, shape (2, bins).
        values: the values of both, where they are at hand.

    >>> Pair.of([50, 0, 50], [75, 0, 25]).shares.tolist()
    [[0.5, 0.5], [0.75, 0.25]]
    """

    counts: Floats
    values: tuple[SortedValues, SortedValues] | None = None

    @classmethod
    def of(
        cls,
        reference: ArrayLike,
        current: ArrayLike,
        values: tuple[SortedValues, SortedValues] | None = None,
    ) -> "Pair":
        """Takes row counts over the same bins; a ValueError if both are not of shape (bins,)."""
        p, q = np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64)
        if p.shape != q.shape or p.ndim != 1:
            raise ValueError(
                "reference and current must be counts over the same bins, "
                f"found shapes {p.shape} and {q.shape}"
            )
        table = np.stack([p, q])
        return cls(table[:, table.sum(axis=0) > 0], values)

    @cached_property
    def is_one_sided(self) -> bool:
        """Whether a side has no rows, so that no distance over bins can be computed."""
        return not self.counts.sum(axis=1).all()

    @cached_property
    def shares(self) -> Floats:
        """Shares p of the reference and q of the window per bin, shape (2, bins)."""
        return np.asarray(self.counts / self.counts.sum(axis=1, keepdims=True))

    @cached_property
    def exact(self) -> tuple[float, float] | None:
        """The KS statistic and the Wasserstein distance of the values, which one merge gives."""
        return self.values[0].distances(self.values[1]) if self.values else None


class DriftMetric(ABC):
    """An effect size: how far a window is from its reference, 0 for equal distributions.

    Attributes:
        name: what configuration and tables call it.
        title: what sentences call it.
        threshold: default from which a significant difference fails; about the value that a
            normal column gives which moved by a quarter of its standard deviation.
        needs_values: whether it needs the values; counts in bins are not enough. Its evidence is
            the KS test then, otherwise the chi-squared test over the bins.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    threshold: ClassVar[float]
    needs_values: ClassVar[bool] = False

    @abstractmethod
    def distance(self, pair: Pair) -> float | None:
        """The distance, finite; None where it cannot be computed."""


class BinMetric(DriftMetric):
    """A distance of the shares of the bins; 0.0 where a side has no rows."""

    def distance(self, pair: Pair) -> float:
        return 0.0 if pair.is_one_sided else self.of_shares(*pair.shares)

    @abstractmethod
    def of_shares(self, p: Floats, q: Floats) -> float:
        """The distance of the shares of the reference and of the window."""


def bounded(distance: float) -> float:
    """Takes back the rounding that can put a distance a hair above 1."""
    return min(distance, 1.0)
