import numpy as np
import pandas as pd
import pytest

from mlops_drift.learning.gates.calibration import Calibration
from mlops_drift_tests.learning.gates.candidates import (
    BINARY,
    NUMBER,
    TARGETS,
    candidate,
    knowing,
    rows,
)

GATE = Calibration()


def drawn_by(score, seed, **changes):
    """Labels that come true as often as the scores say."""
    rng = np.random.default_rng(seed)
    said = np.where(score >= 0.5, "yes", "no")
    truth = np.where(rng.random(len(score)) < score, "yes", "no")
    test = rows(BINARY, len(score), 2).assign(y=truth)
    predicted = pd.DataFrame({"prediction": said, "score": changes.pop("told", score)})
    return candidate(BINARY, test=test, predicted=predicted, **changes)


def test_the_error_is_the_mean_difference_of_bins_of_equally_many_rows():
    score = np.repeat([0.2, 0.8], 50)
    truth = ["yes"] * 15 + ["no"] * 35 + ["yes"] * 45 + ["no"] * 5
    test = rows(BINARY, 100, 2).assign(y=truth)
    predicted = pd.DataFrame({"prediction": "no", "score": score})
    found = GATE.judge(candidate(BINARY, test=test, predicted=predicted))
    # Ten bins of ten rows: .2 promised and 1, .5, 0, 0, 0 found; .8 promised and four times 1, .5.
    assert found.value == pytest.approx(np.mean([0.8, 0.3, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.3]))
    assert found.verdict == "fail"
    assert [row["rows"] for row in found.tables["bins"]] == [10] * 10


def test_calibrated_scores_of_few_rows_hardly_ever_fail():
    rng = np.random.default_rng(5)
    limit = {"gates": {"max_calibration_error": 0.1}}
    found = [GATE.judge(drawn_by(rng.random(40), seed, **limit)) for seed in range(100)]
    over = [result for result in found if result.value > result.threshold]
    assert len(over) > 30
    assert sum(result.verdict == "fail" for result in found) <= 5


def test_scores_that_are_far_too_sure_fail_with_both_numbers():
    score = np.random.default_rng(5).random(400)
    sure = np.where(score > 0.5, 0.99, 0.01)
    found = GATE.judge(drawn_by(score, 1, told=sure))
    assert found.verdict == "fail"
    assert found.value > 0.2 > found.numbers["by chance"]
    assert "at most 0.15 is accepted" in found.summary


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_the_best_model_there_is_passes_for_every_kind(target):
    assert GATE.judge(candidate(target, test=rows(target, 2000, 4))).value < 0.06


def test_too_sure_classes_of_three_fail():
    test = rows(TARGETS[1], 500, 4)
    predicted = knowing(TARGETS[1])(test)
    sure = predicted.assign(score=0.5 + predicted["score"] / 2)
    found = GATE.judge(candidate(TARGETS[1], test=test, predicted=sure))
    assert found.verdict == "fail"


def test_numbers_that_are_off_on_average_fail_in_standard_deviations():
    test = rows(NUMBER, 500, 4)
    told = knowing(NUMBER)(test)
    off = told + 0.5
    found = GATE.judge(candidate(NUMBER, test=test, predicted=off))
    assert found.verdict == "fail"
    # Chance widens what a shift of .5 alone would give a little.
    assert found.value == pytest.approx(0.5 / test["y"].std(), rel=0.15)


@pytest.mark.parametrize(
    ("change", "told"),
    [({"score": np.nan}, "not finite"), ({"score": np.inf}, "not finite")],
)
def test_scores_that_are_no_numbers_are_unknown(change, told):
    test = rows(BINARY, 100, 4)
    found = GATE.judge(
        candidate(BINARY, test=test, predicted=knowing(BINARY)(test).assign(**change))
    )
    assert found.verdict == "unknown"
    assert told in found.summary


def test_few_rows_and_equal_labels_are_unknown():
    few = GATE.judge(candidate(BINARY, test=rows(BINARY, 29, 4)))
    assert few.verdict == "unknown"
    assert "30 are needed" in few.summary
    equal = GATE.judge(candidate(NUMBER, test=rows(NUMBER, 50, 4).assign(y=3.0)))
    assert equal.verdict == "unknown"


def test_the_same_rows_give_the_same_chance():
    assert repr(GATE.judge(candidate(NUMBER))) == repr(GATE.judge(candidate(NUMBER)))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_the_advice_is_about_what_the_target_has(target):
    test = rows(target, 500, 4)
    told = knowing(target)(test)
    off = told + 2 if target is NUMBER else told.assign(score=0.999)
    found = GATE.judge(candidate(target, test=test, predicted=off))
    assert found.verdict == "fail"
    foreign = {
        "binary": ("rmse", "mae"),
        "multiclass": ("log_loss", "rmse", "mae"),
        "regression": ("log_loss", "probabilit", "score"),
    }[target.kind]
    assert not [word for word in foreign if word in found.summary]
    if target is NUMBER:
        assert "above the truth by 2" in found.summary


def test_large_errors_that_a_test_part_happens_to_have_or_lack_are_chance():
    rejected = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        train, test = (
            pd.DataFrame({"x": rng.normal(size=n), "y": rng.lognormal(0, 2, n) - np.exp(2)})
            for n in (240, 60)
        )
        said = [
            pd.DataFrame({"prediction": part["x"], "score": part["x"]}) for part in (train, test)
        ]
        new = candidate(
            NUMBER,
            train=train,
            test=test.assign(y=test["x"] + test["y"]),
            columns={},
            out_of_fold=said[0],
            predicted=said[1],
        )
        rejected += GATE.judge(new).verdict == "fail"
    assert rejected <= 1
