"""The state of a model, and of all, as text."""

from datetime import date, timedelta
from io import StringIO
from math import nan

import pytest
from rich.console import Console

from mlops_drift.cli.views.status import print_overview, print_shadow, print_status
from mlops_drift_tests.cli.views.decided import REJECTED

DAY = date(2024, 3, 7)


def check(name, verdict, **changes):
    return {
        "check": name,
        "verdict": verdict,
        "column": "plan",
        "value": 0.3,
        "threshold": 0.1,
        "n": 1200,
        "since": DAY if verdict == "fail" else None,
        "reason": f"reason of {name}",
        "failing": int(verdict == "fail"),
        "subjects": 1,
        "warns": False,
        **changes,
    }


def health(state, *sentences, command=None):
    return {"state": state, "sentences": sentences, "next": "wait: for labels", "command": command}


CHAMPION = {
    "version": 2,
    "family": "linear",
    "metric": "f1",
    "test_value": 0.8124,
    "trained_as_of": date(2024, 3, 1),
    "serves_since": date(2024, 3, 3),
}


def state(**changes):
    counts = dict.fromkeys(("events", "labels", "labels_without_event", "rejected"), 1000)
    return {
        "model": "tiny",
        "last_day": DAY,
        "champion": CHAMPION,
        **counts,
        "predictions": 0,
        "sources": {},
        "missing_days": [],
        "checks": [],
        "shadow": None,
        "health": health("healthy"),
        **changes,
    }


@pytest.fixture
def status(capsys, monkeypatch):
    def show(*spans, width=400, **changes):
        monkeypatch.setenv("COLUMNS", str(width))
        print_status(state(**changes), spans)
        return capsys.readouterr().out

    return show


def row_of(text, name):
    return next(line for line in text.splitlines() if line.startswith(name)).split()


def test_it_begins_with_the_state_why_and_what_is_next(status):
    found = health("failing", "a fails.", "b fails.", command="mlops-drift log tiny")
    lines = status(health=found).splitlines()
    assert lines[:5] == [
        f"tiny: ✕ FAILING, as of {DAY}",
        "a fails.",
        "b fails.",
        "Next: wait: for labels",
        "  mlops-drift log tiny",
    ]


def test_checks_are_a_table_with_what_failed_first(status):
    checks = [
        check("a", "pass"),
        check("b", "unknown"),
        check("c", "fail", failing=4, subjects=21),
        check("d", "pass", reason="plan: not significant (q = 0.2)"),
        check("e", "fail", warns=True, value=nan),
    ]
    text = status(checks=checks)
    order = [text.index(f"\n{name} ") for name in "cebad"]
    assert order == sorted(order)
    row = ["c", "✕", "fail", "0.300", "0.100", "1,200", str(DAY), "plan,", "4", "of", "21"]
    assert row_of(text, "c ") == row
    assert row_of(text, "b ") == ["b", "?", "unknown", "plan"]
    assert row_of(text, "d ")[-3:] == ["plan,", "not", "significant"]
    assert row_of(text, "e ")[3:] == ["—", "0.100", "1,200", str(DAY), "plan,", "warns", "only"]


def test_reasons_stand_below_once_where_the_head_does_not_say_them(status):
    checks = [
        check("a", "fail"),
        check("b", "unknown", reason="no label"),
        check("c", "unknown", reason="no label"),
    ]
    found = health("failing", "a fails since then: reason of a.")
    text = status(checks=checks, health=found)
    assert "? b, c: no label\n" in text
    assert text.count("reason of a") == 1


def test_a_narrow_terminal_shows_number_and_limit_of_a_check(status):
    text = status(checks=[check("feature_drift", "fail")], width=40)
    assert "✕  feature_drift  0.300  0.100\n" in text
    assert max(map(len, text.splitlines())) <= 40


def test_champion_and_data_are_a_line_each(status):
    text = status()
    assert (
        "Champion: version 2 (linear), trained as of 2024-03-01, serves since 2024-03-03, "
        "test f1 0.812\n" in text
    )
    assert "Data: 1,000 events, 1,000 labels (1,000 without an event)" in text
    assert "Champion: none yet" in status(champion=None)


def test_what_was_decided_has_its_outcome_and_the_way_to_its_reason(status):
    text = status(REJECTED)
    assert "rejected v1 by calibration, test_accuracy" in text
    assert "reasons: mlops-drift log tiny" in text
    assert "No decisions yet." in status()


def test_of_one_thing_it_speaks_in_the_singular(status):
    text = status(events=1, labels=1, rejected=1, predictions=1)
    assert "Data: 1 event, 1 label (" in text
    assert "1 quarantined row, 1 prediction\n" in text


