"""The picture of a drifted column: reference and window side by side."""

from io import BytesIO

import numpy as np

from mlops_drift.drift.reference import ColumnReference, Counts

_MAX_BINS = 16
_MAX_LABEL_LENGTH = 16


def comparison_chart(column: ColumnReference, name: str, counts: Counts, title: str) -> bytes:
    r"""Draws the shares of a column's bins in the reference and in a window.

    Of many bins the 16 are shown whose shares changed most.

    Args:
        column: the column's bins and reference counts.
        name: name of the column, written under the axis.
        counts: rows of the window per bin, in the order of `column.labels`.
        title: line above the chart.

    Returns:
        A PNG of 480 x 240 pixels.

    >>> column = ColumnReference("numeric", np.array([5, 5, 0, 0, 0]), values=(0.0, 1.0))
    >>> comparison_chart(column, "x", np.array([2, 7, 0, 0, 1]), "x moved")[:4]
    b'\x89PNG'
    """
    # The object interface: pyplot would keep every figure of a long-running process.
    from matplotlib.figure import Figure

    before, after = (100 * rows / max(int(rows.sum()), 1) for rows in (column.counts, counts))
    filled = np.flatnonzero(before + after)
    by_change = np.argsort(-np.abs(after - before)[filled], kind="stable")
    shown = np.sort(filled[by_change[:_MAX_BINS]])
    positions = np.arange(len(shown))

    figure = Figure(figsize=(4.8, 2.4), dpi=100)
    # Fixed margins: an automatic layout draws everything twice.
    figure.subplots_adjust(left=0.1, right=0.98, top=0.88, bottom=0.3)
    axes = figure.add_subplot()
    axes.bar(positions - 0.2, before[shown], width=0.4, color="#9aa5b1", label="reference")
    axes.bar(positions + 0.2, after[shown], width=0.4, color="#d9480f", label="window")
    axes.set_xticks(
        positions,
        [_short(column.labels[number]) for number in shown],
        rotation=35,
        ha="right",
        rotation_mode="anchor",
        # A dollar sign in the data is not a formula.
        parse_math=False,
    )
    axes.tick_params(labelsize=7)
    axes.set_ylabel("share, %", fontsize=7)
    axes.set_xlabel(name, fontsize=7, parse_math=False)
    axes.set_title(title, fontsize=8, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=7, frameon=False)

    png = BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


def _short(label: str) -> str:
    line = " ".join(label.split())
    return line if len(line) <= _MAX_LABEL_LENGTH else f"{line[: _MAX_LABEL_LENGTH - 1]}…"
