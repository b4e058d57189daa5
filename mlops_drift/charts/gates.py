"""The pictures of gates, drawn from their data."""

from functools import singledispatch
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from mlops_drift.charts.figure import BLUE, GREY, RED, add_axes, as_png, new_figure, short
from mlops_drift.learning.gates.pictures import (
    Bars,
    Confusion,
    Curve,
    Differences,
    Limit,
    Picture,
    Shares,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(picture: Picture) -> bytes:
    r"""Draws a picture as a PNG of 480 by 224 pixels.

    >>> draw(Shares("shares", ["no", "yes"], {"labels": [0.3, 0.7]}))[:4]
    b'\x89PNG'
    """
    left = 0.05 if isinstance(picture, Limit) else 0.12
    if isinstance(picture, Bars | Confusion):
        left = 0.27
    figure = new_figure(6, 2.8, left=left)
    _draw(picture, add_axes(figure, picture.title))
    return as_png(figure)


@singledispatch
def _draw(picture: Picture, axes: "Axes") -> None:
    raise NotImplementedError(type(picture))


@_draw.register(Limit)
def _limit(picture: Limit, axes: "Axes") -> None:
    """The number with its interval, and the limit with the side that is accepted."""
    if isfinite(picture.lower) and isfinite(picture.upper):
        ends = [picture.lower, picture.upper]
        axes.plot(ends, [0, 0], color=GREY, lw=6, label="95 % interval")
    axes.plot([picture.value], [0], "o", color=BLUE, markersize=9, label=f"{picture.value:.4g}")
    side = "at least" if picture.at_least else "at most"
    axes.axvline(picture.limit, color=RED, linestyle="--", label=f"{side} {picture.limit:.4g}")
    axes.margins(x=0.15)
    axes.set_yticks([])
    axes.legend(fontsize=7, loc="upper right")


@_draw.register(Curve)
def _curve(picture: Curve, axes: "Axes") -> None:
    """A point for each bin, and the line on which perfect scores lie."""
    found = [*picture.promised, *picture.found]
    ends = [min(found), max(found)]
    axes.plot(ends, ends, color=GREY, linestyle=":", label="as promised")
    label = f"{len(picture.counts)} bins of {min(picture.counts)} rows or more"
    axes.plot(picture.promised, picture.found, marker="o", color=BLUE, label=label)
    axes.set_xlabel("promised", fontsize=7)
    axes.set_ylabel("found", fontsize=7)
    axes.legend(fontsize=7)


@_draw.register(Shares)
def _shares(picture: Shares, axes: "Axes") -> None:
    """The share of each class or bin, a bar for each distribution."""
    places, n = np.arange(len(picture.names)), len(picture.series)
    width = 0.8 / n
    bars = zip(picture.series.items(), (GREY, BLUE), strict=False)
    for number, ((name, shares), color) in enumerate(bars):
        offset = (number - (n - 1) / 2) * width
        axes.bar(places + offset, 100 * np.asarray(shares), width, color=color, label=name)
    axes.set_xticks(places, [*map(short, picture.names)], rotation=20, parse_math=False)
    axes.set_ylabel("share, %", fontsize=7)
    axes.set_ylim(bottom=0)
    if n > 1:
        axes.legend(fontsize=7)


@_draw.register(Bars)
def _bars(picture: Bars, axes: "Axes") -> None:
    """A horizontal bar for each name, the first on top, and the limit."""
    places = range(len(picture.names))
    axes.barh(places, picture.values, color=BLUE, height=0.6)
    axes.axvline(picture.limit, color=RED, linestyle="--", label=f"limit {picture.limit:.4g}")
    axes.set_yticks(places, [*map(short, picture.names)], parse_math=False)
    axes.invert_yaxis()
    axes.legend(fontsize=7)


@_draw.register(Differences)
def _differences(picture: Differences, axes: "Axes") -> None:
    """A histogram of the differences, the observed one, and the limit."""
    axes.hist(picture.differences, bins=30, color=GREY)
    axes.axvline(picture.observed, color=BLUE, label=f"observed {picture.observed:+.4g}")
    axes.axvline(picture.limit, color=RED, linestyle="--", label=f"limit {picture.limit:+.4g}")
    axes.set_ylabel("by chance", fontsize=7)
    axes.legend(fontsize=7)


@_draw.register(Confusion)
def _confusion(picture: Confusion, axes: "Axes") -> None:
    """The counts with the truth in the rows, shaded by their share of the row."""
    counts = np.array(picture.counts)
    of_row = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(of_row, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        color = "white" if of_row[row, column] > 0.5 else "black"
        axes.text(column, row, str(count), ha="center", va="center", fontsize=8, color=color)
    names, places = [*map(short, picture.classes)], range(len(picture.classes))
    axes.set_xticks(places, names, parse_math=False)
    axes.set_yticks(places, names, parse_math=False)
