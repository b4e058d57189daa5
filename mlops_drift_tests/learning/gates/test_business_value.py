import numpy as np
import pandas as pd
import pytest

from mlops_drift.learning.config import BusinessValue
from mlops_drift.learning.gates.business_value import BusinessValueGate
from mlops_drift_tests.learning.gates.candidates import BINARY, NUMBER, candidate, rows

# Whoever leaves costs 500, unless an offer of 50 keeps them; an offer to others is lost.
CHURN = {
    "unit": "EUR",
    "outcomes": [
        {"truth": "yes", "prediction": "no", "value": -500},
        {"truth": "yes", "prediction": "yes", "value": -50},
        {"truth": "no", "prediction": "yes", "value": -50},
    ],
}


def leaving(said, seed=2, n=400):
    """Of 400 customers a quarter leaves."""
    test = rows(BINARY, n, seed).assign(y=np.where(np.arange(n) % 4 == 0, "yes", "no"))
    truth = test["y"].to_numpy()
    predicted = pd.DataFrame({"prediction": said(truth), "score": 0.3})
    return candidate(BINARY, test=test, predicted=predicted.astype({"prediction": object}))


def judge(new, **changes):
    return BusinessValueGate(BusinessValue(**{**CHURN, **changes})).judge(new)


def test_to_predict_nobody_loses_and_fails():
    found = judge(leaving(lambda truth: np.full(len(truth), "no")))
    assert (found.name, found.verdict) == ("business_value", "fail")
    assert found.value == -125
    # To offer to everybody costs 50 each.
    assert found.threshold == -50
    assert "'always yes' is worth -50 EUR" in found.summary


def test_to_find_who_leaves_is_worth_more_than_any_constant_answer():
    found = judge(leaving(lambda truth: truth))
    assert (found.verdict, found.value) == ("pass", -12.5)
    assert found.numbers["best constant answer"] == -50


def test_a_constant_answer_is_not_worth_more_than_itself():
    assert judge(leaving(lambda truth: np.full(len(truth), "yes"))).verdict == "fail"


@pytest.mark.parametrize(("floor", "verdict"), [(-12.5, "pass"), (-12, "fail")])
def test_the_floor_must_be_reached_too(floor, verdict):
    found = judge(leaving(lambda truth: truth), floor=floor)
    assert (found.verdict, found.threshold) == (verdict, floor)
    assert ("the floor is -12 EUR" in found.summary) == (verdict == "fail")


def test_numbers_are_held_against_the_median_of_the_train_part():
    train = rows(NUMBER, 3, 1).assign(y=[0.0, 1.0, 50.0])
    test = rows(NUMBER, 4, 2).assign(y=[1.0, 1.0, 3.0, 3.0])
    gate = BusinessValueGate(BusinessValue(per_error=-2))

    def saying(values):
        predicted = pd.DataFrame({"prediction": values, "score": values})
        return gate.judge(candidate(NUMBER, train=train, test=test, predicted=predicted))

    near = saying([1.0, 1.0, 2.0, 2.0])
    assert (near.verdict, near.value, near.threshold) == ("pass", -1.0, -2.0)
    assert "'always 1'" in near.summary
    assert saying([0.0, 0.0, 2.0, 1.0]).verdict == "fail"
