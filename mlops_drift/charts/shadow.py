"""Champion and challenger by production day."""

from mlops_drift.charts.figure import BLUE, OCHRE, add_axes, as_png, new_figure, show_days
from mlops_drift.lifecycle.shadow.scoring import ShadowDay


def shadow_chart(measured: ShadowDay) -> bytes | None:
    """The metric of both over the production days with labels, as a PNG; None without any."""
    if not measured.days:
        return None
    shadow, metric = measured.shadow, measured.windows[0].metric
    figure = new_figure(6, 2.4, left=0.08, bottom=0.26)
    axes = add_axes(figure, f"{metric} by production day, on the same events")
    for name, version, color, style in (
        ("champion", shadow.champion, BLUE, "-"),
        ("challenger", shadow.challenger, OCHRE, "--"),
    ):
        values = [getattr(day, name) for day in measured.days]
        label = f"{name}, version {version}"
        axes.plot(values, marker="o", markersize=4, color=color, ls=style, label=label)
    show_days(axes, [day.day for day in measured.days])
    axes.legend(fontsize=7)
    return as_png(figure)
