"""Performance by production day: realized with its interval, and estimated."""

from math import isnan

import numpy as np

from mlops_drift.charts.figure import (
    BLUE,
    GREY,
    OCHRE,
    RED,
    add_axes,
    as_png,
    new_figure,
    show_days,
)
from mlops_drift.monitors.pictures import History


def performance_chart(history: History) -> bytes:
    """The days of a version with their limits, as a PNG."""
    figure = new_figure(6, 2.8, left=0.08, bottom=0.22)
    axes = add_axes(figure, f"{history.metric} by production day")
    # None becomes nan.
    rows = [(point.realized, point.lower, point.upper, point.estimated) for point in history.points]
    realized, lower, upper, estimated = np.array(rows, dtype=float).reshape(-1, 4).T
    shown = np.flatnonzero(~np.isnan(realized))
    label = f"{history.metric} of version {history.version}"
    axes.plot(shown, realized[shown], marker="o", color=BLUE, label=label)
    band = lower[shown], upper[shown]
    axes.fill_between(shown, *band, color=BLUE, alpha=0.15, linewidth=0, label="95 % interval")
    axes.plot(estimated, color=OCHRE, ls="-.", linewidth=1, label="estimated without labels")
    for value, color, style, label in (
        (history.test_value, GREY, ":", "on its test split"),
        (history.threshold, RED, "--", "limit"),
    ):
        if not isnan(value):
            axes.axhline(value, color=color, linestyle=style, label=label)
    show_days(axes, [point.day for point in history.points])
    axes.legend(fontsize=7)
    return as_png(figure)
