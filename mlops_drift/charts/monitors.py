"""The pictures of checks: drifted columns, and performance by production day."""

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from mlops_drift.charts.figure import (
    BLUE,
    GREY,
    OCHRE,
    ORANGE,
    RED,
    add_axes,
    as_png,
    new_figure,
    short,
    show_days,
)
from mlops_drift.drift.column_reference import shares
from mlops_drift.monitors.pictures import History, Panel, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MAX_BINS = 16
_MAX_LABEL_LENGTH = 16
_MAX_NAME_LENGTH = 30


def draw(picture: Picture) -> bytes:
    r"""Draws what a check shows as a PNG.

    >>> draw(History("roc_auc", 1, []))[:4]
    b'\x89PNG'
    """
    return as_png(_performance(picture) if isinstance(picture, History) else _panels(picture))


def _panels(panels: Sequence[Panel]) -> "Figure":
    """The shares of the bins in the reference and in a window, 480 by 240 pixels a column.

    Of many bins the 16 are shown whose shares changed most.
    """
    height = 2.4 * len(panels)
    margins = {"left": 0.1, "right": 0.98, "top": 1 - 0.29 / height, "bottom": 0.72 / height}
    figure = new_figure(4.8, height, dpi=100, hspace=0.7, **margins)
    for number, panel in enumerate(panels, start=1):
        title = f"{short(panel.name, _MAX_NAME_LENGTH)}: {panel.title}"
        axes = add_axes(figure, title, len(panels), number)
        _bars(axes, panel)
        if number == 1:
            axes.legend(fontsize=7, frameon=False)
    return figure


def _bars(axes: "Axes", panel: Panel) -> None:
    before, after = (100 * shares(rows) for rows in (panel.past, panel.counts))
    filled = np.flatnonzero(before + after)
    by_change = np.argsort(-np.abs(after - before)[filled], kind="stable")
    shown = np.sort(filled[by_change[:_MAX_BINS]])
    positions, labels = np.arange(len(shown)), panel.column.labels
    axes.bar(positions - 0.2, before[shown], width=0.4, color=GREY, label="reference")
    axes.bar(positions + 0.2, after[shown], width=0.4, color=ORANGE, label="window")
    axes.set_xticks(
        positions,
        [short(labels[number], _MAX_LABEL_LENGTH) for number in shown],
        rotation=35,
        ha="right",
        rotation_mode="anchor",
        # A dollar sign in the data does not start a formula.
        parse_math=False,
    )
    axes.set_ylabel("share, %", fontsize=7)


def _performance(history: History) -> "Figure":
    """The days of a version, realized with an interval and estimated, with their limits."""
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
    return figure
