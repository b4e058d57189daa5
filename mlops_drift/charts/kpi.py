"""The KPI of a model over its production days, with the versions and what made them."""

from mlops_drift.charts.figure import RED, add_axes, as_png, new_figure
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.timeline import Timeline

COLOURS = ("#2b6cb0", "#2f855a", "#b7791f", "#6b46c1", "#c05621", "#2c7a7b")


def kpi_chart(spec: ModelSpec, timeline: Timeline) -> bytes:
    """The metric of each production day by version, the minimum, and the retrainings, as a PNG."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    figure = new_figure(9, 3.4, dpi=110, left=0.06, top=0.9, bottom=0.14)
    axes = add_axes(figure, f"{spec.name}: {spec.training.metric} by production day")
    for number, version in enumerate(sorted({row["version"] for row in timeline.kpi})):
        mine = [row for row in timeline.kpi if row["version"] == version]
        axes.plot(
            [row["day"] for row in mine],
            [row["value"] for row in mine],
            marker="o",
            markersize=3.5,
            color=COLOURS[number % len(COLOURS)],
            label=f"version {version}",
        )
    floor = spec.monitors.performance.floor
    if floor is not None:
        axes.axhline(floor, color=RED, linestyle="--", linewidth=1, label="floor")
    for decision in timeline.decisions:
        axes.axvline(decision["day"], color="#a0aec0", linestyle=":", linewidth=1)
        axes.annotate(
            f"{decision['action']}: {', '.join(decision['rules'])}",
            (decision["day"], 0.02),
            xycoords=("data", "axes fraction"),
            rotation=90,
            fontsize=7,
            color="#4a5568",
            ha="left",
            va="bottom",
        )
    locator = AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.legend(fontsize=8, frameon=False, loc="lower center", ncols=2)
    return as_png(figure)
