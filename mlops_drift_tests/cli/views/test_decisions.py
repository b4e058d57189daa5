from datetime import date, timedelta

import pytest

from mlops_drift.cli.views.decisions import log_lines, print_decisions
from mlops_drift.console import open_console
from mlops_drift.policy.decision import Outcome
from mlops_drift_tests.cli.views.decided import DAY, REASON, REJECTED, span

WAIT = span("wait", date(2024, 3, 1), date(2024, 3, 6), 1, reason="300 of 500 new labels")
PROMOTED = span("retrain", DAY, version=1, outcome=Outcome("promoted", DAY, "all gates pass", 2))


@pytest.fixture
def shown(capsys, monkeypatch):
    def show(*spans, width=100):
        monkeypatch.setenv("COLUMNS", str(width))
        print_decisions(open_console(), "tiny", spans)
        return capsys.readouterr().out

    return show


def test_days_of_waiting_are_one_row(shown):
    text = " ".join(shown(WAIT, PROMOTED).split())
    assert "2024-03-01 waits feature_drift: 300 of 500 new labels to 2024-03-06" in text
    assert "2024-03-07 retrain feature_drift: no version serves" in text
    assert "promoted v2" in text


def test_reasons_are_cut_to_the_width_of_the_terminal(shown):
    text = shown(span("retrain", DAY, reason="on and on " * 60), width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" in text
    assert "under way" in text


def test_a_pause_that_needs_a_person_is_called_so(shown):
    assert "paused" in shown(span("give_up", DAY))


def test_only_the_newest_are_listed(shown):
    text = shown(*(span("alert", DAY + timedelta(days=number)) for number in range(15)))
    assert str(DAY + timedelta(days=2)) not in text
    assert str(DAY + timedelta(days=3)) in text
    assert "3 earlier ones and all reasons: mlops-drift log tiny" in text


def test_the_log_has_a_blank_line_after_each_decision_and_none_after_a_wait():
    lines = list(log_lines("tiny", [REJECTED, WAIT, PROMOTED], 200))
    blank = lines.index("")
    assert lines[0] == "2024-03-07  retrain (first training), no version serves"
    assert lines[blank - 1] == "  [tiny-2024-03-07]"
    assert lines[blank + 1] == (
        "2024-03-01 to 2024-03-06  waits (feature_drift), version 1 serves: 300 of 500 new labels"
    )
    assert lines[blank + 2] == "2024-03-07  retrain (feature_drift), version 1 serves"
    assert lines.count("") == 1


def test_the_log_is_wrapped_with_nothing_lost():
    lines = list(log_lines("tiny", [REJECTED], 40))
    assert max(map(len, lines)) <= 40
    text = " ".join(" ".join(lines).split())
    assert REASON in text
    assert "rejected by calibration, test_accuracy: too few are right" in text
