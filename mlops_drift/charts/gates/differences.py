"""The picture of resampled differences of two models."""

from io import BytesIO

from mlops_drift.charts.gates.canvas import BLUE, GREY, RED, canvas
from mlops_drift.learning.gates.pictures import Differences


def differences_chart(picture: Differences) -> bytes:
    r"""Draws a histogram of the differences, the observed one, and the limit.

    >>> differences_chart(Differences("accuracy", [0.01, 0.02, 0.02], 0.02, 0.0))[:4]
    b'\x89PNG'
    """
    png = BytesIO()
    with canvas(picture.title, png) as axes:
        axes.hist(picture.differences, bins=30, color=GREY)
        observed = f"observed {picture.observed:+.4g}"
        axes.axvline(picture.observed, color=BLUE, label=observed)
        axes.axvline(picture.limit, color=RED, linestyle="--", label=f"limit {picture.limit:+.4g}")
        axes.set_ylabel("resamples", fontsize=7)
        axes.legend(fontsize=7)
    return png.getvalue()
