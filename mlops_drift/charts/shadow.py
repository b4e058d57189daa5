"""Champion and challenger by production day."""

from io import BytesIO

from mlops_drift.lifecycle.shadow.scoring import ShadowDay


def shadow_chart(measured: ShadowDay) -> bytes | None:
    """Draws the metric of both over the production days that have labels; None without any.

    Returns:
        A PNG.
    """
    if not measured.days:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 2.4), dpi=80)
    # Fixed margins: an automatic layout draws everything twice.
    figure.subplots_adjust(left=0.08, right=0.98, top=0.88, bottom=0.26)
    axes = figure.subplots()
    places = list(range(len(measured.days)))
    shadow, metric = measured.shadow, measured.windows[0].metric
    lines = (
        (f"champion, version {shadow.champion}", "#2b6cb0", "-", "champion"),
        (f"challenger, version {shadow.challenger}", "#b7791f", "--", "challenger"),
    )
    for label, colour, style, name in lines:
        values = [getattr(day, name) for day in measured.days]
        axes.plot(places, values, marker="o", markersize=4, color=colour, ls=style, label=label)
    ticks = places[:: max(1, len(places) // 15)]
    axes.set_xticks(ticks, [str(measured.days[i].day)[5:] for i in ticks])
    axes.set_title(f"{metric} by production day, on the same events", fontsize=9)
    axes.tick_params(axis="x", labelrotation=60, labelsize=7)
    axes.tick_params(axis="y", labelsize=7)
    axes.legend(fontsize=7)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
