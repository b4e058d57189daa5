"""Every alert fires when it should and only then, and says what and how much."""

import subprocess
from dataclasses import dataclass

import pytest
import yaml

from mlops_drift_tests.deploy.promtool import FOLDER, needs, rules

# Of the series, and how often the rules are evaluated: for alerts that wait for hours more seldom.
EVALUATED = {"30s": "30s", "5m": "1h"}
REQUESTS = 'mlops_drift_requests_total{model="m", outcome="%s"}'
BUCKET = 'mlops_drift_request_duration_seconds_bucket{model="m", le="%s"}'
ROWS = 'mlops_drift_predictions_total{model="m", prediction="yes", served_by="%s", arm="champion"}'
STATUS = 'mlops_drift_check_status{model="m", check="%s"}'
SCORE = 'mlops_drift_drift_score{model="m", column="%s", window="7"}'
LIMIT = 'mlops_drift_drift_limit{model="m", column="%s", window="7"}'
VALUE = 'mlops_drift_metric_value{model="m", metric="accuracy", window="7"}'
LAST = 'mlops_drift_last_day_timestamp_seconds{model="m", asset="%s"}'
END = 'mlops_drift_end_date_timestamp_seconds{model="m"}'
UP = 'up{job="%s", instance="host:1"}'
M = {"model": "m"}
HOST = {"instance": "host:1"}


@dataclass
class Case:
    """Series with which an alert fires at a time, as it then is, and series with which it does not.

    Values are as in promtool's tests: a number for a series that never changes, else a text.
    """

    series: dict
    labels: dict
    summary: str
    quiet: list
    at: str = "10m"

    @property
    def step(self):
        return "30s" if self.at.endswith("m") else "5m"


def served(errors=0, overloaded=0, ok=60, slow=0, by_rules=0, by_model=60):
    """Requests and rows in each step."""
    return {
        REQUESTS % "ok": f"0+{ok}x40",
        REQUESTS % "error": f"0+{errors}x40",
        REQUESTS % "overloaded": f"0+{overloaded}x40",
        BUCKET % "0.05": f"0+{ok - slow}x40",
        BUCKET % "0.5": f"0+{ok}x40",
        BUCKET % "+Inf": f"0+{ok}x40",
        ROWS % "MODEL": f"0+{by_model}x40",
        **({ROWS % "RULES": f"0+{by_rules}x40"} if by_rules else {}),
    }


