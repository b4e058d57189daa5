from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mlops_drift.learning.gates.distribution import PredictionDistribution
from mlops_drift.learning.gates.pictures import histograms
from mlops_drift_tests.learning.gates.candidates import (
    BINARY,
    NUMBER,
    THREE,
    candidate,
    constant,
    knowing,
    rows,
)

GATE = PredictionDistribution()


def saying(target, truth, said, score=None, **gates):
    test = rows(target, len(truth), 2).assign(y=truth)
    score = np.linspace(0.1, 0.9, len(truth)) if score is None else score
    return candidate(
        target, test=test, predicted=pd.DataFrame({"prediction": said, "score": score}), gates=gates
    )


@pytest.mark.parametrize(
    ("yes", "verdict"), [(50, "pass"), (80, "pass"), (85, "pass"), (95, "fail")]
)
def test_shares_may_differ_from_those_of_the_labels_by_the_limit(yes, verdict):
    new = saying(BINARY, ["yes"] * 50 + ["no"] * 50, ["yes"] * yes + ["no"] * (100 - yes))
    found = GATE.judge(new)
    assert (found.verdict, found.threshold, found.n) == (verdict, 0.3, 100)
    assert found.value == pytest.approx((yes - 50) / 100)
    if verdict == "fail":
        assert "5.0% of the predictions and 50.0% of the labels" in found.summary


def test_a_frequent_class_that_is_never_predicted_fails_by_name():
    truth = ["high"] * 45 + ["medium"] * 45 + ["low"] * 10
    found = GATE.judge(saying(THREE, truth, ["high"] * 50 + ["medium"] * 50))
    assert found.verdict == "fail"
    assert "'low' (10.0% of the labels) is never predicted" in found.summary


def test_a_class_that_cross_validation_rarely_predicts_may_be_absent_by_chance():
    truth = ["high"] * 27 + ["medium"] * 27 + ["low"] * 6
    said = ["high"] * 30 + ["medium"] * 30
    rarely = pd.DataFrame({"prediction": ["low"] * 6 + ["high"] * 194, "score": 0.5})
    new = saying(THREE, truth, said)
    assert GATE.judge(new).verdict == "fail"
    assert GATE.judge(replace(new, out_of_fold=rarely)).verdict == "pass"


def test_a_few_huge_labels_do_not_make_predictions_look_constant():
    test = rows(NUMBER, 200, 2)
    predicted = knowing(NUMBER)(test)
    giants = test.assign(y=test["y"] + 1000.0 * (np.arange(200) < 2))
    assert GATE.judge(candidate(NUMBER, test=giants, predicted=predicted)).verdict == "pass"
    same = constant(NUMBER)(test)
    assert GATE.judge(candidate(NUMBER, test=giants, predicted=same)).verdict == "fail"


@pytest.mark.parametrize("truth", [["low"] * 4, ["low"] * 4 + ["high"] * 8 + ["medium"] * 8])
def test_a_class_that_is_rare_or_of_few_rows_may_go_unpredicted(truth):
    truth = truth if len(truth) > 4 else truth + ["high"] * 48 + ["medium"] * 48
    said = ["high" if label == "low" else label for label in truth]
    assert GATE.judge(saying(THREE, truth, said)).verdict == "pass"


def test_labels_of_another_time_do_not_count():
    """A world in which hardly anything is good any more is predicted as it is."""
    truth = ["no"] * 90 + ["yes"] * 10
    assert GATE.judge(saying(BINARY, truth, truth)).verdict == "pass"


def test_the_smallest_class_may_have_a_limit():
    truth = ["no"] * 90 + ["yes"] * 10
    assert GATE.judge(saying(BINARY, truth, truth, min_class_share=0.1)).verdict == "pass"
    found = GATE.judge(saying(BINARY, truth, ["no"] * 91 + ["yes"] * 9, min_class_share=0.1))
    assert found.verdict == "fail"
    assert "'yes' is 9.0% of the predictions" in found.summary


def test_one_class_for_labels_of_several_fails_however_rare_the_others():
    found = GATE.judge(saying(BINARY, ["no"] * 98 + ["yes"] * 2, ["no"] * 100))
    assert found.verdict == "fail"
    assert "all predictions are the same class, 'no'" in found.summary


def test_one_score_fails():
    truth = ["yes", "no"] * 20
    found = GATE.judge(saying(BINARY, truth, truth, score=np.full(40, 0.5)))
    assert found.verdict == "fail"
    assert "all scores are the same" in found.summary


@pytest.mark.parametrize(("share", "verdict"), [(0.5, "pass"), (0.11, "pass"), (0.09, "fail")])
def test_numbers_must_vary_at_least_a_tenth_as_much_as_the_labels(share, verdict):
    truth = np.linspace(0, 10, 50)
    said = 5 + share * (truth - 5)
    found = GATE.judge(saying(NUMBER, truth, said, score=said))
    assert (found.verdict, found.threshold) == (verdict, 0.1)
    assert found.value == pytest.approx(share)


def test_numbers_that_are_not_finite_fail_and_equal_labels_are_unknown():
    truth = np.linspace(0, 10, 50)
    broken = np.where(np.arange(50) == 3, np.inf, truth)
    found = GATE.judge(saying(NUMBER, truth, broken, score=broken))
    assert found.verdict == "fail"
    assert "no finite numbers" in found.summary
    assert GATE.judge(saying(NUMBER, np.full(50, 2.0), truth, score=truth)).verdict == "unknown"


def test_histograms_take_the_largest_floats_and_nothing():
    largest = np.finfo(float).max
    wide = histograms("", {"x": np.array([-largest, largest])})
    assert wide.series["x"][0] == wide.series["x"][-1] == 0.5
    assert histograms("", {"x": np.array([np.nan])}).names == []
    assert sum(histograms("", {"x": np.full(5, 3.0)}).series["x"]) == 1
