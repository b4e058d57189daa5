"""The picture of drifted columns: reference and window side by side."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np

from mlops_drift.drift.column_reference import shares
from mlops_drift.monitors.pictures import Panel

_MAX_BINS = 16
_MAX_LABEL_LENGTH = 16
_MAX_NAME_LENGTH = 30


def comparison_chart(panels: Sequence[Panel]) -> bytes:
    r"""Draws the shares of the bins of some columns in the reference and in a window.

    Of many bins the 16 are shown whose shares changed most.

    Args:
        panels: the columns, one above the other.

    Returns:
        A PNG of 480 pixels by 240 for each panel.

    >>> from mlops_drift.drift.reference import ColumnReference
    >>> column = ColumnReference("numeric", np.array([5, 5, 0, 0, 0]), values=(0.0, 1.0))
    >>> panel = Panel("x", "reference and today", column, column.counts, np.array([2, 7, 0, 0, 1]))
    >>> comparison_chart([panel])[:4]
    b'\x89PNG'
    """
    # The object interface: pyplot would keep every figure of a long-running process.
    from matplotlib.figure import Figure

    height = 2.4 * len(panels)
    figure = Figure(figsize=(4.8, height), dpi=100)
    # Fixed margins: an automatic layout draws everything twice.
    figure.subplots_adjust(
        left=0.1, right=0.98, top=1 - 0.29 / height, bottom=0.72 / height, hspace=0.7
    )
    for number, panel in enumerate(panels, start=1):
        _draw(figure.add_subplot(len(panels), 1, number), panel, with_legend=number == 1)
    png = BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


def _draw(axes: Any, panel: Panel, *, with_legend: bool) -> None:
    before, after = (100 * shares(rows) for rows in (panel.past, panel.counts))
    filled = np.flatnonzero(before + after)
    by_change = np.argsort(-np.abs(after - before)[filled], kind="stable")
    shown = np.sort(filled[by_change[:_MAX_BINS]])
    positions, labels = np.arange(len(shown)), panel.column.labels
    axes.bar(positions - 0.2, before[shown], width=0.4, color="#9aa5b1", label="reference")
    axes.bar(positions + 0.2, after[shown], width=0.4, color="#d9480f", label="window")
    axes.set_xticks(
        positions,
        [_short(labels[number], _MAX_LABEL_LENGTH) for number in shown],
        rotation=35,
        ha="right",
        rotation_mode="anchor",
        # A dollar sign in the data is not a formula.
        parse_math=False,
    )
    axes.tick_params(labelsize=7)
    axes.set_ylabel("share, %", fontsize=7)
    title = f"{_short(panel.name, _MAX_NAME_LENGTH)}: {panel.title}"
    axes.set_title(title, fontsize=8, loc="left", parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    if with_legend:
        axes.legend(fontsize=7, frameon=False)


def _short(text: str, longest: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
