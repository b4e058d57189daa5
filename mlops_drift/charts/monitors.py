"""Draws the picture of a check."""

from mlops_drift.charts.drift import comparison_chart
from mlops_drift.charts.performance import performance_chart
from mlops_drift.monitors.pictures import History, Picture


def draw(picture: Picture) -> bytes:
    """A PNG of what a check shows."""
    if isinstance(picture, History):
        return performance_chart(picture)
    return comparison_chart(picture)
