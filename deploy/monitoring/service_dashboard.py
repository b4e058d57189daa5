"""The dashboard of the service: who asks, who answers, how fast, and where the records are."""

import expressions as promql
from grafana_foundation_sdk.builders import dashboard as build
from panels import (
    GREEN,
    HALF,
    RED,
    THIRD,
    Limits,
    dashboard,
    lines,
    number,
    rows,
)

OF_MODEL = 'model=~"$model"'
WINDOW = "$__rate_interval"


def service_dashboard() -> build.Dashboard:
    """Requests, errors, latency, rules, the log, and who serves."""
    return (
        dashboard(
            "mlops-drift-service",
            "mlops_drift: service",
            "Requests to `mlops-drift serve`, answers, latency, and the log of predictions.",
            "mlops_drift_ready",
        )
        .with_row(build.Row("Now"))
        .with_panel(
            number(
                "Ready",
                "Whether a proven version serves and the log can be written.",
                "none",
                f"mlops_drift_ready{{{OF_MODEL}}}",
                texts={"0": ("not ready", RED), "1": ("ready", GREEN)},
            )
        )
        .with_panel(
            number(
                "Errors",
                "Share of requests that the service could not answer, over five minutes.",
                "percentunit",
                promql.error_share(OF_MODEL, "5m"),
                limits=Limits(promql.ERROR_SHARE),
            )
        )
        .with_panel(
            number(
                "P99",
                "99 % of requests were answered within, over five minutes.",
                "s",
                promql.latency(0.99, OF_MODEL, "5m"),
                limits=Limits(promql.P99_SECONDS),
            )
        )
        .with_panel(
            number(
                "Answered by rules",
                "Share of rows that the rules answered, over five minutes.",
                "percentunit",
                promql.rules_share(OF_MODEL, "5m"),
                limits=Limits(promql.RULES_SHARE),
            )
        )
        .with_row(build.Row("Requests"))
        .with_panel(
            lines(
                "Requests a second",
                "By outcome: `invalid` and `unauthorized` are the client's, the others that are "
                "not `ok` the service's.",
                "reqps",
                {"{{model}} {{outcome}}": promql.requests(OF_MODEL, WINDOW, "model, outcome")},
            )
        )
        .with_panel(
            lines(
                "Errors",
                "Share of requests that the service could not answer; the line is the alert's.",
                "percentunit",
                {"{{model}}": promql.error_share(OF_MODEL, WINDOW)},
                promql.ERROR_SHARE,
            )
        )
        .with_panel(
            lines(
                "Latency",
                "Seconds from the headers of a request to its answer; the line is the alert's, "
                "of P99.",
                "s",
                {
                    f"{{{{model}}}} P{share * 100:g}": promql.latency(share, OF_MODEL, WINDOW)
                    for share in (0.5, 0.95, 0.99)
                },
                promql.P99_SECONDS,
            )
        )
        .with_panel(
            lines(
                "In flight",
                "Requests that are answered now.",
                "none",
                {"{{model}}": f"mlops_drift_requests_in_flight{{{OF_MODEL}}}"},
            )
        )
        .with_row(build.Row("Answers"))
        .with_panel(
            rows(
                "Who serves",
                "The version that answers, and how it scores: `compiled` is the fast way.",
                {"serves": f"mlops_drift_serving_info{{{OF_MODEL}}} == 1"},
                ("model", "version", "scorer"),
            ).span(HALF)
        )
        .with_panel(
            lines(
                "Rows a second",
                "By prediction, by who answered, and by the arm of a rollout.",
                "rowsps",
                {
                    "{{model}} {{prediction}} {{served_by}} {{arm}}": "sum by (model, prediction, "
                    f"served_by, arm) (rate(mlops_drift_predictions_total{{{OF_MODEL}}}[{WINDOW}]))"
                },
            )
        )
        .with_panel(
            lines(
                "Answered by rules",
                "Share of rows that the rules answered; the line is the alert's.",
                "percentunit",
                {"{{model}}": promql.rules_share(OF_MODEL, WINDOW)},
                promql.RULES_SHARE,
            ).span(THIRD)
        )
        .with_panel(
            lines(
                "Why the rules answered",
                "Rows a second by reason.",
                "rowsps",
                {
                    "{{model}} {{reason}}": "sum by (model, reason) "
                    f"(rate(mlops_drift_fallbacks_total{{{OF_MODEL}}}[{WINDOW}]))"
                },
            ).span(THIRD)
        )
        .with_panel(
            lines(
                "Ignored columns a second",
                "Columns of requests that the model does not declare.",
                "none",
                {
                    "{{model}}": "sum by (model) "
                    f"(rate(mlops_drift_ignored_columns_total{{{OF_MODEL}}}[{WINDOW}]))"
                },
            ).span(THIRD)
        )
        .with_row(build.Row("Log of predictions"))
        .with_panel(
            lines(
                "Written a second",
                "Bytes of records.",
                "Bps",
                {
                    "{{model}}": "sum by (model) "
                    f"(rate(mlops_drift_log_written_bytes_total{{{OF_MODEL}}}[{WINDOW}]))"
                },
            ).span(THIRD)
        )
        .with_panel(
            lines(
                "Not in the lake yet",
                "Bytes of records.",
                "bytes",
                {"{{model}}": f"mlops_drift_log_unshipped_bytes{{{OF_MODEL}}}"},
            ).span(THIRD)
        )
        .with_panel(
            lines(
                "Age of the oldest record that is not in the lake",
                "Segments are shipped once a day; the line is the alert's.",
                "s",
                {"{{model}}": f"mlops_drift_log_unshipped_seconds{{{OF_MODEL}}}"},
                promql.UNSHIPPED_SECONDS,
            ).span(THIRD)
        )
    )
