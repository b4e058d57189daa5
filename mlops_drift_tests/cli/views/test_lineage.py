import pytest

from mlops_drift.cli.views.lineage import print_lineage
from mlops_drift.lifecycle.lineage import Link

PARAMS = {"seed": "7", "rate": "0.0357626"}
HASH = "0123456789abcdef" * 4


def gate(name, verdict, value, direction, threshold):
    row = {"gate": name, "verdict": verdict, "value": value, "direction": direction}
    return {**row, "threshold": threshold, "n": 1477}


@pytest.fixture
def shown(capsys, monkeypatch):
    def show(*links, width=100):
        monkeypatch.setenv("COLUMNS", str(width))
        print_lineage("churn, version 3", links)
        return capsys.readouterr().out

    return show


def test_gates_are_a_table_with_sign_and_direction(shown):
    gates = [
        gate("test_f1", "pass", 0.5888738, ">=", 0.55),
        gate("calibration", "fail", 0.2, "<=", 0.15),
        gate("beats_champion", "unknown", None, ">=", None),
        gate("slices", "pass", 0.1, None, 0.2),
    ]
    text = shown(Link("gates", rows=gates))
    rows = [line.split() for line in text.splitlines() if "1,477" in line]
    assert rows == [
        ["✓", "test_f1", "0.589", ">=", "0.550", "1,477"],
        ["✕", "calibration", "0.200", "<=", "0.150", "1,477"],
        ["?", "beats_champion", "—", "—", "1,477"],
        ["✓", "slices", "0.100", "0.200", "1,477"],
    ]
    assert "2 of 4 pass" in text


def test_a_gate_that_passes_beyond_its_limit_says_why(shown):
    text = shown(Link("gates", rows=[gate("cv_test_gap", "pass", 0.167, "<=", 0.1)]))
    assert "cv_test_gap, not significant" in text


def test_facts_are_sentences_without_whole_hashes(shown):
    version = {"version": 3, "model": "churn", "family": "linear", "test f1": "0.59 on 90 rows"}
    text = shown(
        Link("version", {**version, "params": PARAMS, "reference": HASH}),
        Link(
            "training set",
            {"id": HASH, "rows": 7400, "trained as of": "2025-05-26", "folder": f"/data/{HASH}"},
        ),
        Link("code", {"git_sha": HASH[:40], "code_digest": HASH}),
        Link("in training sets", rows=[{"version": 3, "training set": HASH}]),
    )
    assert "Version 3 of churn (linear): test f1 0.59 on 90 rows." in text
    assert "Its parameters are seed 7, rate 0.036." in text
    assert "7,400 rows, trained as of 2025-05-26." in text
    assert HASH[:12] in text
    assert HASH[:13] not in text


def test_what_is_not_there_is_said(shown):
    assert "Labels\nnone\n" in shown(Link("labels"))


def test_an_event_has_a_line_for_each_value(shown):
    facts = {"id": 4007, "tenure": 12.25, "plan": "[red]a[/]", "gone": None}
    assert "id: 4007\ntenure: 12.250\nplan: [red]a[/]\n" in shown(Link("event", facts))
