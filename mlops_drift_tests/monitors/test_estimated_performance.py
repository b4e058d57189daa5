"""When an estimate of performance fails, before labels arrive."""

from math import nan

import pytest

from mlops_drift.learning.metrics.allowance import Allowance
from mlops_drift.monitors.estimated_performance import judge_estimate
from mlops_drift.monitors.measured import Measured
from mlops_drift.monitors.performance import Limits
from mlops_drift_tests.monitors.answers import ACCURATE


@pytest.mark.parametrize(
    ("estimate", "verdict"),
    [
        (Measured(0.83, 0.80, 0.86, 500), "pass"),
        (Measured(0.82, 0.79, 0.849, 500), "fail"),
        (Measured(0.5, 0.4, 0.6, 50), "unknown"),
        (Measured(nan, nan, nan, 500), "unknown"),
    ],
)
def test_an_estimate_fails_only_with_its_whole_interval(estimate, verdict):
    limits = Limits(True, None, Allowance(0.05, "points"), 0.004, 100)
    assert judge_estimate(estimate, ACCURATE, limits).verdict == verdict


def test_the_estimate_of_an_error_metric_fails_upwards():
    limits = Limits(False, None, Allowance(0.5, "share"), 0.004, 100)
    test = Measured(1.0, 0.9, 1.1, 400)
    high = judge_estimate(Measured(1.8, 1.6, 2.0, 500), test, limits)
    near = judge_estimate(Measured(1.6, 1.4, 1.8, 500), test, limits)
    assert (high.verdict, near.verdict) == ("fail", "pass")
    assert near.code == "not_significant"


def test_what_cannot_be_estimated_says_why():
    limits = Limits(True, None, Allowance(0.05, "points"), 0.004, 100)
    found = judge_estimate(Measured(nan, nan, nan, 500), ACCURATE, limits, "r2 cannot be estimated")
    assert (found.verdict, found.code) == ("unknown", "not_estimable")
    assert found.text == "r2 cannot be estimated"
