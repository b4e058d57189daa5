"""What the picture of a check shows; `charts` draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import nan
from typing import TYPE_CHECKING

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
    """One production day of one version; None where there is no such number.

    `lower` and `upper` are the ends of the 95 % interval of the realized value.
    """

    day: date
    realized: float | None
    lower: float | None
    upper: float | None
    estimated: float | None


@dataclass(frozen=True)
class History:
    """A metric of a version by production day, with its test value and limit; nan for none."""

    metric: str
    version: int
    points: Sequence[Point]
    test_value: float = nan
    threshold: float = nan


# Drifted columns, one above the other, or a history.
Picture = Sequence[Panel] | History
