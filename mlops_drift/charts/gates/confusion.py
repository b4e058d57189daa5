"""The picture of what was predicted as what."""

from io import BytesIO

import numpy as np

from mlops_drift.charts.gates.canvas import canvas, short
from mlops_drift.learning.gates.pictures import Confusion


def confusion_chart(picture: Confusion) -> bytes:
    r"""Draws the counts with the truth in the rows, shaded by their share of the row.

    >>> confusion_chart(Confusion(["no", "yes"], [[90, 10], [5, 20]]))[:4]
    b'\x89PNG'
    """
    png = BytesIO()
    counts = np.array(picture.counts)
    of_row = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    places = range(len(picture.classes))
    with canvas("test rows: truth in rows, prediction in columns", png, left=0.27) as axes:
        axes.imshow(of_row, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for row in places:
            for column in places:
                axes.text(
                    column,
                    row,
                    str(counts[row, column]),
                    ha="center",
                    va="center",
                    fontsize=8,
                    color="white" if of_row[row, column] > 0.5 else "black",
                )
        axes.set_xticks(places, short(picture.classes), parse_math=False)
        axes.set_yticks(places, short(picture.classes), parse_math=False)
    return png.getvalue()
