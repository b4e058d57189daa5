"""The KPI of a model over its production days, with the versions and what made them."""

from mlops_drift.charts.axis import days
from mlops_drift.charts.plot import Line, Mark, Plot, Rule
from mlops_drift.charts.svg import svg
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.timeline import Timeline

# Neighbours differ in more than their colour.
_STYLES = ("blue", "round"), ("green", "square"), ("amber", "round"), ("grey", "square")


def kpi_chart(spec: ModelSpec, timeline: Timeline) -> str:
    """The metric of each production day by version, the minimum, and the retrainings, as SVG."""
    marks: list[Mark] = []
    for number, version in enumerate(sorted({row["version"] for row in timeline.kpi})):
        style, dots = _STYLES[number % len(_STYLES)]
        mine = [row for row in timeline.kpi if row["version"] == version]
        points = [(row["day"].toordinal(), row["value"]) for row in mine]
        marks.append(Line(f"version {version}", style, points, dots))
    floor = spec.monitors.performance.floor
    if floor is not None:
        marks.append(Rule("floor", "red dashed", floor))
    decisions = [
        (row["day"].toordinal(), f"{row['action']}: {', '.join(row['rules'])}")
        for row in timeline.decisions
    ]
    shown = [row["day"] for row in (*timeline.kpi, *timeline.decisions)]
    title = f"{spec.name}: {spec.training.metric} by production day"
    return svg([Plot(title, marks, days(shown), notes=decisions)])
