from datetime import date
from math import isnan, nan

import numpy as np
import pytest

from mlops_drift.learning.metrics import interval
from mlops_drift.monitoring.config import PerformanceMonitor
from mlops_drift.monitoring.performance import TestResult, judge_performance
from mlops_drift.schema import Target

DAY = date(2024, 10, 7)
BINARY = Target(column="y", kind="binary", classes=["no", "yes"], positive="yes")
NUMBER = Target(column="y", kind="regression")


def answers(right, wrong):
    """Truth, prediction and score with so many right and wrong answers, both classes alike."""
    prediction = np.array(["yes", "no"] * (right + wrong))[: right + wrong]
    flipped = np.where(prediction == "yes", "no", "yes")
    truth = np.where(np.arange(right + wrong) < right, prediction, flipped)
    return truth, prediction, np.where(prediction == "yes", 0.9, 0.1)


def born_with(right, wrong):
    """The result of a test part, as a version was born with it."""
    lower, upper = interval("accuracy", BINARY, *answers(right, wrong), seed=7)
    return TestResult(right / (right + wrong), lower, upper, right + wrong)


def judge(rows, test, metric="accuracy", target=BINARY, window=1, **monitor):
    return judge_performance(
        metric,
        target,
        *rows,
        test,
        PerformanceMonitor(**{"drop": 0.05, "min_rows": 20, **monitor}),
        production_day=DAY,
        window=window,
        version=3,
        seed=7,
    )


def measured(error, n=400):
    """Truth and prediction of a regression with errors of this size."""
    truth = np.linspace(0, 100, n)
    prediction = truth + error * np.where(np.arange(n) % 2, 1, -1)
    return truth, prediction, prediction


ACCURATE = born_with(360, 40)


def test_a_value_like_the_test_value_passes():
    verdict = judge(answers(178, 22), ACCURATE)
    assert verdict.verdict == "pass"
    assert verdict.value == pytest.approx(0.89)
    assert verdict.lower < 0.89 < verdict.upper
    assert (verdict.n, verdict.test_value, verdict.version) == (200, 0.9, 3)
    assert verdict.threshold == pytest.approx(0.85)
    assert verdict.reason == (
        "accuracy of version 3 on 2024-10-07: 0.890 on 200 labelled predictions, test value 0.900"
    )


def test_a_drop_fails_if_chance_is_excluded():
    verdict = judge(answers(150, 50), ACCURATE)
    assert verdict.verdict == "fail"
    assert verdict.threshold == pytest.approx(0.85)
    assert verdict.reason == (
        "accuracy of version 3 on 2024-10-07: 0.750 on 200 labelled predictions, "
        "0.150 worse than its test value of 0.900 (accepted: 0.050)"
    )


def test_a_drop_that_may_be_chance_passes_and_says_so():
    verdict = judge(answers(20, 5), ACCURATE)
    assert verdict.value == pytest.approx(0.8)
    assert verdict.verdict == "pass"
    assert verdict.reason.endswith("0.100 worse than its test value of 0.900, which may be chance")


def test_more_rows_exclude_chance():
    verdicts = [judge(answers(16 * n, 4 * n), ACCURATE).verdict for n in (1, 2, 5, 20, 50)]
    assert verdicts == sorted(verdicts, reverse=True)
    assert (verdicts[0], verdicts[-1]) == ("pass", "fail")


def test_a_significant_drop_smaller_than_accepted_passes():
    verdict = judge(answers(86_000, 14_000), born_with(90_000, 10_000))
    assert verdict.verdict == "pass"
    assert verdict.reason.endswith("0.860 on 100000 labelled predictions, test value 0.900")


def test_a_small_test_part_makes_a_drop_less_certain():
    assert judge(answers(80, 20), born_with(36, 4)).verdict == "pass"
    assert judge(answers(80, 20), born_with(3600, 400)).verdict == "fail"


def test_a_smaller_alpha_asks_for_more_evidence():
    rows = answers(80, 20)
    assert judge(rows, ACCURATE, alpha=0.1).verdict == "fail"
    assert judge(rows, ACCURATE, alpha=1e-6).verdict == "pass"


def test_a_value_beyond_the_floor_fails_whatever_chance_says():
    verdict = judge(answers(15, 6), ACCURATE, floor=0.8, drop=None)
    assert verdict.verdict == "fail"
    assert verdict.threshold == 0.8
    assert verdict.reason.endswith("0.714 on 21 labelled predictions, beyond the floor of 0.800")
    assert judge(answers(80, 20), ACCURATE, floor=0.8, drop=None).verdict == "pass"


