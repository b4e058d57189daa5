"""What predictions are worth, and when that fails."""

import numpy as np
import pytest

from mlops_drift.learning.config import BusinessValue
from mlops_drift.learning.metrics.allowance import Allowance
from mlops_drift.monitors.measured import measure_business_value
from mlops_drift.monitors.performance import Limits, MeasuredWindow, judge_windows
from mlops_drift_tests.monitors.answers import BINARY, DAY, NUMBER, answers

OFFER = BusinessValue(
    unit="EUR",
    outcomes=[
        {"truth": "yes", "prediction": "yes", "value": 80},
        {"truth": "no", "prediction": "yes", "value": -20},
        {"truth": "yes", "prediction": "no", "value": -100},
    ],
    floor=0,
    drop=10,
)


def test_the_business_value_of_predictions_is_the_mean_over_their_outcomes():
    truth = np.array(["yes", "no", "yes", "no"], dtype=object)
    prediction = np.array(["yes", "yes", "no", "no"], dtype=object)
    found = measure_business_value(OFFER, BINARY, truth, prediction)
    assert (found.value, found.n) == (-10.0, 4)
    assert found.lower < -10 < found.upper
    cost = BusinessValue(per_error=-2.0)
    numbers = measure_business_value(cost, NUMBER, np.array([1.0, 2.0]), np.array([1.5, 0.0]))
    assert numbers.value == pytest.approx(-2.5)


@pytest.mark.parametrize(("right", "verdict"), [(180, "pass"), (150, "fail"), (60, "fail")])
def test_business_value_fails_below_its_minimum_or_after_a_significant_drop(right, verdict):
    test = measure_business_value(OFFER, BINARY, *answers(900, 100)[:2])
    found = measure_business_value(OFFER, BINARY, *answers(right, 200 - right)[:2])
    limits = Limits(True, OFFER.floor, Allowance(OFFER.drop, "own"), 0.004, 100)
    windows = [MeasuredWindow(DAY, 28, "business value in EUR", found, test)]
    [judged] = judge_windows("business_value", DAY, 3, windows, limits)
    assert judged.verdict == verdict


def test_predicting_nobody_loses():
    nobody = np.array(["no"] * 100, dtype=object)
    truth = np.array(["yes"] * 30 + ["no"] * 70, dtype=object)
    everybody = np.array(["yes"] * 100, dtype=object)
    values = [
        measure_business_value(OFFER, BINARY, truth, prediction).value
        for prediction in (nobody, everybody, truth)
    ]
    assert values == [-30.0, 10.0, 24.0]
