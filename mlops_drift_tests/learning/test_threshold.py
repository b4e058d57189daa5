import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_drift.learning.config import Training
from mlops_drift.learning.metrics.evaluation import evaluate
from mlops_drift.learning.metrics.registry import threshold_metrics
from mlops_drift.learning.threshold import best_threshold, judged
from mlops_drift_tests.learning.samples import BINARY

# Few distinct scores, so that ties are common, and neighbours without a number in between.
SCORES = st.sampled_from([0.0, 5e-324, 0.1, 0.25, 0.5, np.nextafter(0.5, 1), 0.9, 1.0])
ROWS = st.lists(st.tuples(st.booleans(), SCORES), min_size=1, max_size=12)


def value_at(metric, positive, score, threshold):
    truth = np.where(positive, "good", "bad")
    decided = np.where(score >= threshold, "good", "bad")
    return evaluate(metric, BINARY, truth, decided, score)


@pytest.mark.parametrize("metric", threshold_metrics())
@settings(max_examples=50)
@given(rows=ROWS)
def test_no_cut_is_better_than_the_best(metric, rows):
    positive, score = (np.array(part) for part in zip(*rows, strict=True))
    found = best_threshold(metric, positive, score)
    assert 0 < found < 1
    best = value_at(metric, positive, score, found)
    tried = [*np.unique(score), 0.5, 1e-300, np.nextafter(1, 0)]
    others = [value_at(metric, positive, score, cut) for cut in tried if 0 < cut < 1]
    assert all(np.isnan(other) or best >= other for other in others)


def test_a_cut_lies_in_the_middle_between_two_neighbours():
    positive = np.array([False, False, True, True])
    score = np.array([0.1, 0.2, 0.6, 0.7])
    for metric in threshold_metrics():
        assert best_threshold(metric, positive, score) == pytest.approx(0.4)


def test_of_equal_cuts_the_one_nearest_to_a_half_is_taken():
    positive = np.array([False, True, False, True])
    score = np.array([0.1, 0.2, 0.45, 0.6])
    assert value_at("accuracy", positive, score, 0.15) == 0.75
    assert best_threshold("accuracy", positive, score) == pytest.approx(0.525)


def test_one_class_one_row_and_no_rows_have_a_threshold():
    assert best_threshold("accuracy", np.array([False, False]), np.array([0.3, 0.4])) > 0.4
    assert best_threshold("accuracy", np.array([True]), np.array([0.3])) <= 0.3
    assert best_threshold("f1", np.array([], dtype=bool), np.array([])) == 0.5
    assert best_threshold("accuracy", np.array([True]), np.array([0.0])) == 0.5


def test_another_metric_is_rejected():
    with pytest.raises(ValueError, match=r"search needs the metric accuracy, .*found recall"):
        best_threshold("recall", np.array([True]), np.array([0.3]))


def test_judging_decides_anew_only_where_a_threshold_is_searched():
    truth = np.array(["good", "bad", "bad"], dtype=object)
    score = np.array([0.3, 0.2, 0.1])
    prediction = np.array(["bad"] * 3, dtype=object)
    fixed = Training(metric="accuracy", decision_threshold=0.7)
    assert judged(fixed, BINARY, truth, prediction, score) == (2 / 3, 0.7)
    searched = Training(metric="accuracy", decision_threshold="search")
    assert judged(searched, BINARY, truth, prediction, score) == (1.0, 0.25)


FLOORS = st.dictionaries(st.sampled_from(["precision", "recall"]), st.sampled_from([0.3, 0.7, 1.0]))


@settings(max_examples=50)
@given(rows=ROWS, floors=FLOORS)
def test_with_floors_no_cut_that_reaches_them_is_better(rows, floors):
    positive, score = (np.array(part) for part in zip(*rows, strict=True))

    def reaches(cut):
        values = [value_at(name, positive, score, cut) for name in floors]
        return all(value >= floor for value, floor in zip(values, floors.values(), strict=True))

    found = best_threshold("f1", positive, score, floors)
    tried = [*np.unique(score), 0.5, 1e-300, np.nextafter(1, 0)]
    able = [cut for cut in tried if 0 < cut < 1 and reaches(cut)]
    if able:
        assert reaches(found)
        best = value_at("f1", positive, score, found)
        others = [value_at("f1", positive, score, cut) for cut in able]
        assert all(np.isnan(other) or best >= other for other in others)


def test_where_no_cut_reaches_the_floors_the_nearest_is_taken():
    positive = np.array([True, False, True, False])
    score = np.array([0.8, 0.7, 0.6, 0.2])
    assert best_threshold("f1", positive, score) == pytest.approx(0.4)
    found = best_threshold("f1", positive, score, {"precision": 1.0, "recall": 0.9})
    assert value_at("precision", positive, score, found) == pytest.approx(2 / 3)
    assert best_threshold("f1", positive, score, {"precision": 0.9}) == pytest.approx(0.75)
