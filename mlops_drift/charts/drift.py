"""The picture of drifted columns: reference and window side by side."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mlops_drift.charts.figure import GREY, ORANGE, add_axes, as_png, new_figure, short
from mlops_drift.drift.column_reference import shares
from mlops_drift.monitors.pictures import Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAX_BINS = 16
_MAX_LABEL_LENGTH = 16
_MAX_NAME_LENGTH = 30


def comparison_chart(panels: Sequence[Panel]) -> bytes:
    r"""The shares of the bins of some columns in the reference and in a window, as a PNG.

    Of many bins the 16 are shown whose shares changed most. 480 by 240 pixels for each panel.

    >>> from mlops_drift.drift.reference import ColumnReference
    >>> column = ColumnReference("numeric", np.array([5, 5, 0, 0, 0]), values=(0.0, 1.0))
    >>> panel = Panel("x", "reference and today", column, column.counts, np.array([2, 7, 0, 0, 1]))
    >>> comparison_chart([panel])[:4]
    b'\x89PNG'
    """
    height = 2.4 * len(panels)
    margins = {"left": 0.1, "right": 0.98, "top": 1 - 0.29 / height, "bottom": 0.72 / height}
    figure = new_figure(4.8, height, dpi=100, hspace=0.7, **margins)
    for number, panel in enumerate(panels, start=1):
        title = f"{short(panel.name, _MAX_NAME_LENGTH)}: {panel.title}"
        axes = add_axes(figure, title, len(panels), number)
        _draw(axes, panel)
        if number == 1:
            axes.legend(fontsize=7, frameon=False)
    return as_png(figure)


def _draw(axes: "Axes", panel: Panel) -> None:
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
