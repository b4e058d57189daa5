"""What the picture of a check shows; `charts` draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import nan
from typing import TYPE_CHECKING, NamedTuple

from mlops_drift.monitors.context import TEST_SPLIT

if TYPE_CHECKING:
    from mlops_drift.drift.column_reference import ColumnReference, Counts


@dataclass(frozen=True)
class Panel:
    """A drifted column: rows of the reference and of the window by the bins of the column.

    The title says what is compared; it stands after the name above the panel.
    """

    name: str
    title: str
    column: "ColumnReference"
    past: "Counts"
    counts: "Counts"


@dataclass(frozen=True)
class Point:
    """One production day of a version; None where there is no such number.

    `lower` and `upper` are the ends of the 95 % interval of the realized value.
    """

    day: date
    realized: float | None
    lower: float | None
    upper: float | None
    estimated: float | None
    version: int


class Period(NamedTuple):
    """A version, and the first day that it serves."""

    version: int
    since: date


@dataclass(frozen=True)
class History:
    """A metric by production day over the versions that served, in the order of their periods.

    With the value of the last version on the rows that it is compared with, and the limit; nan for
    none.
    """

    metric: str
    points: Sequence[Point]
    periods: Sequence[Period] = ()
    test_value: float = nan
    threshold: float = nan
    compared_with: str = TEST_SPLIT


# Drifted columns, one above the other, or a history.
Picture = Sequence[Panel] | History
