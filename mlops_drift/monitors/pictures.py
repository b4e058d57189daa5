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
    """One column of a chart.

    Attributes:
        name: name of the column.
        title: what is compared; stands after the name above the panel.
        column: the column's bins.
        past: rows of the reference per bin, in the order of `column.labels`.
        counts: rows of the window per bin.
    """

    name: str
    title: str
    column: "ColumnReference"
    past: "Counts"
    counts: "Counts"


@dataclass(frozen=True)
class Panels:
    """Drifted columns, one above the other."""

    panels: Sequence[Panel]


@dataclass(frozen=True)
class Point:
    """One production day of one version; None where there is no such number.

    Attributes:
        lower: lower end of the 95 % interval of the realized value.
        upper: upper end.
    """

    day: date
    realized: float | None
    lower: float | None
    upper: float | None
    estimated: float | None


@dataclass(frozen=True)
class History:
    """A metric by production day, with its limits; nan for a limit that there is not.

    Attributes:
        metric: the metric.
        version: the version that it is of.
        points: the production days in their order.
        test_value: the version's value on its test split.
        threshold: the limit.
    """

    metric: str
    version: int
    points: Sequence[Point]
    test_value: float = nan
    threshold: float = nan


Picture = Panels | History
