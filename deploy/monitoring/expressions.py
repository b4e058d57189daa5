"""PromQL that dashboards and alerts share, and the limits of the alerts."""

# Of requests that are answered as they should be, 99 % within so many seconds.
P99_SECONDS = 0.1
# Of all requests, so many may not be answered because of the service itself.
ERROR_SHARE = 0.01
# Of all rows, so many may be answered by the rules.
RULES_SHARE = 0.05
# A day's records are shipped once a day.
UNSHIPPED_SECONDS = 36 * 3600
DISK_FREE_SHARE = 0.1
# From the end of the last day on: one whole day is missing then.
STALE_SECONDS = 2 * 86400

# A share or a quantile of fewer is chance.
FEWEST_REQUESTS = 100
FEWEST_ERRORS = 5

_FAULTS = 'outcome=~"error|unavailable|overloaded"'


def requests(labels: str, window: str, by: str = "model") -> str:
    """Requests a second."""
    return f"sum by ({by}) (rate(mlops_drift_requests_total{{{labels}}}[{window}]))"


def error_share(labels: str, window: str) -> str:
    """The share of requests that failed because of the service; none without requests."""
    some = f"{labels}, {_FAULTS}" if labels else _FAULTS
    return f"{requests(some, window)} / ({requests(labels, window)} > 0)"


def errors(window: str) -> str:
    """How many requests failed because of the service."""
    return f"sum by (model) (increase(mlops_drift_requests_total{{{_FAULTS}}}[{window}]))"


def latency(quantile: float, labels: str, window: str) -> str:
    """A quantile of the seconds that an answer took."""
    buckets = f"mlops_drift_request_duration_seconds_bucket{{{labels}}}[{window}]"
    return f"histogram_quantile({quantile}, sum by (model, le) (rate({buckets})))"


def rules_share(labels: str, window: str) -> str:
    """The share of rows that the rules answered; 0 where the model answered all, none without rows.

    A series of rows that the rules answered begins with the first of them.
    """
    rows = f"sum by (model) (rate(mlops_drift_predictions_total{{{labels}}}[{window}]))"
    by_rules = f'{labels}, served_by="RULES"' if labels else 'served_by="RULES"'
    ruled = f"sum by (model) (rate(mlops_drift_predictions_total{{{by_rules}}}[{window}]))"
    return f"({ruled} or 0 * {rows}) / ({rows} > 0)"


DISK_FREE = "mlops_drift_disk_free_bytes / mlops_drift_disk_size_bytes"
