"""The picture of what scores promised and what came true."""

from io import BytesIO

from mlops_drift.charts.gates.canvas import BLUE, GREY, canvas
from mlops_drift.learning.gates.pictures import Curve


def curve_chart(picture: Curve) -> bytes:
    r"""Draws one point a bin, and the line on which perfect scores lie.

    >>> curve_chart(Curve([0.2, 0.8], [0.1, 0.9], [50, 50]))[:4]
    b'\x89PNG'
    """
    png = BytesIO()
    with canvas("what scores promised and what came true, by bin", png) as axes:
        ends = [*picture.promised, *picture.found]
        axes.plot(
            [min(ends), max(ends)],
            [min(ends), max(ends)],
            color=GREY,
            linestyle=":",
            label="as promised",
        )
        label = f"{len(picture.counts)} bins of {min(picture.counts)} rows or more"
        axes.plot(picture.promised, picture.found, marker="o", color=BLUE, label=label)
        axes.set_xlabel("promised", fontsize=7)
        axes.set_ylabel("found", fontsize=7)
        axes.legend(fontsize=7)
    return png.getvalue()
