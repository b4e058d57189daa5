"""Performance by production day: realized with its interval, and estimated."""

from io import BytesIO
from math import isnan, nan

from mlops_drift.monitors.pictures import History


def performance_chart(history: History) -> bytes:
    """Draws the days of a version with their limits, as a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 2.8), dpi=80)
    # Fixed margins: an automatic layout draws everything twice.
    figure.subplots_adjust(left=0.08, right=0.98, top=0.9, bottom=0.22)
    axes = figure.subplots()
    names = [str(point.day)[5:] for point in history.points]
    realized, lower, upper, estimated = (
        [nan if (value := getattr(point, name)) is None else value for point in history.points]
        for name in ("realized", "lower", "upper", "estimated")
    )
    places = list(range(len(history.points)))
    shown = [i for i in places if not isnan(realized[i])]
    axes.plot(
        shown,
        [realized[i] for i in shown],
        marker="o",
        color="#2b6cb0",
        label=f"{history.metric} of version {history.version}",
    )
    axes.fill_between(
        shown,
        [lower[i] for i in shown],
        [upper[i] for i in shown],
        color="#2b6cb0",
        alpha=0.15,
        linewidth=0,
        label="95 % interval",
    )
    axes.plot(
        places,
        estimated,
        color="#b7791f",
        linestyle="-.",
        linewidth=1,
        label="estimated without labels",
    )
    if history.test_value == history.test_value:
        axes.axhline(history.test_value, color="#718096", linestyle=":", label="on its test split")
    if history.threshold == history.threshold:
        axes.axhline(history.threshold, color="#c53030", linestyle="--", label="limit")
    ticks = places[:: max(1, len(history.points) // 15)]
    axes.set_xticks(ticks, [names[i] for i in ticks])
    axes.set_title(f"{history.metric} by production day", fontsize=9)
    axes.tick_params(axis="x", labelrotation=60, labelsize=7)
    axes.tick_params(axis="y", labelsize=7)
    axes.legend(fontsize=7)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
