"""The pictures of gates, drawn from their data."""

from collections.abc import Sequence
from functools import singledispatch

import numpy as np

from mlops_drift.charts.axis import Axis, columns, is_finite, numbers, rows
from mlops_drift.charts.plot import Boxes, Line, Mark, Plot, Rule, bars_plot, shares_plot
from mlops_drift.charts.svg import WIDTH, svg
from mlops_drift.learning.gates.margins import Margin, in_short
from mlops_drift.learning.gates.pictures import (
    Bars,
    Confusion,
    Curve,
    Differences,
    Estimate,
    Picture,
    Shares,
)
from mlops_drift.schema.numbers import number

_BINS = 30
# Bars end where the distance is as large as the limit.
_FARTHEST = 1.0
_LONGEST_GATE = 260
# Room for the sentence.
_WIDE = 900
_SIGNS = {"<=": "of at most", ">=": "of at least", ">": "of more than"}
# Numbers of more classes have no room.
_MOST_COUNTED = 14


def draw(picture: Picture) -> str:
    """Draws a picture as SVG.

    >>> ">yes</text>" in draw(Shares("shares", ["no", "yes"], {"labels": [0.3, 0.7]}))
    True
    """
    return svg([_plot(picture)])


def draw_overview(version: int, found: Sequence[Margin]) -> str:
    """Draws how far each gate is from its limit, as SVG.

    Bars are in units of the limit; gates that count what must not be there have none.
    """
    styles = {"pass": "blue", "fail": "red", "unknown": "amber"}
    marks: list[Mark] = []
    for verdict, style in styles.items():
        boxes = [
            (0.0, row - 0.35, min(max(one.distance, -_FARTHEST), _FARTHEST), row + 0.35)
            for row, one in enumerate(found)
            if one.verdict == verdict and is_finite(one.distance)
        ]
        marks.append(Boxes(verdict, style, boxes))
    marks.append(Rule("limit", "red dashed", 0.0, of_y=False))
    low = min([0.0, *(max(one.distance, -_FARTHEST) for one in found if is_finite(one.distance))])
    ticks = [(end, f"{100 * end:.0f} %") for end in (-1.0, -0.5, 0.0, 0.5, 1.0) if end >= low]
    label = "distance to the limit, in units of it"
    x = Axis(low - 0.05, _FARTHEST + 0.65, ticks, label, grid=True)
    return svg(
        [
            Plot(
                f"version {version}: {in_short(found)}",
                marks,
                x,
                rows([f"{one.gate}: {one.verdict}" for one in found], _LONGEST_GATE),
                max(60, 22 * len(found)),
                [(_FARTHEST + 0.33, row, _judged(one)) for row, one in enumerate(found)],
            )
        ],
        _WIDE,
    )


def _judged(one: Margin) -> str:
    if not (is_finite(one.value) and is_finite(one.limit)):
        return "nothing to compare"
    if not one.limit and one.direction == "<=":
        return "none" if not one.value else f"{number(one.value)}, none accepted"
    return f"{number(one.value)} {_SIGNS[one.direction]} {number(one.limit)}"


@singledispatch
def _plot(picture: Picture) -> Plot:
    raise NotImplementedError(type(picture))


@_plot.register(Estimate)
def _estimate(picture: Estimate) -> Plot:
    """The number with its interval, and the limit with the side that is accepted."""
    ends = [(picture.lower, 0.0), (picture.upper, 0.0)]
    side = "at least" if picture.at_least else "at most"
    marks = [
        Line("95 % interval", "grey thick", ends),
        Line(f"{picture.value:.4g}", "blue", [(picture.value, 0.0)], "round"),
        Rule(f"{side} {picture.limit:.4g}", "red dashed", picture.limit, of_y=False),
    ]
    return Plot(picture.title, marks, y=Axis(-1, 1), height=60)


@_plot.register(Curve)
def _curve(picture: Curve) -> Plot:
    """A point for each bin, and the line on which perfect scores lie."""
    found = [number for number in (*picture.promised, *picture.found) if is_finite(number)]
    ends = [(end, end) for end in (min(found, default=0.0), max(found, default=1.0))]
    label = f"{len(picture.counts)} bins of {min(picture.counts, default=0)} rows or more"
    points = list(zip(picture.promised, picture.found, strict=True))
    marks = [Line("perfect calibration", "grey dotted", ends), Line(label, "blue", points, "round")]
    return Plot(picture.title, marks, numbers(found, "predicted"), numbers(found, "observed"))


@_plot.register(Shares)
def _shares(picture: Shares) -> Plot:
    return shares_plot(picture.title, picture.names, picture.series)


@_plot.register(Bars)
def _bars(picture: Bars) -> Plot:
    """A bar for each name, the first on top, and the limit."""
    limit = Rule(f"limit {picture.limit:.4g}", "red dashed", picture.limit, of_y=False)
    return bars_plot(picture.title, picture.names, {"": picture.values}, ["blue"], limit)


@_plot.register(Differences)
def _differences(picture: Differences) -> Plot:
    """A histogram of the differences, the observed one, and the limit."""
    spread = numbers(picture.differences)
    edges = np.linspace(spread.low, spread.high, _BINS + 1)
    counts = np.histogram([*filter(is_finite, picture.differences)], edges)[0]
    filled = np.flatnonzero(counts)
    boxes = [(edges[n], 0.0, edges[n + 1], counts[n]) for n in filled]
    marks = [
        Boxes("", "grey", boxes),
        Rule(f"observed {picture.observed:+.4g}", "blue", picture.observed, of_y=False),
        Rule(f"limit {picture.limit:+.4g}", "red dashed", picture.limit, of_y=False),
    ]
    return Plot(picture.title, marks, y=numbers(counts.tolist(), "by chance", from_zero=True))


@_plot.register(Confusion)
def _confusion(picture: Confusion) -> Plot:
    """The counts with the truth in the rows, shaded by their share of the row."""
    counts, n = np.array(picture.counts), len(picture.classes)
    shades = np.ceil(10 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))
    marks = []
    for shade in np.unique(shades[shades > 0]):
        cells = [(x - 0.5, y - 0.5, x + 0.5, y + 0.5) for y, x in np.argwhere(shades == shade)]
        # Pale enough for texts in front of it.
        marks.append(Boxes("", "blue", cells, round(0.06 * shade, 2)))
    texts = [(x, y, str(count)) for (y, x), count in np.ndenumerate(counts)]
    return Plot(
        picture.title,
        marks,
        columns(picture.classes, 0.8 * WIDTH),
        rows(picture.classes, 120),
        max(60, 26 * n),
        texts if n <= _MOST_COUNTED else (),
    )
