"""From the data of a picture to the picture."""

from typing import assert_never

from mlops_drift.charts.gates.bars import bars_chart
from mlops_drift.charts.gates.confusion import confusion_chart
from mlops_drift.charts.gates.curve import curve_chart
from mlops_drift.charts.gates.differences import differences_chart
from mlops_drift.charts.gates.limit import limit_chart
from mlops_drift.charts.gates.shares import shares_chart
from mlops_drift.learning.gates.pictures import (
    Bars,
    Confusion,
    Curve,
    Differences,
    Limit,
    Picture,
    Shares,
)


def draw(picture: Picture) -> bytes:
    r"""Draws a picture as a PNG.

    >>> draw(Shares("shares", ["no", "yes"], {"labels": [0.3, 0.7]}))[:4]
    b'\x89PNG'
    """
    match picture:
        case Limit():
            return limit_chart(picture)
        case Curve():
            return curve_chart(picture)
        case Shares():
            return shares_chart(picture)
        case Bars():
            return bars_chart(picture)
        case Differences():
            return differences_chart(picture)
        case Confusion():
            return confusion_chart(picture)
        case _:
            assert_never(picture)
