"""The picture of a number for each class, slice, column or answer."""

from io import BytesIO

from mlops_drift.charts.gates.canvas import BLUE, RED, canvas, short
from mlops_drift.learning.gates.pictures import Bars


def bars_chart(picture: Bars) -> bytes:
    r"""Draws a horizontal bar for each, the first on top, and the limit.

    >>> bars_chart(Bars("F1 by class", ["no", "yes"], [0.9, 0.4], 0.5))[:4]
    b'\x89PNG'
    """
    png = BytesIO()
    places = range(len(picture.names))
    with canvas(picture.title, png, left=0.27) as axes:
        axes.barh(places, picture.values, color=BLUE, height=0.6)
        axes.axvline(picture.limit, color=RED, linestyle="--", label=f"limit {picture.limit:.4g}")
        axes.set_yticks(places, short(picture.names), parse_math=False)
        axes.invert_yaxis()
        axes.legend(fontsize=7)
    return png.getvalue()
