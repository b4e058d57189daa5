"""Gates as Dagster shows them: declared by description, with numbers, tables and a picture."""

from math import nan

import dagster as dg
import pytest

from mlops_drift.checks.gates import gate_checks, gate_pictures, gate_specs
from mlops_drift.learning.gates.base import GateResult
from mlops_drift.learning.gates.pictures import Bars
from mlops_drift.learning.gates.registry import gates_of
from mlops_drift_tests.charts.drawing import Drawing
from mlops_drift_tests.learning.gates.candidates import BINARY, candidate

KEY = dg.AssetKey(["tiny", "challenger"])


def test_what_is_declared_is_what_is_reported():
    new = candidate(BINARY, gates={"slices": ["city"], "min_class_f1": 0.1})
    gates = gates_of(new.gates, new.columns, None)
    declared = gate_specs(KEY, gates)
    judged = [gate.judge(new) for gate in gates]
    pictures = gate_pictures(judged)
    reported = gate_checks(KEY, 3, judged, pictures, {"report": "page"})
    assert [spec.name for spec in declared] == [check.check_name for check in reported]
    assert all(spec.blocking and spec.description for spec in declared)
    for check in reported:
        assert check.description.startswith("version 3: ")
        assert check.metadata["verdict"].value == "pass"
        assert "next step" not in check.metadata
        assert {"rows", "version"} <= set(check.metadata)
        assert "report" not in check.metadata
    drawn = {check.check_name for check in reported if "chart" in check.metadata}
    # The others count what must not be there, or are a single number; the first deployment is
    # compared with nothing.
    assert drawn == {
        *("test_accuracy", "class_performance", "prediction_distribution"),
        *("calibration", "slices", "no_row_overlap", "target_leakage"),
        *("cv_test_gap", "null_robustness"),
    }


@pytest.mark.parametrize("verdict", ["fail", "unknown"])
def test_a_gate_that_does_not_pass_blocks(verdict):
    gate = GateResult("test_f1", verdict, nan, 0.8, 0, "Nothing was measured.", "Wait.")
    (found,) = gate_checks(KEY, 3, [gate], gate_pictures([gate]), {"report": "page"})
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.ERROR
    text = "version 3: Nothing was measured. Wait."
    assert found.description == (f"unknown: {text}" if verdict == "unknown" else text)
    assert "chart" not in found.metadata
    assert found.metadata["report"].value == "page"


def test_a_failure_says_what_to_do_and_shows_numbers_and_tables():
    gate = GateResult(
        "slices",
        "fail",
        0.3,
        0.15,
        50,
        "It is bad.",
        "Do this.",
        numbers={"whole": 0.9, "nothing": nan},
        tables={"slices": [{"slice": "city=rome", "gap": 0.3}]},
        picture=Bars("gap", ["city=rome"], [0.3], 0.15),
    )
    (found,) = gate_checks(KEY, 3, [gate], gate_pictures([gate]), {"report": "page"})
    about = {name: value.value for name, value in found.metadata.items()}
    assert (about["value"], about["limit"], about["rows"]) == (0.3, "0.15", "50")
    assert (about["whole"], about["next step"]) == ("0.9", "Do this.")
    assert "nothing" not in about
    assert about["▾ slices"].records[0].data == {"slice": "city=rome", "gap": 0.3}
    assert Drawing.shown(about["chart"]).labels() == ["limit 0.15"]
