"""The pictures of checks: drifted columns, and performance by production day."""

import numpy as np

from mlops_drift.charts.axis import days, fitting
from mlops_drift.charts.plot import Boxes, Line, Plot, Rule, shares_plot
from mlops_drift.charts.svg import svg
from mlops_drift.drift.column_reference import shares
from mlops_drift.monitors.pictures import History, Panel, Picture

_MAX_BINS = 16
_MAX_NAME = 240


def draw(picture: Picture) -> str:
    """Draws what a check shows as SVG.

    >>> "roc_auc by production day" in draw(History("roc_auc", 1, []))
    True
    """
    return svg(
        [_performance(picture)] if isinstance(picture, History) else [*map(panel_plot, picture)]
    )


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
    """The days of a version, realized with an interval and estimated, with their limits."""
    x = [point.day.toordinal() for point in history.points]
    # None becomes nan.
    rows = [(point.realized, point.lower, point.upper, point.estimated) for point in history.points]
    realized, lower, upper, estimated = np.array(rows, dtype=float).reshape(-1, 4).T.tolist()
    label = f"{history.metric} of version {history.version}"
    ends = zip(x, lower, upper, strict=True)
    side = min(0.3, 0.02 * len(x))
    marks = [
        Boxes("95 % interval", "blue", [(x - side, a, x + side, b) for x, a, b in ends], 0.25),
        Line(label, "blue", [*zip(x, realized, strict=True)], "round"),
        Line("estimated without labels", "amber dashed", [*zip(x, estimated, strict=True)]),
        Rule("on its test split", "grey dotted", history.test_value),
        Rule("limit", "red dashed", history.threshold),
    ]
    return Plot(f"{history.metric} by production day", marks, days(p.day for p in history.points))