CASES = {
    "MlopsDriftServiceDown": Case(
        {UP % "service": 0},
        {"job": "service", **HOST},
        "The service at host:1 does not answer",
        [{UP % "service": 1}, {UP % "another": 0}, {UP % "service": "1x18 0 1x9"}],
    ),
    "MlopsDriftNotReady": Case(
        {'mlops_drift_ready{model="m"}': 0},
        M,
        "The service is not ready to answer for m",
        [{'mlops_drift_ready{model="m"}': 1}],
    ),
    "MlopsDriftServingStale": Case(
        {'mlops_drift_serving_stale{model="m"}': 1},
        M,
        "Another version than the one that serves should answer for m",
        [{'mlops_drift_serving_stale{model="m"}': 0}],
    ),
    "MlopsDriftErrors": Case(
        served(errors=1, overloaded=1),
        M,
        "3.226% of the requests for m failed in five minutes (limit 1%)",
        # A single one in few, few in many, and the client's own.
        [
            served(),
            {**served(), REQUESTS % "error": "0x18 1x22", REQUESTS % "ok": "0+1x40"},
            served(errors=1, ok=600),
            {**served(), REQUESTS % "invalid": "0+60x40"},
        ],
    ),
    "MlopsDriftSlow": Case(
        served(slow=6),
        M,
        "One request in a hundred for m takes longer than 455ms (limit 100 ms)",
        [served(), served(slow=1, ok=9), served(slow=1, ok=600)],
    ),
    "MlopsDriftRulesShare": Case(
        served(by_rules=6, by_model=54),
        M,
        "The rules answered 10% of the rows for m in five minutes (limit 5%)",
        [served(), served(by_rules=1), served(ok=6, by_rules=1, by_model=5)],
    ),
    "MlopsDriftLogUnshipped": Case(
        {'mlops_drift_log_unshipped_seconds{model="m"}': 40 * 3600},
        M,
        "The oldest record of m outside the lake is 1d 16h 0m 0s old (limit 36 hours)",
        [{'mlops_drift_log_unshipped_seconds{model="m"}': 30 * 3600}],
    ),
    "MlopsDriftDisk": Case(
        {"mlops_drift_disk_free_bytes": 5, "mlops_drift_disk_size_bytes": 100},
        {},
        "5% of the disk of the data folder is free (limit 10%)",
        [{"mlops_drift_disk_free_bytes": 11, "mlops_drift_disk_size_bytes": 100}],
    ),
    "MlopsDriftCheckFailed": Case(
        # It fires on while the day after lands, whose checks are unknown at first.
        {STATUS % "volume": "2x60 1x19"},
        {"check": "volume", **M},
        "The check volume of m failed on its last day",
        [
            {STATUS % "volume": 1},
            {STATUS % "volume": 0},
            # These have alerts of their own, and one only warns.
            {STATUS % name: 2 for name in ("label_drift", "slice_performance")},
            {STATUS % "estimated_performance": 2},
            {STATUS % "volume": "2x2 0x90"},
        ],
        "40m",
    ),
    "MlopsDriftDrift": Case(
        {
            STATUS % "feature_drift": 2,
            SCORE % "a": 0.31,
            LIMIT % "a": 0.2,
            SCORE % "b": 0.1,
            LIMIT % "b": 0.2,
            'mlops_drift_drift_score{model="n", column="c", window="7"}': 9,
            'mlops_drift_drift_limit{model="n", column="c", window="7"}': 0.2,
        },
        {"check": "feature_drift", **M},
        "The check feature_drift of m failed; beyond their limits: a (0.31, 7 days)",
        # Far, but by chance: the check passed.
        [{STATUS % "feature_drift": 0, SCORE % "a": 0.31, LIMIT % "a": 0.2}],
    ),
    "MlopsDriftPerformance": Case(
        {STATUS % "performance_drop": 2, VALUE: 0.61},
        {"check": "performance_drop", **M},
        "The check performance_drop of m failed; measured: accuracy 0.61 (7 days)",
        [{STATUS % "performance_drop": 1, VALUE: 0.61}, {STATUS % "volume": 2}],
    ),
    "MlopsDriftStale": Case(
        {LAST % "events": 0},
        {"asset": "events", **M},
        "events of m ended 3d 0h 0m 0s ago (limit 2 days)",
        [
            {LAST % "events": 2 * 86400},
            # Labels may pause, and after its last day a model gets nothing.
            {LAST % "labels": 0},
            {LAST % "events": 0, END: 86400},
        ],
        "3d",
    ),
    "MlopsDriftUnknown": Case(
        {STATUS % "performance_drop": 1},
        {"check": "performance_drop", **M},
        "The check performance_drop of m could judge nothing for three days",
        [
            {STATUS % "volume": "1x400 0x12 1x600"},
            {STATUS % "volume": 0},
            {STATUS % "volume": 1, END: 0},
        ],
        "73h",
    ),
    "MlopsDriftNeverRan": Case(
        {'mlops_drift_exporter_up{model="m"}': 1},
        M,
        "m has no day in the lake",
        [
            {'mlops_drift_exporter_up{model="m"}': 1, LAST % "events": 0},
            {'mlops_drift_exporter_up{model="m"}': 0},
        ],
        "25h",
    ),
    "MlopsDriftLakeUnreadable": Case(
        {'mlops_drift_exporter_up{model="m"}': 0},
        M,
        "The exporter cannot read the tables of m",
        [{'mlops_drift_exporter_up{model="m"}': 1}],
    ),
    "MlopsDriftExporterDown": Case(
        {UP % "exporter": 0},
        {"job": "exporter", **HOST},
        "The exporter at host:1 does not answer",
        [{UP % "exporter": 1}, {UP % "service": 0}],
    ),
}


def group(name, case, series, expected):
    """A test of promtool: what an alert is at a time, given series."""
    values = {
        key: f"{value}x1000" if isinstance(value, int | float) else value
        for key, value in series.items()
    }
    return {
        "interval": case.step,
        "input_series": [{"series": key, "values": value} for key, value in values.items()],
        "alert_rule_test": [{"eval_time": case.at, "alertname": name, "exp_alerts": expected}],
    }


def groups(name, case):
    rule = rules()[name]
    texts = {
        key: text.replace("{{ $labels.model }}", "m") for key, text in rule["annotations"].items()
    }
    expected = {
        "exp_labels": {**rule["labels"], **case.labels},
        "exp_annotations": {**texts, "summary": case.summary},
    }
    yield group(name, case, case.series, [expected])
    for series in case.quiet:
        yield group(name, case, series, [])


def test_every_alert_has_a_case():
    assert list(CASES) == list(rules())


@needs("promtool")
@pytest.mark.parametrize("step", EVALUATED)
def test_every_alert_fires_when_it_should_and_only_then(tmp_path, step):
    mine = {name: case for name, case in CASES.items() if case.step == step}
    content = {
        "rule_files": [str(FOLDER / "alerts.yaml")],
        "evaluation_interval": EVALUATED[step],
        "tests": [one for name, case in mine.items() for one in groups(name, case)],
    }
    file = tmp_path / "tests.yaml"
    file.write_text(yaml.safe_dump(content))
    ran = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_alert_says_what_why_and_what_to_do():
    for name, rule in rules().items():
        assert set(rule["annotations"]) == {"summary", "impact", "action", "docs"}, name
        assert rule["labels"]["severity"] in ("critical", "warning")
