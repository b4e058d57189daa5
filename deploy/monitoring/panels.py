"""The panels of the dashboards: one look for all."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from grafana_foundation_sdk.builders import (
    common,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import common as look
from grafana_foundation_sdk.models import dashboard as grafana
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = grafana.DataSourceRef(type_val="prometheus", uid="${source}")
# In place of an empty panel, and never 0.
NOTHING = "no data"
GREEN, ORANGE, RED, GREY = "green", "orange", "red", "#808080"

# The width of a dashboard has 24 columns.
WHOLE, HALF, THIRD, QUARTER = 24, 12, 8, 6


class Limits(NamedTuple):
    """The colours of numbers: from a limit on, in another one than below."""

    limit: float
    below: str = GREEN
    beyond: str = RED


def dashboard(uid: str, title: str, about: str, models: str) -> build.Dashboard:
    """An empty dashboard about the models that a metric has."""
    return (
        build.Dashboard(title)
        .uid(uid)
        .description(about)
        .tags(["mlops_drift"])
        .refresh("30s")
        .timezone("browser")
        .with_variable(build.DatasourceVariable("source").label("Data source").type("prometheus"))
        .with_variable(
            build.QueryVariable("model")
            .label("Model")
            .datasource(SOURCE)
            .query(f"label_values({models}, model)")
            .refresh(grafana.VariableRefresh.ON_TIME_RANGE_CHANGED)
            .multi(True)
            .include_all(True)
            .current(grafana.VariableOption(selected=True, text="All", value="$__all"))
        )
    )


def lines(
    title: str, about: str, unit: str, queries: Mapping[str, str], limit: float | None = None
) -> timeseries.Panel:
    """Values over time; by the legend of its series the expression. A limit is drawn as a line."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .unit(unit)
        .span(HALF)
        .height(8)
        .no_value(NOTHING)
        .fill_opacity(8)
        .show_points(look.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .display_mode(look.LegendDisplayMode.LIST)
            .placement(look.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
    )
    for query in _queries(queries):
        panel.with_target(query)
    if limit is not None:
        panel.thresholds(_steps(Limits(limit, "transparent"))).thresholds_style(
            common.GraphThresholdsStyleConfig().mode(look.GraphTresholdsStyleMode.DASHED)
        )
    return panel


def number(
    title: str,
    about: str,
    unit: str,
    expression: str,
    *,
    limits: Limits | None = None,
    texts: Mapping[str, tuple[str, str]] | None = None,
) -> stat.Panel:
    """The value of each model now; values may be shown as a text in a colour."""
    panel = (
        stat.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .unit(unit)
        .span(QUARTER)
        .height(4)
        .no_value(NOTHING)
        .graph_mode(look.BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .text_mode(look.BigValueTextMode.VALUE_AND_NAME)
        .with_target(_query("A", "{{model}}", expression).instant())
    )
    if limits:
        panel.thresholds(_steps(limits))
    if texts:
        panel.mappings([_texts(texts)]).color_mode(look.BigValueColorMode.BACKGROUND)
    return panel


def states(
    title: str, about: str, legend: str, expression: str, texts: Mapping[str, tuple[str, str]]
) -> statetimeline.Panel:
    """States over time, each with its text and colour."""
    return (
        statetimeline.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .span(WHOLE)
        .height(9)
        .no_value(NOTHING)
        .mappings([_texts(texts)])
        .with_target(_query("A", legend, expression))
    )


def rows(
    title: str, about: str, queries: Mapping[str, str], columns: Sequence[str], unit: str = "none"
) -> table.Panel:
    """Series now as rows: some of their labels, and the value of each of several queries."""
    panel = (
        table.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .unit(unit)
        .span(HALF)
        .height(8)
        .no_value(NOTHING)
    )
    names = dict(zip(queries, "ABCDEFGH", strict=False))
    for query in _queries(queries):
        panel.with_target(query.instant().format(PromQueryFormat.TABLE))
    # Of a single query the rows are what counts: its values are all 1.
    values = {f"Value #{ref}": name for name, ref in names.items()} if len(names) > 1 else {}
    shown = [*columns, *values]
    panel.with_transformation(grafana.DataTransformerConfig(id_val="merge", options={}))
    panel.with_transformation(
        grafana.DataTransformerConfig(
            id_val="filterFieldsByName", options={"include": {"names": shown}}
        )
    )
    return panel.with_transformation(
        grafana.DataTransformerConfig(
            id_val="organize",
            options={
                "indexByName": {name: place for place, name in enumerate(shown)},
                "renameByName": values,
            },
        )
    )


def _queries(queries: Mapping[str, str]) -> list[prometheus.Dataquery]:
    named = zip("ABCDEFGH", queries.items(), strict=False)
    return [_query(ref, legend, expression) for ref, (legend, expression) in named]


def _query(ref: str, legend: str, expression: str) -> prometheus.Dataquery:
    query = prometheus.Dataquery().ref_id(ref).datasource(SOURCE)
    return query.expr(" ".join(expression.split())).legend_format(legend)


def _steps(limits: Limits) -> build.ThresholdsConfig:
    return (
        build.ThresholdsConfig()
        .mode(grafana.ThresholdsMode.ABSOLUTE)
        .steps(
            [
                grafana.Threshold(value=None, color=limits.below),
                grafana.Threshold(value=limits.limit, color=limits.beyond),
            ]
        )
    )


def _texts(texts: Mapping[str, tuple[str, str]]) -> grafana.ValueMap:
    return grafana.ValueMap(
        {
            value: grafana.ValueMappingResult(text=text, color=colour, index=place)
            for place, (value, (text, colour)) in enumerate(texts.items())
        }
    )
