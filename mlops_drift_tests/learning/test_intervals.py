"""Intervals of shares, and those beyond the rows that are resampled."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm

from mlops_drift.learning.metrics.base import REGRESSION, MeanMetric, Metric
from mlops_drift.learning.metrics.differences import difference_within, worsening_within
from mlops_drift.learning.metrics.evaluation import evaluate, evaluate_within
from mlops_drift.learning.metrics.intervals import RESAMPLED_ROWS, bounds_of
from mlops_drift.learning.metrics.registry import SHIPPED, metric_named, metrics_of
from mlops_drift_tests.learning.samples import BINARY, NUMBER, TARGETS
from mlops_drift_tests.learning.test_bootstrap import answers

MANY = RESAMPLED_ROWS + 1
FITTING = [(name, target) for target in TARGETS for name in metrics_of(target.kind)]
IDS = {"ids": lambda part: getattr(part, "kind", part)}


class Worst(Metric):
    """The largest error, of which no row knows its influence."""

    name = "worst"
    kinds = REGRESSION
    greater_is_better = False

    def compute(self, truth, prediction, score):
        return float(np.abs(truth - prediction).max())


class Bias(MeanMetric):
    """The mean error, which has no bounds."""

    name = "bias"
    kinds = REGRESSION
    greater_is_better = False
    lowest = -math.inf

    def losses(self, truth, prediction, score):
        return prediction - truth


@pytest.mark.parametrize("name", ["precision", "recall", "accuracy"])
@pytest.mark.parametrize("n", [40, 4000])
def test_shares_have_the_interval_of_wilson_over_their_own_rows(name, n):
    truth, prediction, score = answers(BINARY, n, np.random.default_rng(1))
    counted = {"precision": prediction == "good", "recall": truth == "good"}.get(
        name, truth == truth
    )
    right = int((truth == prediction)[counted].sum())
    expected = binomtest(right, int(counted.sum())).proportion_ci(0.9, method="wilson")
    value, *found = evaluate_within(name, BINARY, truth, prediction, score, confidence=0.9, seed=1)
    assert value == right / counted.sum()
    assert found == pytest.approx([expected.low, expected.high], abs=1e-12)


@pytest.mark.parametrize(("metric", "target"), FITTING, **IDS)
def test_intervals_of_resamples_and_of_influence_agree_where_one_takes_over(metric, target):
    rows = answers(target, MANY, np.random.default_rng(2))
    value, *many = evaluate_within(metric, target, *rows, seed=1)
    _, *few = evaluate_within(metric, target, *(part[1:] for part in rows), seed=1)
    assert many[0] < value < many[1]
    assert many == pytest.approx(few, abs=0.25 * (many[1] - many[0]))


@pytest.mark.parametrize(("metric", "target"), FITTING, **IDS)
def test_of_many_rows_the_seed_changes_nothing(metric, target):
    rows = answers(target, MANY, np.random.default_rng(2))
    one, other = (evaluate_within(metric, target, *rows, seed=seed) for seed in (1, 2))
    assert one == other


@pytest.mark.parametrize("metric", ["auc", "f1"])
@pytest.mark.parametrize("right", [True, False])
def test_what_is_wholly_right_or_wrong_is_doubted_by_the_rows_of_the_rarest_class(metric, right):
    truth = np.array(["good"] * 60 + ["bad"] * (MANY - 60))
    said = truth if right else np.where(truth == "good", "bad", "good")
    score = (said == "good").astype(float)
    value, *found = evaluate_within(metric, BINARY, truth, said, score, seed=1)
    expected = binomtest(60 if right else 0, 60).proportion_ci(0.95, method="wilson")
    assert value == right
    assert found == pytest.approx([expected.low, expected.high], abs=1e-12)


def test_an_error_of_nothing_is_certain():
    truth = np.arange(float(MANY))
    for metric in ("mae", "rmse"):
        assert evaluate_within(metric, NUMBER, truth, truth, truth, seed=1) == (0, 0, 0)
    assert evaluate_within("r2", NUMBER, truth, truth, truth, seed=1) == (1, 1, 1)


def test_intervals_are_normal_on_a_scale_without_ends():
    truth, z = np.repeat([0, 1], 50), norm.ppf(0.975)
    low, high = bounds_of(metric_named("auc"), 0.9, 0.02, truth, 0.95)
    logits = [math.log(end / (1 - end)) for end in (low, 0.9, high)]
    assert np.diff(logits) == pytest.approx([z * 0.02 / 0.09] * 2)
    low, high = bounds_of(metric_named("mae"), 4.0, 0.5, truth, 0.95)
    assert np.diff(np.log([low, 4, high])) == pytest.approx([z * 0.5 / 4] * 2)
    low, high = bounds_of(metric_named("r2"), -0.5, 0.3, truth, 0.95)
    assert np.diff(np.log([1 - low, 1.5, 1 - high])) == pytest.approx([-z * 0.3 / 1.5] * 2)
    assert bounds_of(Bias(), -0.5, 0.3, truth, 0.95) == pytest.approx(
        [-0.5 - z * 0.3, -0.5 + z * 0.3]
    )


@given(
    st.sampled_from([metric_named(name) for name in SHIPPED]),
    st.floats(1e-9, 1 - 1e-9),
    st.floats(0, 1e9),
    st.floats(0.01, 0.9999),
)
def test_intervals_contain_the_value_and_stay_inside_the_bounds(metric, value, error, confidence):
    low, high = bounds_of(metric, value, error, np.repeat([0, 1], 50), confidence)
    assert metric.lowest <= low <= value + 1e-12
    assert value - 1e-12 <= high <= metric.highest


@pytest.mark.parametrize("n", [20, MANY])
@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_what_is_not_finite_has_no_interval(n, score):
    truth, prediction, scores = answers(BINARY, n, np.random.default_rng(1))
    scores[3] = score
    value, low, high = evaluate_within("auc", BINARY, truth, prediction, scores, seed=1)
    assert all(map(math.isnan, (value, low, high)))
    numbers = np.arange(float(n))
    value, low, high = evaluate_within("mae", NUMBER, numbers, numbers + score, numbers, seed=1)
    assert not math.isfinite(value)
    assert math.isnan(low)
    assert math.isnan(high)
    one = np.full(n, "good")
    assert all(map(math.isnan, evaluate_within("auc", BINARY, one, one, scores, seed=1)))
    assert evaluate_within("f1_macro", BINARY, one, one, scores, seed=1)[0] == 1


def test_a_metric_that_knows_no_influence_is_resampled_however_many_rows_there_are():
    truth, prediction, score = answers(NUMBER, MANY, np.random.default_rng(1))
    value, low, high = evaluate_within(
        f"{__name__}:Worst", NUMBER, truth, prediction, score, seed=1
    )
    # The row with the largest error is in two of three resamples, and none has a larger one.
    assert low < value == high


# Differences


@pytest.mark.parametrize(("metric", "target"), FITTING, **IDS)
def test_differences_spread_alike_by_resamples_and_by_influence(metric, target):
    rng = np.random.default_rng(3)
    truth, *first = answers(target, MANY, rng)
    second = [
        np.where(rng.random(MANY) < 0.8, one, other)
        for one, other in zip(first, answers(target, MANY, rng)[1:], strict=True)
    ]
    many = difference_within(metric, target, truth, [first, second], seed=1)
    few = difference_within(
        metric, target, truth[1:], [[part[1:] for part in one] for one in (first, second)], seed=1
    )
    assert (len(many.drawn), len(few.drawn)) == (0, 1000)
    expected = [evaluate(metric, target, truth, *one) for one in (first, second)]
    assert many.value == pytest.approx(expected[0] - expected[1], abs=1e-12)
    width = np.ptp(many.interval(0.95))
    assert many.interval(0.95) == pytest.approx(few.interval(0.95), abs=0.15 * width)
    assert np.std(many.shown()) == pytest.approx(few.drawn.std(), rel=0.1)


def test_equal_models_differ_in_nothing_however_many_rows_there_are():
    truth, *model = answers(BINARY, MANY, np.random.default_rng(1))
    for rows in (slice(100), slice(None)):
        both = [[part[rows] for part in model]] * 2
        found = difference_within("auc", BINARY, truth[rows], both, seed=1)
        assert (found.value, *found.interval(0.95)) == (0, 0, 0)


def test_worse_is_positive_whichever_way_the_metric_points():
    truth = np.zeros(MANY)
    near, far = np.full(MANY, 1.0), np.linspace(1, 3, MANY)
    found = worsening_within("mae", NUMBER, truth, (near, near), (far, far), seed=1)
    assert 0 < found.quantile(0.005) < found.value == pytest.approx(1)
    answer, other = np.array(["good", "bad"] * MANY), np.array(["good", "good"] * MANY)
    scores = np.zeros(2 * MANY)
    found = worsening_within("accuracy", BINARY, answer, (answer, scores), (other, scores), seed=1)
    assert 0 < found.quantile(0.005) < found.value == 0.5


def test_an_undefined_difference_has_no_interval_and_an_infinite_one_no_doubt():
    truth, near, off = np.zeros(10), np.ones(10), np.full(10, math.inf)
    found = difference_within("mae", NUMBER, truth, [(off, off), (near, near)], seed=1)
    assert (found.value, *found.interval(0.95)) == (math.inf,) * 3
    found = difference_within("r2", NUMBER, truth, [(near, near)] * 2, seed=1)
    assert all(map(math.isnan, (found.value, *found.interval(0.95))))
    assert found.shown() == []
