"""When the performance of a version fails: drops, errors, windows and slices."""

from math import isnan, nan
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mlops_drift.monitors.baseline import Baseline
from mlops_drift.monitors.config import PerformanceMonitor
from mlops_drift.monitors.context import LabelledRows
from mlops_drift.monitors.measured import Measured
from mlops_drift.monitors.performance import Limits, judge_windows
from mlops_drift.monitors.performance_drop import PerformanceDrop
from mlops_drift.monitors.slice_performance import SlicePerformance
from mlops_drift_tests.monitors.answers import (
    ACCURATE,
    BINARY,
    DAY,
    NUMBER,
    answers,
    born_with,
    judge,
    measured,
    window_of,
)
from mlops_drift_tests.monitors.contexts import MemoryContext


def test_a_value_like_the_test_value_passes():
    verdict = judge(answers(178, 22), ACCURATE)
    assert verdict.verdict == "pass"
    assert verdict.value == pytest.approx(0.89)
    assert verdict.lower < 0.89 < verdict.upper
    assert (verdict.n, verdict.code, verdict.version) == (200, "within_limit", 3)
    assert verdict.threshold == pytest.approx(0.85)
    assert verdict.reason == (
        "accuracy of version 3 on 2024-10-07: 0.890 on 200 labelled predictions, test value 0.900"
    )


def test_a_value_is_compared_with_the_reference_of_a_model_that_is_made_elsewhere():
    limits = Limits.of(PerformanceMonitor(drop=0.05, min_rows=20), "accuracy", "reference")
    rows = [answers(178, 22), answers(150, 50)]
    windows = [window_of(one, ACCURATE, "accuracy", BINARY, 1) for one in rows]
    like, fallen = judge_windows("performance_drop", DAY, 3, windows, limits)
    assert like.reason.endswith("reference value 0.900")
    assert fallen.reason.endswith("15 points below the 0.900 of its reference, limit 5 points")


def test_a_drop_fails_if_chance_is_excluded():
    verdict = judge(answers(150, 50), ACCURATE)
    assert verdict.verdict == "fail"
    assert verdict.threshold == pytest.approx(0.85)
    assert verdict.reason == (
        "accuracy of version 3 on 2024-10-07: 0.750 on 200 labelled predictions, "
        "15 points below the 0.900 of its test split, limit 5 points"
    )


def test_a_drop_that_may_be_chance_passes_and_says_so():
    verdict = judge(answers(20, 5), ACCURATE)
    assert verdict.value == pytest.approx(0.8)
    assert verdict.verdict == "pass"
    assert verdict.reason.endswith(
        "10 points below the 0.900 of its test split, limit 5 points; not significant (q = 0.105)"
    )


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
    assert verdict.reason.endswith("0.714 on 21 labelled predictions, below the minimum of 0.800")
    assert judge(answers(80, 20), ACCURATE, floor=0.8, drop=None).verdict == "pass"


def test_the_threshold_is_the_limit_nearest_to_the_healthy_side():
    rows = answers(180, 20)
    assert judge(rows, ACCURATE, floor=0.8).threshold == pytest.approx(0.85)
    assert judge(rows, ACCURATE, floor=0.88).threshold == pytest.approx(0.88)
    assert isnan(judge(rows, ACCURATE, floor=None, drop=None).threshold)
    assert judge(answers(0, 200), ACCURATE, floor=None, drop=None).verdict == "unknown"


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
    verdict = judge((truth, truth, scores), Measured(0.9, 0.85, 0.95, 400), metric="auc")
    assert verdict.verdict == "unknown"
    assert isnan(verdict.value)
    assert verdict.reason.endswith("undefined on these 50 labelled predictions")


def test_without_an_interval_of_the_test_value_a_drop_is_unknown():
    test = Measured(0.9, nan, nan, 1)
    assert judge(answers(100, 100), test).verdict == "unknown"
    assert judge(answers(100, 100), test, floor=0.8).verdict == "fail"
    assert judge(answers(180, 20), test, floor=0.8).verdict == "pass"


def test_an_error_metric_fails_upwards():
    test = Measured(1.0, 0.9, 1.1, 400)
    options = {"metric": "rmse", "target": NUMBER, "drop": 0.5}
    better, equal, worse = (judge(measured(e), test, **options) for e in (0.2, 1.0, 3.0))
    assert [item.verdict for item in (better, equal, worse)] == ["pass", "pass", "fail"]
    assert worse.value == pytest.approx(3.0)
    assert worse.threshold == pytest.approx(1.5)
    assert worse.reason.endswith("200 % above the 1.000 of its test split, limit 50 %")


@pytest.mark.parametrize(
    ("metric", "scale", "error", "verdict"),
    [
        ("mae", 1, 86, "fail"),
        ("mae", 1, 44, "pass"),
        ("mae", 1, 46, "pass"),
        ("mae", 1, 47, "fail"),
        ("rmse", 1, 86, "fail"),
        ("rmse", 1, 44, "pass"),
        ("mae", 1e-6, 86, "fail"),
        ("mae", 1e-6, 44, "pass"),
        ("rmse", 1e9, 86, "fail"),
        ("rmse", 1e9, 44, "pass"),
    ],
)
def test_an_error_may_rise_by_a_tenth_on_any_scale(metric, scale, error, verdict):
    test = Measured(42 * scale, 41 * scale, 43 * scale, 400)
    found = judge(measured(error * scale), test, metric, NUMBER, drop="default")
    assert found.verdict == verdict
    assert found.threshold == pytest.approx(46.2 * scale)


def test_the_sentence_about_an_error_tells_shares():
    test = Measured(42.1, 41.1, 43.1, 400)
    found = judge(measured(86), test, "mae", NUMBER, drop="5 %")
    assert found.reason == (
        "mae of version 3 on 2024-10-07: 86.000 on 400 labelled predictions, "
        "104 % above the 42.100 of its test split, limit 5 %"
    )


