import numpy as np
import pandas as pd
import pytest

from mlops_drift.learning.gates.base import RefitError
from mlops_drift.learning.gates.cv_test_gap import CvTestGap
from mlops_drift_tests.learning.gates.candidates import (
    BINARY,
    NUMBER,
    TARGETS,
    candidate,
    constant,
    knowing,
    rows,
)

GATE = CvTestGap()


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_a_model_that_knows_the_test_rows_is_too_good_to_be_true(target):
    test = rows(target, 400, 2)
    score = test["y"] if target is NUMBER else 0.9
    seen = test[["y"]].rename(columns={"y": "prediction"}).assign(score=score)
    found = GATE.judge(candidate(target, test=test, predicted=seen))
    assert (found.name, found.verdict) == ("cv_test_gap", "fail")
    assert found.value > found.threshold
    assert "has probably seen the test rows" in found.summary


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_a_model_that_is_as_good_as_validated_passes(target):
    assert GATE.judge(candidate(target)).verdict == "pass"


def test_a_model_that_is_worse_than_validated_is_for_other_gates():
    found = GATE.judge(candidate(BINARY, constant(BINARY)))
    assert found.verdict == "pass"
    assert found.value < -0.1


def knowing_labels(test):
    return test[["y"]].rename(columns={"y": "prediction"}).assign(score=0.9)


def test_a_small_test_part_may_surprise():
    test = rows(BINARY, 8, 2)
    found = GATE.judge(candidate(BINARY, test=test, predicted=knowing_labels(test)))
    assert found.value > 0.15
    assert found.verdict == "pass"
    assert found.numbers["by chance"] > 0.005


def test_an_error_is_held_against_a_share_of_the_cross_validated_one():
    train, test = rows(NUMBER, 600, 1), rows(NUMBER, 200, 2)
    off = knowing(NUMBER)(train) + 2
    found = GATE.judge(
        candidate(NUMBER, train=train, test=test, out_of_fold=off, gates={"max_surprise": "5 %"})
    )
    mae = (test["y"] - candidate(NUMBER, test=test).tested.score).abs().mean()
    expected = (train["y"] - off["score"]).abs().mean()
    assert found.value == pytest.approx(expected - mae)
    assert found.threshold == pytest.approx(0.05 * expected)
    assert found.numbers["cross-validated"] == pytest.approx(expected)
    assert f"better by {100 * (1 - mae / expected):.3g} %, at most 5 % is accepted" in found.summary
    assert found.picture.value == found.value
    assert found.picture.lower < found.value < found.picture.upper


@pytest.mark.parametrize("found", [None, pd.DataFrame({"prediction": [], "score": []})])
def test_without_cross_validated_rows_it_is_unknown(found):
    assert GATE.judge(candidate(BINARY, out_of_fold=found)).verdict == "unknown"


def test_rows_that_are_easier_than_others_are_not_taken_for_seen_ones():
    train = rows(NUMBER, 600, 1)
    off = knowing(NUMBER)(train)
    off = off + np.random.default_rng(1).normal(0, 3, size=(600, 1))
    found = GATE.judge(candidate(NUMBER, train=train, out_of_fold=off))
    assert found.verdict == "fail"
    assert "these rows are easier to predict" in found.summary
    assert "seen" not in found.summary


def test_where_nothing_can_be_fitted_again_the_reason_stays_open():
    def lost():
        raise RefitError("no recipe")

    test = rows(BINARY, 400, 2)
    found = GATE.judge(candidate(BINARY, test=test, predicted=knowing_labels(test), refitted=lost))
    assert found.verdict == "fail"
    assert "may have seen the test rows, or these are easier" in found.summary


def test_a_time_like_one_before_is_no_surprise():
    train = rows(NUMBER, 600, 1)
    hard = np.where(np.arange(600) < 450, 3.0, 0.0)[:, None]
    off = knowing(NUMBER)(train) + hard * np.random.default_rng(1).normal(size=(600, 1))
    found = GATE.judge(candidate(NUMBER, train=train, test=rows(NUMBER, 150, 2), out_of_fold=off))
    assert found.value > 0.1
    assert found.verdict == "pass"


ERRORS = {
    "normal": lambda rng, n: rng.normal(size=n),
    "t(3)": lambda rng, n: rng.standard_t(3, n),
    "log-normal(1)": lambda rng, n: rng.lognormal(0, 1, n) - np.exp(0.5),
    "log-normal(2)": lambda rng, n: rng.lognormal(0, 2, n) - np.exp(2),
}


@pytest.mark.parametrize("metric", ["mae", "rmse"])
@pytest.mark.parametrize("errors", ERRORS.values(), ids=ERRORS)
def test_honest_errors_of_any_tail_hardly_ever_fail(errors, metric):
    judged = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        train, test = (
            pd.DataFrame({"id": range(n), "y": errors(rng, n)}).assign(x=0.0) for n in (440, 190)
        )
        nothing = [
            pd.DataFrame({"prediction": 0.0, "score": 0.0}, index=part.index)
            for part in (train, test)
        ]
        judged.append(
            GATE.judge(
                candidate(
                    NUMBER,
                    lambda frame: frame,
                    train,
                    test,
                    columns={},
                    predicted=nothing[1],
                    out_of_fold=nothing[0],
                    metric=metric,
                )
            ).verdict
        )
    assert judged.count("fail") == 0
