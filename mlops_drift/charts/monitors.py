"""The pictures of checks: drifted columns, and performance by production day."""

from collections.abc import Iterator
from itertools import groupby
from math import nan
from operator import attrgetter

import numpy as np

from mlops_drift.charts.axis import days, fitting, is_finite, numbers
from mlops_drift.charts.plot import Boxes, Line, Mark, Plot, Rule, shares_plot
from mlops_drift.charts.svg import svg
from mlops_drift.drift.column_reference import shares
from mlops_drift.monitors.pictures import History, Panel, Picture, Point

_MAX_BINS = 16
_MAX_NAME = 240
# A year of days needs more room.
_WIDE = 900
# Versions that are named.
_MOST = 6
# Of versions that follow each other; they differ in more than their colour.
_STYLES = ("blue", "round"), ("green", "square")


def draw(picture: Picture) -> str:
    """Draws what a check shows as SVG.

    >>> "roc_auc by production day" in draw(History("roc_auc", []))
    True
    """
    if isinstance(picture, History):
        return svg([_performance(picture)], _WIDE)
    return svg([*map(panel_plot, picture)])


def panel_plot(panel: Panel, colour: str = "red") -> Plot:
    """The shares of the bins in the reference and in a window.

    Of many bins the 16 are shown whose shares changed most.
    """
    before, after = shares(panel.past), shares(panel.counts)
    filled = np.flatnonzero(before + after)
    by_change = np.argsort(-np.abs(after - before)[filled], kind="stable")
    shown = np.sort(filled[by_change[:_MAX_BINS]])
    return shares_plot(
        f"{fitting(panel.name, _MAX_NAME, 14)}: {panel.title}",
        [panel.column.labels[number] for number in shown],
        {"reference": before[shown].tolist(), "window": after[shown].tolist()},
        colour,
    )


def _performance(history: History) -> Plot:
    """The days of each version, realized with an interval and estimated, with their limits."""
    found = [point.day for point in history.points]
    side = min(0.3, 0.02 * len(set(found)))
    shown = (point for point in history.points if is_finite(point.realized))
    versions = list(dict.fromkeys(point.version for point in shown))
    marks: list[Mark] = []
    for number, version in enumerate(versions):
        style, dots = _STYLES[number % len(_STYLES)]
        mine = [point for point in history.points if point.version == version]
        boxes = [_interval(point, side) for point in mine]
        marks.insert(number, Boxes("" if number else "95 % interval", style, boxes, 0.25))
        line = [(point.day.toordinal(), point.realized) for point in mine]
        label = f"{history.metric} of version {version}" if version in versions[-_MOST:] else ""
        marks.append(Line(label, style, line, dots))
    for version, points in groupby(history.points, attrgetter("version")):
        line = [(point.day.toordinal(), point.estimated) for point in points]
        is_first = version == history.points[0].version
        label = "estimated without labels" if is_first else ""
        marks.append(Line(label, "amber dashed", line))
    of_last = f" of version {history.periods[-1].version}" if history.periods else ""
    marks += [
        Rule(f"{history.compared_with}{of_last}", "grey dotted", history.test_value),
        Rule("limit", "red dashed", history.threshold),
    ]
    y = numbers(y for mark in marks for _, y in mark.points())
    bands = [*_bands(history, y.low, y.high)]
    title = f"{history.metric} by production day"
    return Plot(title, [*bands, *marks], days(found), y, height=280, notes=_notes(history))


def _interval(point: Point, side: float) -> tuple[float, float, float, float]:
    x = point.day.toordinal()
    lower, upper = (nan if end is None else end for end in (point.lower, point.upper))
    return (x - side, lower, x + side, upper)


def _bands(history: History, low: float, high: float) -> Iterator[Boxes]:
    """The days of every second version, shaded from top to bottom."""
    if not history.points:
        return
    first, last = (history.points[at].day.toordinal() for at in (0, -1))
    starts = [max(first, period.since.toordinal()) for period in history.periods]
    ends = [*(start - 0.5 for start in starts[1:]), last + 0.5]
    spans = [*zip(starts, ends, strict=True)][1::2] if starts else []
    boxes = [(start - 0.5, low, end, high) for start, end in spans if end > start]
    yield Boxes("", "grey", boxes, 0.12)


def _notes(history: History) -> list[tuple[float, str]]:
    """Since when each of the last versions serves."""
    if not history.points:
        return []
    first, last = (history.points[at].day for at in (0, -1))
    shown = [period for period in history.periods if first <= period.since <= last]
    return [
        (period.since.toordinal() - 0.5, f"version {period.version}") for period in shown[-_MOST:]
    ]
