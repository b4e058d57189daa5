from datetime import date
from io import StringIO
from math import nan

import pytest
from mlops_drift.cli.views.terminal import print_shadow, print_status, print_timeline
from rich.console import Console

from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.timeline import Timeline
from mlops_drift_tests.tiny import SPEC

FIRST, LAST = date(2024, 3, 1), date(2024, 3, 7)
NOTHING = Timeline([], [], [], [], [])

REJECTED = {
    "day": LAST,
    "action": "retrain",
    "rules": ["no_champion"],
    "reason": "no champion, and 60 labelled rows",
    "outcome": "rejected",
    "challenger": 1,
    "against": ["calibration", "test_accuracy"],
}

ALARM = {
    "day": LAST,
    "check": "model_age",
    "column": "days",
    "production_day": LAST,
    "value": 30.0,
    "threshold": 30.0,
    "n": 30,
    "version": 1,
}


@pytest.fixture
def shown(capsys, monkeypatch):
    """What is printed of a timeline, on lines that are wide enough."""
    monkeypatch.setenv("COLUMNS", "200")

    def show(timeline, upcoming="nothing: no failed check"):
        print_timeline(ModelSpec.model_validate(SPEC), timeline, upcoming, FIRST, LAST, 1.5)
        return capsys.readouterr().out

    return show


def test_before_there_is_a_version_it_is_said_what_is_awaited(shown):
    text = shown(NOTHING, "wait: 30 of 500 labelled rows for a first version")
    assert "Next: wait: 30 of 500 labelled rows for a first version" in text
    assert "No decisions yet." in text
    assert "No check failed." in text
    assert "━" not in text


def test_a_rejected_challenger_is_shown_with_the_gates_that_refused_it(shown):
    text = shown(Timeline([], [], [], [], [REJECTED]))
    assert "rejected v1: calibration, test_accuracy" in text
    assert "mlops-drift log tiny" in text


def test_one_that_was_promoted_needs_no_further_look(shown):
    promoted = {**REJECTED, "outcome": "promoted", "against": []}
    text = shown(Timeline([], [], [], [], [promoted]))
    assert "promoted v1" in text
    assert "mlops-drift log" not in text


def test_the_production_day_of_an_alarm_is_shown_where_it_is_another(shown):
    assert "production day" not in shown(Timeline([], [ALARM], [], [], []))
    late = {**ALARM, "production_day": FIRST}
    assert f"days, production day {FIRST}" in shown(Timeline([], [late], [], [], []))


@pytest.fixture
def status(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")

    def show(**changes):
        counts = dict.fromkeys(("events", "labels", "labels_without_event", "rejected"), 0)
        print_status(
            {
                "model": "tiny",
                "last_day": LAST,
                "champion": None,
                **counts,
                "predictions": 0,
                "sources": {},
                "missing_days": [],
                "checks": [],
                "shadow": None,
                "next": "wait: a first version was refused",
                "decisions": [],
                **changes,
            }
        )
        return capsys.readouterr().out

    return show


def test_the_status_shows_the_gates_too(status):
    assert "rejected v1: calibration, test_accuracy" in status(decisions=[REJECTED])


def test_the_status_names_the_days_that_differ_from_their_source(status):
    account = {
        "rows": 9,
        "recorded": 10,
        "waiting": 1,
        "gone": 2,
        "late": [{"day": FIRST, "rows": 1}],
        "gone_days": [{"day": FIRST, "rows": 1}, {"day": LAST, "rows": 1}],
        "note": "events.csv: cut off",
    }
    text = status(sources={"events": account})
    assert (
        "source of events: 9 rows, 10 landed or quarantined, 1 of days to come, "
        "2 recorded rows are no longer in it" in text
    )
    assert (
        f"days that had run have changed ({FIRST}, {LAST}): 1 rows are new or changed and were "
        "quarantined, 2 recorded rows are gone or changed; to land these days again: "
        f"mlops-drift run tiny --from {FIRST} --until {LAST} --again" in text
    )
    assert "events.csv: cut off" in text


# A waiting challenger

ROW = {
    "day": date(2024, 10, 9),
    "champion": 1,
    "window": 0,
    "production_day": date(2024, 10, 9),
    "scored": 120,
    "n": 60,
    "metric": "auc",
    "champion_value": 0.71,
    "challenger_value": 0.7,
    "difference": -0.01,
    "lower": -0.0315,
    "upper": 0.0111,
    "disagreement": 0.125,
}


def shadow_of(*windows):
    text = StringIO()
    shadow = {"version": 2, "since": date(2024, 10, 7), "windows": windows}
    print_shadow(shadow, Console(file=text, width=140))
    return text.getvalue()


def cells(text):
    return [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in text.splitlines()
        if line.startswith("│")
    ]


def test_both_stand_side_by_side_window_by_window():
    text = shadow_of(ROW, {**ROW, "window": 7, "production_day": date(2024, 10, 8)})
    assert "version 2 waits for approval since 2024-10-07\n" in text
    assert "Shadow: version 2 and champion 1, auc as of 2024-10-09" in text
    numbers = ["120", "60", "0.710", "0.700", "-0.010", "-0.032 to +0.011", "12.5%"]
    assert cells(text) == [
        ["since the wait began", *numbers],
        ["7 days to 2024-10-08", *numbers],
    ]


def test_what_is_undefined_stays_empty():
    undefined = dict.fromkeys(
        ("champion_value", "challenger_value", "difference", "lower", "upper"), nan
    )
    text = shadow_of({**ROW, **undefined, "n": 0})
    assert cells(text) == [["since the wait began", "120", "0", "", "", "", "", "12.5%"]]


def test_before_it_has_scored_only_the_wait_is_printed():
    assert shadow_of() == (
        "version 2 waits for approval since 2024-10-07; it has not scored any events yet\n"
    )
