from datetime import date, timedelta

import pytest

from mlops_drift.cli.views.timeline import print_timeline
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.timeline import Timeline
from mlops_drift_tests.cli.views.decided import REJECTED
from mlops_drift_tests.tiny import SPEC

FIRST, LAST = date(2024, 3, 1), date(2024, 3, 7)
NOTHING = Timeline([], [], [], [], [])
STATUS = {
    "model": "tiny",
    "last_day": LAST,
    "health": {"state": "unknown", "sentences": [], "next": "wait: for labels", "command": None},
}


def alarm(day, value, check="feature_drift", column="plan", **changes):
    row = {"day": day, "check": check, "column": column, "value": value, "threshold": 0.1}
    return {**row, "production_day": day, "n": 30, "version": 1, **changes}


@pytest.fixture
def shown(capsys, monkeypatch):
    def show(timeline, *spans, width=100):
        monkeypatch.setenv("COLUMNS", str(width))
        spec = ModelSpec.model_validate(SPEC)
        print_timeline(spec, timeline, spans, STATUS, (FIRST, LAST), 1.5)
        return capsys.readouterr().out

    return show


def test_before_there_is_a_version_it_ends_with_the_state(shown):
    text = shown(NOTHING)
    assert f"tiny: ? UNKNOWN, as of {LAST}\nNext: wait: for labels\n" in text
    assert "No decisions yet." in text
    assert "No check failed." in text


def test_a_rejected_challenger_is_shown_with_the_gates_that_rejected_it(shown):
    text = " ".join(shown(NOTHING, REJECTED, width=200).split())
    assert "rejected v1 by calibration, test_accuracy" in text


def test_failed_checks_are_a_line_for_each_column_the_worst_first(shown):
    days = [FIRST + timedelta(days=number) for number in range(7)]
    alarms = [
        *(alarm(day, 0.2) for day in days[:3]),
        alarm(days[1], 0.4),
        alarm(LAST, 0.9, column="price"),
        alarm(days[4], 0.61, "performance_drop", "f1", threshold=0.8),
        alarm(days[5], 0.5, "performance_drop", "f1", threshold=0.8),
    ]
    text = shown(Timeline([], alarms, [], [], []))
    table = text[text.index("Failed checks: 7 numbers on 6 days") :].splitlines()[3:8]
    assert [line.split() for line in table] == [
        ["feature_drift"],
        ["price", str(LAST), str(LAST), "1", "0.900", "0.100", str(LAST), "✕", "yes"],
        ["plan", str(FIRST), str(days[2]), "3", "0.400", "0.100", str(days[1]), "no"],
        ["performance_drop"],
        ["f1", str(days[4]), str(days[5]), "2", "0.500", "0.800", str(days[5]), "no"],
    ]


def test_a_failed_number_that_equals_its_limit_in_three_decimals_has_more(shown):
    assert "0.10004  0.100" in shown(Timeline([], [alarm(LAST, 0.10004)], [], [], []))


@pytest.mark.parametrize("width", [40, 80, 200])
def test_nothing_is_wider_than_the_terminal(shown, width):
    days = [FIRST + timedelta(days=number) for number in range(7)]
    kpi = [{"day": day, "value": 0.8, "n": 20, "version": 1} for day in days]
    version = {"version": 1, "as_of": FIRST, "rows": 60, "family": "linear", "metric": "f1"}
    versions = [{**version, "value": 0.81, "training_set": "0" * 64, "promoted": True}]
    timeline = Timeline(versions, [alarm(LAST, 0.3)], [], kpi, [])
    lines = shown(timeline, REJECTED, width=width).splitlines()
    # An address stays in one piece.
    assert max(len(line) for line in lines if "://" not in line) <= width
    assert any("0" * 12 in line for line in lines)
