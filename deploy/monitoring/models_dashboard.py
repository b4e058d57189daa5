"""The dashboard of the models: their checks, drift, performance, versions and freshness."""

import expressions as promql
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import stat
from panels import (
    GREEN,
    GREY,
    HALF,
    ORANGE,
    QUARTER,
    RED,
    Limits,
    dashboard,
    lines,
    number,
    rows,
    states,
)

OF_MODEL = 'model=~"$model"'
STATUS = f"mlops_drift_check_status{{{OF_MODEL}}}"
TEXTS = {"0": ("pass", GREEN), "1": ("unknown", GREY), "2": ("fail", RED)}


def models_dashboard() -> build.Dashboard:
    """What the last day says about each model."""
    return (
        dashboard(
            "mlops-drift-models",
            "mlops_drift: models",
            "What `mlops-drift exporter` reads of the lake: one value a day, held until the next.",
            "mlops_drift_exporter_up",
        )
        .time("now-30d", "now")
        .with_row(build.Row("Last day"))
        .with_panel(_checks("failed", 2, RED))
        .with_panel(_checks("unknown", 1, ORANGE))
        .with_panel(_checks("passed", 0, GREEN))
        .with_panel(
            number(
                "Challenger waits",
                "Whether a challenger waits for a person: `mlops-drift approve` or `reject`.",
                "none",
                f"mlops_drift_challenger_waiting{{{OF_MODEL}}}",
                texts={"0": ("none", GREEN), "1": ("waits", ORANGE)},
            )
        )
        .with_panel(
            states(
                "Checks",
                "The verdict of each check. Unknown is neither: nothing could be judged.",
                "{{model}} {{check}}",
                STATUS,
                TEXTS,
            )
        )
        .with_row(build.Row("Drift"))
        .with_panel(
            lines(
                "Drift in units of the limit",
                "The worst window of each column. From 1 on a check fails, if the difference is "
                "significant too.",
                "none",
                {
                    "{{model}} {{column}}": "max by (model, column) "
                    f"(mlops_drift_drift_score{{{OF_MODEL}}} / mlops_drift_drift_limit)"
                },
                1,
            )
        )
        .with_panel(
            rows(
                "Columns by window",
                "The distance from the baseline, and the limit.",
                {
                    "distance": f"mlops_drift_drift_score{{{OF_MODEL}}}",
                    "limit": f"mlops_drift_drift_limit{{{OF_MODEL}}}",
                },
                ("model", "column", "window"),
            )
        )
        .with_row(build.Row("Performance"))
        .with_panel(
            lines(
                "Metric",
                "Of the serving version, in the last window of so many days that has labels.",
                "none",
                {
                    "{{model}} {{metric}}, {{window}} days": (
                        f"mlops_drift_metric_value{{{OF_MODEL}}}"
                    )
                },
            )
        )
        .with_panel(
            rows(
                "Metrics and limits",
                "A metric without a limit is measured, not judged.",
                {
                    "value": f"mlops_drift_metric_value{{{OF_MODEL}}}",
                    "limit": f"mlops_drift_metric_limit{{{OF_MODEL}}}",
                },
                ("model", "metric", "window"),
            )
        )
        .with_row(build.Row("Versions and days"))
        .with_panel(
            rows(
                "Champions",
                "The version that was promoted last, and its training set.",
                {"champion": f"mlops_drift_champion_info{{{OF_MODEL}}}"},
                ("model", "version", "training_set"),
            ).span(HALF)
        )
        .with_panel(
            lines(
                "Age of the last day",
                "Time since the end of the last day of each asset; the line is the alert's.",
                "s",
                {
                    "{{model}} {{asset}}": (
                        f"time() - mlops_drift_last_day_timestamp_seconds{{{OF_MODEL}}}"
                    )
                },
                promql.STALE_SECONDS,
            )
        )
        .with_panel(
            number(
                "Tables",
                "Whether the exporter can read the tables of the model.",
                "none",
                f"mlops_drift_exporter_up{{{OF_MODEL}}}",
                texts={"0": ("unreadable", RED), "1": ("readable", GREEN)},
            ).span(HALF)
        )
        .with_panel(
            number(
                "Days until the end",
                "Until the model's `end_date`, after which no data are due; negative after it.",
                "s",
                f"mlops_drift_end_date_timestamp_seconds{{{OF_MODEL}}} - time()",
            ).span(QUARTER)
        )
        .with_panel(
            number(
                "Disk",
                "Free share of the disk that holds the lake and the log.",
                "percentunit",
                promql.DISK_FREE,
                limits=Limits(promql.DISK_FREE_SHARE, RED, GREEN),
            ).span(QUARTER)
        )
    )


def _checks(word: str, status: int, colour: str) -> stat.Panel:
    """How many checks of each model have a status."""
    return number(
        f"Checks {word}",
        f"How many checks are {word} on the last day.",
        "none",
        f"sum by (model) ({STATUS} == bool {status})",
        limits=Limits(1, GREY, colour),
    )
