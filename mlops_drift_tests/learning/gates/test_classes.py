"""The gates on single classes: what is missed, and how well each class is predicted."""

import numpy as np
import pandas as pd
import pytest

from mlops_drift.learning.gates.class_performance import ClassPerformance
from mlops_drift.learning.gates.false_negatives import FalseNegativeRate
from mlops_drift.learning.gates.pictures import Confusion
from mlops_drift_tests.learning.gates.candidates import BINARY, THREE, candidate, rows


def saying(target, truth, said):
    test = rows(target, len(truth), 2).assign(y=truth)
    predicted = pd.DataFrame({"prediction": said, "score": np.full(len(truth), 0.6)})
    return candidate(target, test=test, predicted=predicted)


MISSING_THREE = (["yes"] * 10 + ["no"] * 10, ["yes"] * 7 + ["no"] * 12 + ["yes"])


@pytest.mark.parametrize(("limit", "verdict"), [(0.3, "pass"), (0.29, "fail")])
def test_the_share_of_missed_positives_has_a_limit(limit, verdict):
    found = FalseNegativeRate(limit).judge(saying(BINARY, *MISSING_THREE))
    assert (found.verdict, found.value, found.n) == (verdict, 0.3, 10)
    assert found.numbers["missed"] == 3
    assert found.numbers["lower"] < 0.3 < found.numbers["upper"]
    assert "3 of 10 test rows that are 'yes'" in found.summary
    assert found.picture == Confusion(["no", "yes"], [[9, 1], [3, 7]])


def test_without_a_positive_row_misses_are_unknown():
    found = FalseNegativeRate(0.5).judge(saying(BINARY, ["no"] * 5, ["no"] * 5))
    assert (found.verdict, found.n) == ("unknown", 0)


TRUTH = ["high"] * 4 + ["medium"] * 4 + ["low"] * 4
SAID = ["high"] * 4 + ["medium"] * 2 + ["low"] * 6


@pytest.mark.parametrize(("limit", "verdict"), [(0.66, "pass"), (0.67, "fail")])
def test_the_worst_class_is_judged_and_named(limit, verdict):
    found = ClassPerformance(limit).judge(saying(THREE, TRUTH, SAID))
    assert (found.verdict, found.n) == (verdict, 4)
    assert found.value == pytest.approx(2 / 3)
    assert "'medium'" in found.summary
    by_class = {row["class"]: row for row in found.tables["classes"]}
    assert by_class["low"]["precision"] == pytest.approx(4 / 6)
    assert by_class["low"]["recall"] == 1
    assert by_class["high"]["f1"] == 1


def test_classes_may_have_limits_of_their_own():
    good = ClassPerformance({"high": 0.95, "medium": 0.5}).judge(saying(THREE, TRUTH, SAID))
    assert good.verdict == "pass"
    bad = ClassPerformance({"high": 0.95, "low": 0.9}).judge(saying(THREE, TRUTH, SAID))
    assert (bad.verdict, bad.threshold) == ("fail", 0.9)
    assert "'low'" in bad.summary


def test_a_class_that_is_never_predicted_fails():
    found = ClassPerformance(0.1).judge(saying(THREE, TRUTH, ["high"] * 4 + ["low"] * 8))
    assert (found.verdict, found.value) == ("fail", 0)


def test_a_class_without_labels_is_unknown_only_where_it_is_asked_for():
    part = saying(THREE, TRUTH[:8], TRUTH[:8])
    assert ClassPerformance(0.9).judge(part).verdict == "pass"
    asked = ClassPerformance({"high": 0.9, "low": 0.5}).judge(part)
    assert asked.verdict == "unknown"
    assert "'low'" in asked.summary
    assert ClassPerformance({"low": 0.5}).judge(part).verdict == "unknown"
    # What is known to fail fails.
    wrong = saying(THREE, TRUTH[:8], ["medium"] * 8)
    assert ClassPerformance({"high": 0.9, "low": 0.5}).judge(wrong).verdict == "fail"
