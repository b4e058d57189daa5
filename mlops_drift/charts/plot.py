"""A chart as data: lines, boxes and limits in a pair of axes."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import nan

from mlops_drift.charts.axis import Axis, is_finite, numbers, rows

Point = tuple[float, float]


@dataclass(frozen=True)
class Mark(ABC):
    """Something to draw; what has a label is explained above the plot.

    A style is a colour of `chart.css` and what else is special, such as "blue dashed".
    """

    label: str
    style: str

    @abstractmethod
    def points(self) -> list[Point]:
        """Its points that have a place."""


@dataclass(frozen=True)
class Line(Mark):
    """A line through points, each with a dot where `dots` says which, "round" or "square".

    A point without a place is left out, or breaks the line.
    """

    through: Sequence[tuple[float, float | None]]
    dots: str = ""
    breaks: bool = False

    def points(self) -> list[Point]:
        return [point for piece in self.pieces() for point in piece]

    def pieces(self) -> list[list[Point]]:
        """Its points from break to break."""
        known = [(x, y) if is_finite(x) and is_finite(y) else None for x, y in self.through]
        if not self.breaks:
            return [[point for point in known if point]]
        runs = groupby(known, key=bool)
        return [[point for point in run if point] for is_piece, run in runs if is_piece]


@dataclass(frozen=True)
class Dots(Mark):
    """Dots with a text each, which shows where one points at it; "round", "square" or "hollow"."""

    at: Sequence[tuple[float, float | None, str]]
    shape: str = "round"

    def points(self) -> list[Point]:
        return [(x, y) for x, y, _ in self.at if is_finite(x) and is_finite(y)]


@dataclass(frozen=True)
class Boxes(Mark):
    """Filled boxes, each from an x and a y to an x and a y, such as the bars of a series."""

    corners: Sequence[tuple[float, float, float, float]]
    opacity: float = 1

    def points(self) -> list[Point]:
        known = [box for box in self.corners if all(map(is_finite, box))]
        return [corner for box in known for corner in (box[:2], box[2:])]


@dataclass(frozen=True)
class Rule(Mark):
    """A line from side to side at a number of the y axis, or else of the x axis."""

    at: float
    of_y: bool = True

    def points(self) -> list[Point]:
        return [(nan, self.at) if self.of_y else (self.at, nan)] * is_finite(self.at)


@dataclass(frozen=True)
class Plot:
    """What stands in one pair of axes, which are `height` pixels high.

    An axis that is not given has a place for all finite numbers; other points are left out.
    `texts` stand at a point, and `notes` above the plot, with a line down to their x. Lines and
    rules are explained above the plot or, where one may hide another, at their ends.
    """

    title: str
    marks: Sequence[Mark]
    x: Axis | None = None
    y: Axis | None = None
    height: float = 220
    texts: Sequence[tuple[float, float, str]] = ()
    notes: Sequence[tuple[float, str]] = ()
    at_ends: bool = False


def bars_plot(
    title: str,
    names: Sequence[str],
    series: Mapping[str, Sequence[float]],
    styles: Sequence[str],
    *others: Mark,
    unit: str = "",
) -> Plot:
    """Horizontal bars from zero: for each name, from top to bottom, one of each series."""
    size, marks = 0.8 / max(1, len(series)), list(others)
    for number, ((label, values), style) in enumerate(zip(series.items(), styles, strict=False)):
        top = number * size - 0.4
        bars = [(0, row + top, value, row + top + size) for row, value in enumerate(values)]
        marks.insert(number, Boxes(label, style, bars))
    x = numbers((x for mark in marks for x, _ in mark.points()), unit, from_zero=True)
    return Plot(title, marks, x, rows(names), max(60, len(names) * (8 + 8 * len(series))))


def shares_plot(
    title: str, names: Sequence[str], series: Mapping[str, Sequence[float]], colour: str = "blue"
) -> Plot:
    """Bars of shares in percent; of two series the first is paler."""
    percent = {label: [100 * share for share in shares] for label, shares in series.items()}
    styles = ["grey pale", colour][-len(series) :]
    return bars_plot(title, names, percent, styles, unit="share, %")