def test_the_threshold_is_the_limit_nearest_to_the_healthy_side():
    rows = answers(180, 20)
    assert judge(rows, ACCURATE, floor=0.8).threshold == pytest.approx(0.85)
    assert judge(rows, ACCURATE, floor=0.88).threshold == pytest.approx(0.88)
    assert isnan(judge(rows, ACCURATE, floor=None, drop=None).threshold)
    assert judge(answers(0, 200), ACCURATE, floor=None, drop=None).verdict == "pass"


def test_few_rows_are_unknown_even_beyond_the_floor():
    verdict = judge(answers(0, 19), ACCURATE, floor=0.8)
    assert verdict.verdict == "unknown"
    assert verdict.reason.endswith("19 labelled predictions, 20 are needed")
    assert judge(answers(0, 20), ACCURATE, floor=0.8).verdict == "fail"


def test_no_rows_are_unknown():
    verdict = judge(tuple(np.array([]) for _ in range(3)), ACCURATE)
    assert (verdict.verdict, verdict.n) == ("unknown", 0)
    assert isnan(verdict.value)


def test_an_undefined_metric_is_unknown():
    truth = np.array(["no"] * 50)
    scores = np.linspace(0, 1, 50)
    verdict = judge((truth, truth, scores), TestResult(0.9, 0.85, 0.95, 400), metric="auc")
    assert verdict.verdict == "unknown"
    assert isnan(verdict.value)
    assert verdict.reason.endswith("undefined on these 50 labelled predictions")


def test_a_drop_without_an_interval_of_the_test_value_may_be_chance():
    test = TestResult(0.9, nan, nan, 1)
    assert judge(answers(100, 100), test).verdict == "pass"


def test_an_error_metric_fails_upwards():
    test = TestResult(1.0, 0.9, 1.1, 400)
    options = {"metric": "rmse", "target": NUMBER, "drop": 0.5}
    better, equal, worse = (judge(measured(e), test, **options) for e in (0.2, 1.0, 3.0))
    assert [item.verdict for item in (better, equal, worse)] == ["pass", "pass", "fail"]
    assert worse.value == pytest.approx(3.0)
    assert worse.threshold == pytest.approx(1.5)
    assert "2.000 worse than its test value of 1.000" in worse.reason


def test_the_floor_of_an_error_metric_is_its_ceiling():
    test = TestResult(1.0, 0.9, 1.1, 400)
    options = {"metric": "mae", "target": NUMBER, "drop": None, "floor": 2.0}
    assert judge(measured(1.9), test, **options).verdict == "pass"
    assert judge(measured(2.1), test, **options).verdict == "fail"
    both = {**options, "drop": 0.5}
    assert judge(measured(1.0), test, **both).threshold == pytest.approx(1.5)


def test_the_sentence_of_a_window_names_its_length():
    verdict = judge(answers(180, 20), ACCURATE, window=7)
    assert verdict.reason.startswith("accuracy of version 3 over the 7 days to 2024-10-07: ")
    assert verdict.window == 7


def simulated(rng, rate, n):
    right = rng.binomial(n, rate)
    return answers(right, n - right)


def failing_share(rate, production_rate, n_test, n, repeats=300):
    rng = np.random.default_rng(5)
    failed = 0
    for _ in range(repeats):
        right = rng.binomial(n_test, rate)
        test = born_with(right, n_test - right)
        rows = simulated(rng, production_rate, n)
        failed += judge(rows, test).verdict == "fail"
    return failed / repeats


@pytest.mark.parametrize("rate", [0.6, 0.9, 0.98])
@pytest.mark.parametrize(("n_test", "n"), [(100, 100), (400, 100), (100, 1000), (2000, 2000)])
def test_an_unchanged_version_hardly_ever_fails(rate, n_test, n):
    # 1 % are expected at most; 3 % of 300 are more than three standard deviations above.
    assert failing_share(rate, rate, n_test, n) <= 0.03


@pytest.mark.parametrize(("rate", "drop", "n"), [(0.9, 0.25, 192), (0.85, 0.15, 1500)])
def test_a_real_drop_is_found(rate, drop, n):
    assert failing_share(rate, rate - drop, 400, n, repeats=50) >= 0.9
