"""Champion and challenger by production day."""

from mlops_drift.charts.axis import days
from mlops_drift.charts.plot import Line, Plot
from mlops_drift.charts.svg import svg
from mlops_drift.lifecycle.shadow.scoring import ShadowDay


def shadow_chart(measured: ShadowDay) -> str | None:
    """The metric of both over the production days with labels, as SVG; None without any."""
    if not measured.days:
        return None
    shadow, found = measured.shadow, measured.days
    x = [day.day.toordinal() for day in found]
    champion = [*zip(x, (day.champion for day in found), strict=True)]
    challenger = [*zip(x, (day.challenger for day in found), strict=True)]
    marks = [
        Line(f"champion, version {shadow.champion}", "blue", champion, "round"),
        Line(f"challenger, version {shadow.challenger}", "amber dashed", challenger, "square"),
    ]
    title = f"{measured.windows[0].metric} by production day, on the same events"
    return svg([Plot(title, marks, days(day.day for day in found))])
