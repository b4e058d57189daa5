"""The alert rules: what, how much, why it matters, what to do."""

from collections.abc import Sequence
from dataclasses import dataclass

import expressions as promql

from mlops_drift.exporter.reading import DRIFT_CHECKS
from mlops_drift.monitors.registry import MONITORS

GUIDE = "docs/guide/monitoring.md"

# Between the landing of a day and its checks these are unknown for a moment.
_BETWEEN = "30m"
_PERFORMANCE = [one.name for one in MONITORS.values() if one.realized and not one.warns]
_NO_ALARM = [one.name for one in MONITORS.values() if one.warns]


@dataclass(frozen=True)
class Alert:
    """A rule: a value that is compared with a limit.

    Attributes:
        wait: how long it must hold before the alert fires.
        hold: how long it fires on after it no longer holds.
        is_critical: whether somebody should look at once.
        summary: what, and how much.
        impact: why it matters.
        action: what to do.
    """

    name: str
    value: str
    limit: str
    summary: str
    impact: str
    action: str
    wait: str = ""
    hold: str = ""
    is_critical: bool = False

    def rule(self) -> dict[str, object]:
        """As Prometheus has it."""
        return {
            "alert": self.name,
            "expr": f"({self.value}) {self.limit}",
            **({"for": self.wait} if self.wait else {}),
            **({"keep_firing_for": self.hold} if self.hold else {}),
            "labels": {"severity": "critical" if self.is_critical else "warning"},
            "annotations": {
                "summary": self.summary,
                "impact": self.impact,
                "action": self.action,
                "docs": f"{GUIDE}#alerts",
            },
        }


def _among(names: Sequence[str]) -> str:
    return "|".join(names)


def _enough(value: str, window: str) -> str:
    """A value that only many requests tell."""
    asked = f"sum by (model) (increase(mlops_drift_requests_total[{window}]))"
    return f"{value} and {asked} >= {promql.FEWEST_REQUESTS}"


def _listed(series: str, shown: str) -> str:
    """What Prometheus puts into a message for each series of the model."""
    return f'{{{{ range printf "{series}" $labels.model | query }}}}{shown}{{{{ end }}}}'


_SERVICE = (
    Alert(
        "MlopsDriftServiceDown",
        'up{job="service"}',
        "== 0",
        "The service at {{ $labels.instance }} does not answer",
        "Clients get no predictions, not even those of the rules.",
        "Read the log of the process and start it again; what it answered before is in its log.",
        wait="10s",
        is_critical=True,
    ),
    Alert(
        "MlopsDriftNotReady",
        "mlops_drift_ready",
        "== 0",
        "The service is not ready to answer for {{ $labels.model }}",
        "Requests get 503: there is no proven version, or the log cannot be written.",
        "GET /ready says which; promote a version, or free the disk.",
        wait="10s",
        is_critical=True,
    ),
    Alert(
        "MlopsDriftServingStale",
        "mlops_drift_serving_stale",
        "== 1",
        "Another version than the one that serves should answer for {{ $labels.model }}",
        "Who served before still answers: a promotion or a rollback has not reached the service.",
        "GET /ready has the warning, the log of the service the reason: a damaged version, or a "
        "lake that cannot be read.",
        wait="1m",
    ),
    Alert(
        "MlopsDriftErrors",
        f"{promql.error_share('', '5m')} and {promql.errors('5m')} >= {promql.FEWEST_ERRORS}",
        f"> {promql.ERROR_SHARE}",
        "{{ $value | humanizePercentage }} of the requests for {{ $labels.model }} failed in five "
        f"minutes (limit {promql.ERROR_SHARE:.0%})",
        "These clients got an error in place of a prediction.",
        "See the outcomes: `overloaded` needs more workers, `unavailable` a version or disk, "
        "`error` the log of the service.",
        is_critical=True,
    ),
    Alert(
        "MlopsDriftSlow",
        _enough(promql.latency(0.99, "", "5m"), "5m"),
        f"> {promql.P99_SECONDS}",
        "One request in a hundred for {{ $labels.model }} takes longer than "
        f"{{{{ $value | humanizeDuration }}}} (limit {promql.P99_SECONDS * 1000:g} ms)",
        "Clients with a deadline give up, or fall back to something else.",
        "Compare requests a second with those before, see the scorer of the version (`pipeline` is "
        "slow), and add workers.",
        wait="2m",
    ),
    Alert(
        "MlopsDriftRulesShare",
        _enough(promql.rules_share("", "5m"), "5m"),
        f"> {promql.RULES_SHARE}",
        "The rules answered {{ $value | humanizePercentage }} of the rows for {{ $labels.model }} "
        f"in five minutes (limit {promql.RULES_SHARE:.0%})",
        "The rules know less than the model: these answers are worse, and labels teach nothing "
        "about the version.",
        "See the reasons: one column out of its range is a feed to repair, errors and time-outs "
        "are the version's.",
        wait="2m",
    ),
    Alert(
        "MlopsDriftLogUnshipped",
        "mlops_drift_log_unshipped_seconds",
        f"> {promql.UNSHIPPED_SECONDS}",
        "The oldest record of {{ $labels.model }} outside the lake is "
        "{{ $value | humanizeDuration }} old "
        f"(limit {promql.UNSHIPPED_SECONDS // 3600} hours)",
        "Checks judge days without these events, and the disk fills.",
        "See whether the daily job runs and why it fails; nothing is lost meanwhile.",
        wait="5m",
    ),
    Alert(
        "MlopsDriftDisk",
        promql.DISK_FREE,
        f"< {promql.DISK_FREE_SHARE}",
        "{{ $value | humanizePercentage }} of the disk of the data folder is free "
        f"(limit {promql.DISK_FREE_SHARE:.0%})",
        "The service stops to answer before the disk is full, since it records before it answers.",
        "Free some: `mlops-drift cleanup MODEL` shows what can be deleted.",
        wait="1m",
        is_critical=True,
    ),
)

