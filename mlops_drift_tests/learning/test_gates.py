import math

import numpy as np
import pytest

from mlops_drift.learning.config import Gates
from mlops_drift.learning.gates import (
    minimum_metric,
    no_key_overlap,
    not_worse_than_champion,
    predictions_vary,
)
from mlops_drift.schema import Target

BINARY = Target(column="y", kind="binary", classes=["yes", "no"], positive="yes")
THREE = Target(column="y", kind="multiclass", classes=["high", "medium", "low"])
NUMBER = Target(column="y", kind="regression")


@pytest.mark.parametrize(
    ("metric", "value", "verdict"),
    [
        ("accuracy", 0.81, "pass"),
        ("accuracy", 0.80, "pass"),
        ("accuracy", 0.79, "fail"),
        ("rmse", 0.79, "pass"),
        ("rmse", 0.80, "pass"),
        ("rmse", 0.81, "fail"),
        ("auc", math.nan, "unknown"),
    ],
)
def test_the_minimum_is_a_limit_on_the_worse_side_of_the_metric(metric, value, verdict):
    result = minimum_metric(metric, value, Gates(minimum=0.8), n=250)
    assert (result.name, result.verdict) == ("minimum_metric", verdict)
    assert (result.threshold, result.n) == (0.8, 250)
    assert result.value == pytest.approx(value, nan_ok=True)
    assert metric in result.summary
    assert "250 rows" in result.summary


@pytest.mark.parametrize(
    ("metric", "challenger", "champion", "verdict"),
    [
        ("accuracy", 0.95, 0.90, "pass"),
        ("accuracy", 0.88, 0.90, "pass"),
        ("accuracy", 0.879, 0.90, "fail"),
        ("rmse", 0.90, 0.95, "pass"),
        ("rmse", 0.92, 0.90, "pass"),
        ("rmse", 0.921, 0.90, "fail"),
        ("auc", math.nan, 0.9, "unknown"),
    ],
)
def test_a_challenger_may_be_worse_by_the_tolerance(metric, challenger, champion, verdict):
    gates = Gates(minimum=0, tolerance=0.02)
    result = not_worse_than_champion(metric, challenger, champion, gates, n=100)
    assert (result.verdict, result.threshold, result.n) == (verdict, 0.02, 100)


def test_how_much_worse_is_positive_for_both_directions():
    gates = Gates(minimum=0)
    assert not_worse_than_champion("auc", 0.7, 0.8, gates, 50).value == pytest.approx(0.1)
    assert not_worse_than_champion("mae", 0.8, 0.7, gates, 50).value == pytest.approx(0.1)


def test_the_first_deployment_passes_and_says_so():
    result = not_worse_than_champion("auc", 0.8, None, Gates(minimum=0), n=0)
    assert result.verdict == "pass"
    assert math.isnan(result.value)
    assert "first deployment" in result.summary


def test_too_few_comparable_rows_are_unknown_with_the_way_out():
    gates = Gates(minimum=0, min_rows=30)
    result = not_worse_than_champion("auc", 0.1, 0.9, gates, n=29)
    assert result.verdict == "unknown"
    assert "Only 29 rows" in result.summary
    assert "gates.min_rows" in result.summary
    assert not_worse_than_champion("auc", 0.1, 0.9, gates, n=30).verdict == "fail"


def test_shared_keys_are_counted_and_shown():
    result = no_key_overlap(["a", "b", "c", "c"], ["c", "d", "b", "b"])
    assert (result.verdict, result.value, result.threshold, result.n) == ("fail", 2.0, 0.0, 3)
    assert "b, c" in result.summary


def test_disjoint_keys_pass():
    result = no_key_overlap(range(100), range(100, 120))
    assert (result.verdict, result.value, result.n) == ("pass", 0.0, 20)


@pytest.mark.parametrize(("train", "test"), [([], ["a"]), (["a"], []), ([], [])])
def test_the_overlap_with_an_empty_part_is_unknown(train, test):
    assert no_key_overlap(train, test).verdict == "unknown"


def test_varied_predictions_pass_with_the_share_of_the_most_frequent():
    prediction = np.array(["yes", "no", "no", "no"])
    result = predictions_vary(BINARY, prediction, np.array([0.9, 0.1, 0.2, 0.3]))
    assert (result.verdict, result.value, result.threshold, result.n) == ("pass", 0.75, 1.0, 4)


@pytest.mark.parametrize(
    ("target", "prediction", "score"),
    [
        (BINARY, ["no", "no"], [0.1, 0.2]),
        (THREE, ["high", "low"], [0.5, 0.5]),
        (NUMBER, [3.0, 3.0], [3.0, 3.0]),
    ],
)
def test_a_constant_model_fails(target, prediction, score):
    result = predictions_vary(target, np.array(prediction), np.array(score))
    assert (result.verdict, result.value) == ("fail", 1.0)


def test_one_prediction_cannot_show_whether_it_varies():
    assert predictions_vary(NUMBER, np.array([1.0]), np.array([1.0])).verdict == "unknown"


def test_every_summary_is_a_sentence_or_two_and_carries_its_numbers():
    gates = Gates(minimum=0.8)
    results = [
        minimum_metric("f1", 0.5, gates, 77),
        minimum_metric("f1", 0.9, gates, 77),
        not_worse_than_champion("f1", 0.5, 0.9, gates, 77),
        not_worse_than_champion("f1", 0.9, 0.9, gates, 77),
        no_key_overlap(range(10), range(77)),
        predictions_vary(NUMBER, np.ones(77), np.ones(77)),
    ]
    for result in results:
        assert "77" in result.summary
        assert result.summary.endswith(".")
        assert result.summary.count(". ") <= 1
