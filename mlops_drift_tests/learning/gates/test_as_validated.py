import pytest

from mlops_drift.learning.gates.as_validated import AsValidated
from mlops_drift_tests.learning.gates.candidates import BINARY, NUMBER, TARGETS, candidate, rows

GATE = AsValidated()


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_a_model_that_knows_the_test_rows_is_too_good_to_be_true(target):
    test = rows(target, 400, 2)
    score = test["y"] if target is NUMBER else 0.9
    seen = test[["y"]].rename(columns={"y": "prediction"}).assign(score=score)
    found = GATE.judge(candidate(target, test=test, predicted=seen))
    assert (found.name, found.verdict) == ("test_as_validated", "fail")
    assert found.value > found.threshold
    assert "has probably seen the test rows" in found.summary


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_a_model_that_is_as_good_as_validated_passes(target):
    assert GATE.judge(candidate(target)).verdict == "pass"


def test_a_model_that_is_worse_than_validated_is_for_other_gates():
    found = GATE.judge(candidate(BINARY, validated=0.99))
    assert found.verdict == "pass"
    assert found.value < -0.1


def test_a_small_test_part_may_surprise():
    test = rows(BINARY, 8, 2)
    seen = test[["y"]].rename(columns={"y": "prediction"}).assign(score=0.9)
    found = GATE.judge(candidate(BINARY, test=test, predicted=seen, validated=0.75))
    assert found.value == 0.25
    assert found.verdict == "pass"


def test_an_error_is_held_against_a_share_of_the_validated_one():
    test = rows(NUMBER, 200, 2)
    found = GATE.judge(candidate(NUMBER, test=test, validated=2.0, gates={"max_surprise": "5 %"}))
    mae = (test["y"] - candidate(NUMBER, test=test).score).abs().mean()
    assert (found.value, found.threshold) == (pytest.approx(2.0 - mae), pytest.approx(0.1))
    assert f"better by {50 * (2 - mae):.3g} %, at most 5 % is believed" in found.summary
    assert found.picture.value == found.value
    assert found.picture.lower < found.value < found.picture.upper


@pytest.mark.parametrize("validated", [None, float("nan")])
def test_without_a_validated_value_it_is_unknown(validated):
    assert GATE.judge(candidate(BINARY, validated=validated)).verdict == "unknown"
