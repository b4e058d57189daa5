from math import isnan, nan

import pytest

from mlops_drift.learning.gates.base import GateResult
from mlops_drift.learning.gates.margins import in_short, margin, margins


def result(name, verdict, value, threshold, direction="<="):
    return GateResult(name, verdict, value, threshold, 100, "Found.", direction=direction)


F1 = result("test_f1", "pass", 0.75, 0.6, ">=")
SIZE = result("artifact_size", "pass", 1.0, 100.0)
KEYS = result("no_key_overlap", "pass", 0.0, 0.0)
LATE = result("latency", "fail", 8.0, 5.0)
UNKNOWN = result("calibration", "unknown", nan, 0.05)


@pytest.mark.parametrize(
    ("judged", "distance"),
    [
        (("pass", 0.75, 0.6, ">="), 0.25),
        (("fail", 0.45, 0.6, ">="), -0.25),
        (("pass", 20.0, 100.0, "<="), 0.8),
        (("fail", 150.0, 100.0, "<="), -0.5),
        # A tolerance of .02 of which .015 is used up.
        (("pass", -0.015, -0.02, ">="), 0.25),
    ],
)
def test_a_distance_is_in_units_of_the_limit_and_negative_beyond_it(judged, distance):
    assert margin("gate", *judged).distance == pytest.approx(distance)


@pytest.mark.parametrize("judged", [(None, 0.5), (0.5, None), (nan, 0.5), (3.0, 0.0)])
def test_without_a_value_or_a_limit_to_be_near_to_there_is_no_distance(judged):
    assert isnan(margin("gate", "pass", *judged, "<=").distance)


def test_what_did_not_pass_comes_first_then_the_tightest_and_what_has_no_distance_last():
    found = margins([KEYS, SIZE, F1, UNKNOWN, LATE])
    assert [one.gate for one in found] == [
        *("latency", "calibration"),
        *("test_f1", "artifact_size", "no_key_overlap"),
    ]


def test_a_sentence_names_the_tightest_gate_or_those_that_did_not_pass():
    assert in_short(margins([SIZE, F1, KEYS])) == (
        "3 of 3 gates passed; tightest: test_f1, 25 % of its limit away"
    )
    assert in_short(margins([SIZE, LATE, UNKNOWN])) == (
        "1 of 3 gates passed; not passed: latency, calibration"
    )
    assert in_short(margins([KEYS])) == "1 of 1 gates passed"
    beyond = result("cv_test_gap", "pass", 0.2, 0.1)
    assert in_short(margins([beyond])).endswith("cv_test_gap, beyond its limit, not significant")
