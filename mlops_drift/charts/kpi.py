"""The KPI of a model over its production days, with the versions and what made them."""

from io import BytesIO

from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.timeline import Timeline

COLOURS = ("#2b6cb0", "#2f855a", "#b7791f", "#6b46c1", "#c05621", "#2c7a7b")


def kpi_chart(spec: ModelSpec, timeline: Timeline) -> bytes:
    """Draws the metric of each production day by version, the floor, and the retrainings.

    Args:
        spec: the model.
        timeline: its story.

    Returns:
        A PNG.
    """
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), dpi=110, layout="constrained")
    axes = figure.subplots()
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
        axes.axhline(floor, color="#c53030", linestyle="--", linewidth=1, label="floor")
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
    axes.set_title(f"{spec.name}: {spec.training.metric} by production day", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False, loc="lower center", ncols=2)
    png = BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()
