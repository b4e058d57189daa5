"""The picture of a number against its limit."""

from io import BytesIO
from math import isfinite

from mlops_drift.charts.gates.canvas import BLUE, GREY, RED, canvas
from mlops_drift.learning.gates.pictures import Limit


def limit_chart(picture: Limit) -> bytes:
    r"""Draws the number with its interval, and the limit with the side that is accepted.

    >>> limit_chart(Limit("test f1", 0.6, 0.55, True, 0.5, 0.7))[:4]
    b'\x89PNG'
    """
    png = BytesIO()
    with canvas(picture.label, png, left=0.05) as axes:
        if isfinite(picture.lower) and isfinite(picture.upper):
            axes.plot(
                [picture.lower, picture.upper], [0, 0], color=GREY, lw=6, label="95 % interval"
            )
        axes.plot([picture.value], [0], "o", color=BLUE, markersize=9, label=f"{picture.value:.4g}")
        side = "at least" if picture.at_least else "at most"
        axes.axvline(picture.limit, color=RED, linestyle="--", label=f"{side} {picture.limit:.4g}")
        axes.margins(x=0.15)
        axes.set_yticks([])
        axes.legend(fontsize=7, loc="upper right")
    return png.getvalue()
