"""The picture of distributions side by side."""

from io import BytesIO

from mlops_drift.charts.gates.canvas import BLUE, GREY, canvas, short
from mlops_drift.learning.gates.pictures import Shares


def shares_chart(picture: Shares) -> bytes:
    r"""Draws the share of each class or bin, a bar for each distribution.

    >>> shares_chart(Shares("shares", ["no", "yes"], {"labels": [0.3, 0.7]}))[:4]
    b'\x89PNG'
    """
    png = BytesIO()
    places, width = range(len(picture.names)), 0.8 / len(picture.series)
    with canvas(picture.title, png) as axes:
        for number, ((name, shares), color) in enumerate(
            zip(picture.series.items(), (GREY, BLUE), strict=False)
        ):
            offset = (number - (len(picture.series) - 1) / 2) * width
            axes.bar(
                [place + offset for place in places],
                [100 * share for share in shares],
                width,
                color=color,
                label=name,
            )
        axes.set_xticks(places, short(picture.names), rotation=20, parse_math=False)
        axes.set_ylabel("share, %", fontsize=7)
        axes.set_ylim(bottom=0)
        if len(picture.series) > 1:
            axes.legend(fontsize=7)
    return png.getvalue()