ACCOUNT = {"rows": 9, "recorded": 9, "waiting": 0, "gone": 0, "late": [], "gone_days": []}
ACCOUNT |= {"landed_late": []}


def test_the_days_that_differ_from_their_source_are_named(status):
    first, last = DAY - timedelta(days=6), DAY
    account = {
        "rows": 9,
        "recorded": 10,
        "waiting": 1,
        "gone": 2,
        "late": [{"day": first, "rows": 1}],
        "gone_days": [{"day": first, "rows": 1}, {"day": last, "rows": 1}],
        "note": "events.csv: cut off",
        "landed_late": [{"day": first, "rows": 3}],
    }
    text = status(sources={"events": account})
    assert (
        "Source of events: 9 rows, 10 landed or quarantined, 1 of days to come, "
        "2 recorded rows no longer in it" in text
    )
    assert (
        f"after they had run, the source changed {first}, {last}: 1 changed or unusable row "
        "quarantined, 2 recorded rows gone or changed; to land them again: "
        f"mlops-drift run tiny --from {first} --until {last} --again" in text
    )
    assert f"3 rows came after their day had run, landed late on {first}; numbers" in text
    assert "events.csv: cut off" in text


def test_a_source_that_is_well_needs_no_line(status):
    assert "Source of" not in status(sources={"events": {**ACCOUNT, "note": ""}})


def test_the_same_state_is_the_same_text(status):
    assert status(REJECTED) == status(REJECTED)


@pytest.fixture
def overview(capsys, monkeypatch):
    def show(*statuses, width=200):
        monkeypatch.setenv("COLUMNS", str(width))
        print_overview(statuses)
        return capsys.readouterr().out

    return show


def test_all_models_are_a_table(overview):
    failing = state(
        model="a",
        checks=[check("x", "fail"), check("y", "fail", since=date(2024, 3, 2))],
        health=health("failing"),
    )
    waiting = state(model="b", shadow={"version": 3, "since": DAY}, health=health("waiting"))
    new = state(model="c", champion=None, last_day=None, health=health("unknown"))
    text = overview(failing, waiting, new)
    serves = ["v2", "since", "2024-03-03"]
    following = ["wait:", "for", "labels"]
    assert row_of(text, "a ") == [
        "a", "✕", "FAILING", "2024-03-02", *serves, str(DAY), *following
    ]  # fmt: skip
    assert row_of(text, "b ")[5:] == [str(DAY), *serves, "v3", str(DAY), *following]
    assert row_of(text, "c ") == ["c", "?", "UNKNOWN", *following]
    assert len(text.splitlines()) == 5


def test_all_models_fit_a_narrow_terminal(overview):
    assert max(map(len, overview(state(), width=40).splitlines())) <= 40


# A waiting challenger

ROW = {
    "day": date(2024, 10, 9),
    "champion": 1,
    "window": 0,
    "production_day": date(2024, 10, 9),
    "scored": 1200,
    "n": 60,
    "metric": "auc",
    "champion_value": 0.71,
    "challenger_value": 0.7,
    "difference": -0.01,
    "lower": -0.0315,
    "upper": 0.0111,
    "disagreement": 0.125,
}
COMMANDS = (
    "  mlops-drift approve tiny --version 2 --reason …\n"
    "  mlops-drift reject tiny --version 2 --reason …\n"
)


def shadow_of(*windows):
    text = StringIO()
    shadow = {"version": 2, "since": date(2024, 10, 7), "windows": windows}
    print_shadow(Console(file=text, width=140), "tiny", shadow)
    return text.getvalue()


def test_both_stand_side_by_side_window_by_window_with_what_a_person_can_do():
    text = shadow_of(ROW, {**ROW, "window": 7, "production_day": date(2024, 10, 8)})
    waits = "Version 2 waits for approval since 2024-10-07; beside champion 1, auc as of 2024-10-09"
    assert text.startswith(waits)
    numbers = "1,200 60 0.710 0.700 -0.010 -0.032 to +0.011 12.5%"
    assert " ".join(row_of(text, "since the wait")[4:]) == numbers
    assert " ".join(row_of(text, "7 days to 2024-10-08")[4:]) == numbers
    assert text.endswith(COMMANDS)


def test_what_is_undefined_is_a_dash():
    undefined = dict.fromkeys(
        ("champion_value", "challenger_value", "difference", "lower", "upper"), nan
    )
    row = row_of(shadow_of({**ROW, **undefined, "n": 0}), "since the wait")
    assert row[4:] == ["1,200", "0", "—", "—", "—", "—", "12.5%"]


def test_before_it_has_scored_only_the_wait_is_printed():
    waits = "Version 2 waits for approval since 2024-10-07; it has not scored any events yet\n"
    assert shadow_of() == waits + COMMANDS