def test_small_errors_are_told_with_their_digits():
    found = judge(measured(86e-6), Measured(42e-6, 41e-6, 43e-6, 400), "mae", NUMBER)
    assert "8.6e-05 on 400" in found.reason
    assert "105 % above the 4.2e-05 of its test split" in found.reason


def test_an_error_after_a_faultless_test_part_fails_without_a_share():
    found = judge(measured(3), Measured(0.0, 0.0, 0.0, 400), "mae", NUMBER, drop="default")
    assert found.verdict == "fail"
    assert found.reason.endswith("3 above the 0.000 of its test split, limit 10 %")


@pytest.mark.parametrize(("score", "verdict"), [(0.67, "pass"), (0.6, "fail")])
def test_log_loss_may_rise_by_a_tenth(score, verdict):
    # The log loss of a constant score for what is right is its negative logarithm.
    test = Measured(0.37, 0.36, 0.38, 400)
    rows = np.full(400, "yes"), np.full(400, "yes"), np.full(400, score)
    assert judge(rows, test, "log_loss", drop="default").threshold == pytest.approx(0.407)
    assert judge(rows, test, "log_loss", drop="default").verdict == verdict


@pytest.mark.parametrize(("error", "verdict"), [(10.5, "pass"), (14, "fail")])
def test_r2_may_fall_by_five_points(error, verdict):
    test = Measured(0.9, 0.89, 0.91, 400)
    found = judge(measured(error), test, "r2", NUMBER, drop="default")
    assert (found.verdict, found.threshold) == (verdict, pytest.approx(0.85))


def test_the_floor_of_an_error_metric_is_its_ceiling():
    test = Measured(1.0, 0.9, 1.1, 400)
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


def failing_share(rate, production_rate, n_test, n, repeats):
    rng = np.random.default_rng(5)
    failed = 0
    for _ in range(repeats):
        right = rng.binomial(n_test, rate)
        test = born_with(right, n_test - right)
        rows = simulated(rng, production_rate, n)
        failed += judge(rows, test).verdict == "fail"
    return failed / repeats


@pytest.mark.parametrize("rate", [0.6, 0.9, 0.98])
@pytest.mark.parametrize(("n_test", "n"), [(100, 100), (400, 100), (100, 1000), (1000, 1000)])
def test_an_unchanged_version_hardly_ever_fails(rate, n_test, n):
    # 1 % are expected at most; 4 % of 125 are more than three standard deviations above.
    assert failing_share(rate, rate, n_test, n, repeats=125) <= 0.04


@pytest.mark.parametrize(("rate", "drop", "n"), [(0.9, 0.25, 192), (0.85, 0.15, 1500)])
def test_a_real_drop_is_found(rate, drop, n):
    assert failing_share(rate, rate - drop, 400, n, repeats=50) >= 0.9


def test_windows_judged_together_share_their_chance_of_a_false_alarm():
    weak, strong = answers(81, 19), answers(60, 40)
    options = PerformanceMonitor(min_rows=20, alpha=0.02)

    def verdicts(*rows):
        windows = [window_of(one, ACCURATE, window=i) for i, one in enumerate(rows, start=1)]
        return judge_windows("performance_drop", DAY, 3, windows, Limits.of(options, "accuracy"))

    [alone] = verdicts(weak)
    assert alone.verdict == "fail"
    assert alone.q == alone.p
    among = verdicts(weak, *[answers(90, 10)] * 9)
    assert among[0].p == alone.p
    assert among[0].q == pytest.approx(10 * alone.p)
    assert among[0].verdict == "pass"
    beside_a_strong_one = verdicts(weak, strong)
    assert [item.verdict for item in beside_a_strong_one] == ["fail", "fail"]


def test_a_slice_is_held_against_its_own_test_value():
    tests = {"de": ACCURATE, "fr": born_with(240, 160), "it": None}
    windows = [
        window_of(answers(60, 40), test, window=7, part=f"country={name}")
        for name, test in tests.items()
    ]
    limits = Limits.of(PerformanceMonitor(), "accuracy")
    verdicts = judge_windows("slice_performance", DAY, 3, windows, limits)
    assert [item.verdict for item in verdicts] == ["fail", "pass", "unknown"]
    assert verdicts[0].reason.startswith("accuracy of version 3 for country=de over the 7 days to")
    assert verdicts[2].reason.endswith("its test split has fewer than 30 such rows")


def test_a_slice_knows_no_floor():
    truth, prediction, score = answers(90, 10)
    country = np.full(100, "de", dtype=object)
    monitor = PerformanceMonitor(floor=0.95, slices=["country"], windows=[1])
    spec = SimpleNamespace(
        target=BINARY,
        training=SimpleNamespace(metric="accuracy", seed=7),
        monitors=SimpleNamespace(performance=monitor),
    )
    test = {"y": truth, "prediction": prediction, "score": score, "slice country": country}
    baseline = Baseline(spec, ACCURATE, lambda: pd.DataFrame(test))
    days = np.full(100, DAY.toordinal())
    columns = {"label": truth, "day": days, "lot": np.arange(100), **test}
    rows = LabelledRows(1, [DAY.toordinal()], columns, {DAY.toordinal(): 1})
    context = MemoryContext(spec, [DAY], baseline=baseline)
    [found] = SlicePerformance(monitor).judge(context, DAY, rows)
    assert (found.verdict, found.subject) == ("pass", "accuracy of country=de")
    whole = PerformanceDrop(monitor).judge(context, DAY, rows)
    assert [item.verdict for item in whole] == ["fail"]