_DRIFTED = (
    "mlops_drift_drift_score{model='%s'} >= on (model, column, window) mlops_drift_drift_limit"
)
_MEASURED = "mlops_drift_metric_value{model='%s'}"
# Of a model that has ended no newer day comes.
_GOES_ON = "unless on (model) (mlops_drift_end_date_timestamp_seconds < time())"
_DUE = "events|production_predictions|drift_metrics|performance_metrics"

_MODELS = (
    Alert(
        "MlopsDriftCheckFailed",
        "mlops_drift_check_status"
        f'{{check!~"{_among([*DRIFT_CHECKS, *_PERFORMANCE, *_NO_ALARM])}"}}',
        "== 2",
        "The check {{ $labels.check }} of {{ $labels.model }} failed on its last day",
        "Either the data of the day are not what the model expects, or the model is old.",
        "`mlops-drift status {{ $labels.model }}` has the numbers and their limits, the page of "
        "the check in Dagster what to do.",
        hold=_BETWEEN,
    ),
    Alert(
        "MlopsDriftDrift",
        f'mlops_drift_check_status{{check=~"{_among(DRIFT_CHECKS)}"}}',
        "== 2",
        "The check {{ $labels.check }} of {{ $labels.model }} failed; beyond their limits:"
        + _listed(
            _DRIFTED,
            " {{ .Labels.column }} ({{ .Value | printf `%.3g` }}, {{ .Labels.window }} days)",
        ),
        "The model sees other data than it was trained on, so its test result no longer tells how "
        "good it is.",
        "See first whether the pipeline of the column has changed; else the policy retrains: "
        "`mlops-drift log {{ $labels.model }}`.",
        hold=_BETWEEN,
    ),
    Alert(
        "MlopsDriftPerformance",
        f'mlops_drift_check_status{{check=~"{_among(_PERFORMANCE)}"}}',
        "== 2",
        "The check {{ $labels.check }} of {{ $labels.model }} failed; measured:"
        + _listed(
            _MEASURED,
            " {{ .Labels.metric }} {{ .Value | printf `%.3g` }} ({{ .Labels.window }} days)",
        ),
        "The predictions are worse than accepted, by labels that are known.",
        "See whether the policy retrains: `mlops-drift log {{ $labels.model }}`; if a new version "
        "is to blame: `mlops-drift rollback {{ $labels.model }}`.",
        hold=_BETWEEN,
        is_critical=True,
    ),
    Alert(
        "MlopsDriftStale",
        f'time() - mlops_drift_last_day_timestamp_seconds{{asset=~"{_DUE}"}} {_GOES_ON}',
        f"> {promql.STALE_SECONDS}",
        "{{ $labels.asset }} of {{ $labels.model }} ended {{ $value | humanizeDuration }} ago "
        f"(limit {promql.STALE_SECONDS // 86400} days)",
        "Nobody knows how the model does since then: no check has judged a newer day.",
        "See whether the daily job runs (`make ui`), and whether the source delivers.",
        wait="5m",
    ),
    Alert(
        "MlopsDriftUnknown",
        f"mlops_drift_check_status {_GOES_ON}",
        "== 1",
        "The check {{ $labels.check }} of {{ $labels.model }} could judge nothing for three days",
        "A check that is unknown protects from nothing, and retrains nothing.",
        "`mlops-drift status {{ $labels.model }}` has the reason: too few rows, no labels, a day "
        "without a file.",
        wait="3d",
    ),
    Alert(
        "MlopsDriftNeverRan",
        "mlops_drift_exporter_up unless on (model) mlops_drift_last_day_timestamp_seconds",
        "== 1",
        "{{ $labels.model }} has no day in the lake",
        "Nothing about it is monitored: it never ran, or the exporter reads another data folder.",
        "Run it (`mlops-drift run {{ $labels.model }}`), or correct MLOPS_DRIFT_DATA.",
        wait="1d",
    ),
    Alert(
        "MlopsDriftLakeUnreadable",
        "mlops_drift_exporter_up",
        "== 0",
        "The exporter cannot read the tables of {{ $labels.model }}",
        "No alert about this model can fire, and its daily runs may fail too.",
        "The log of the exporter names the table and what would be right.",
        wait="1m",
        is_critical=True,
    ),
    Alert(
        "MlopsDriftExporterDown",
        'up{job="exporter"}',
        "== 0",
        "The exporter at {{ $labels.instance }} does not answer",
        "No alert about checks, drift, performance or freshness can fire.",
        "Read its log and start it again; it keeps no state.",
        wait="1m",
        is_critical=True,
    ),
)


def alert_rules() -> dict[str, object]:
    """The rules of the service and of the models, as the file of Prometheus has them."""
    groups = {"service": _SERVICE, "models": _MODELS}
    return {
        "groups": [
            {"name": f"mlops_drift_{name}", "rules": [alert.rule() for alert in alerts]}
            for name, alerts in groups.items()
        ]
    }
