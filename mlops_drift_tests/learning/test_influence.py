"""The influence of rows on metrics, against numbers that are found in other ways."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_drift.learning.metrics.intervals import standard_error
from mlops_drift.learning.metrics.registry import SHIPPED, metric_named
from mlops_drift.learning.metrics.resamples import draws


def rows_of(metric, n, seed):
    """Truth, prediction and score as the metric takes them; scores have ties."""
    rng = np.random.default_rng(seed)
    if "regression" in metric.kinds:
        truth = rng.normal(5, 2, n)
        predicted = truth + rng.normal(0.5, 1, n)
        return truth, predicted, predicted
    classes = 2 if metric.kinds == {"binary"} else 3
    truth = rng.choice(classes, n, p=[0.8, 0.2] if classes == 2 else [0.5, 0.3, 0.2])
    prediction = np.where(rng.random(n) < 0.7, truth, rng.choice(classes, n))
    score = np.clip(rng.normal(0.3 + 0.3 * (truth == 1), 0.2), 0.01, 0.99).round(2)
    return truth, prediction, score


METRICS = [metric_named(name) for name in SHIPPED]
NAMES = {"ids": [metric.name for metric in METRICS]}


@pytest.mark.parametrize("metric", METRICS, **NAMES)
def test_standard_errors_are_those_of_resamples(metric):
    rows = rows_of(metric, 5000, seed=1)
    weighted = metric.weighted(*rows)
    drawn = [weighted(counts) for counts in draws(np.ones(5000, dtype=int), 300, seed=2)]
    # Of 300 resamples the standard deviation is known to within 4 %.
    found = standard_error(metric.influence(*rows))
    assert found == pytest.approx(np.concatenate(drawn).std(), rel=0.12)


@pytest.mark.parametrize("metric", METRICS, **NAMES)
def test_influence_is_the_slope_of_the_metric_by_the_weight_of_a_row(metric):
    n, step = 60, 1e-4
    rows = rows_of(metric, n, seed=3)
    weighted, found = metric.weighted(*rows), metric.influence(*rows)
    up, down = (weighted(1 + sign * step * np.eye(n)) for sign in (1, -1))
    slopes = n * (up - down) / (2 * step)
    if metric.name == "r2":
        slopes = [n * slope_of_r2(*rows[:2], place, step) for place in range(n)]
    assert found == pytest.approx(np.asarray(slopes), abs=1e-5)


def slope_of_r2(truth, prediction, place, step):
    """By weights whose sum is not n, which resamples have not."""

    def value(weight):
        weights = np.ones(len(truth))
        weights[place] = weight
        spread = np.average((truth - np.average(truth, weights=weights)) ** 2, weights=weights)
        return 1 - np.average((truth - prediction) ** 2, weights=weights) / spread

    return (value(1 + step) - value(1 - step)) / (2 * step)


def test_the_error_of_auc_is_that_of_delong_by_all_pairs():
    metric = metric_named("auc")
    truth, prediction, score = rows_of(metric, 400, seed=4)
    won = score[truth == 1][:, None] - score[truth == 0][None, :]
    placed = (won > 0) + 0.5 * (won == 0)
    of_positives, of_negatives = placed.mean(axis=1), placed.mean(axis=0)
    variance = of_positives.var() / len(of_positives) + of_negatives.var() / len(of_negatives)
    assert (won == 0).sum() > 100
    influence = metric.influence(truth, prediction, score)
    assert standard_error(influence) == pytest.approx(variance**0.5, rel=1e-12)
    # With m - 1, as published, it is as good as the same.
    published = sum(part.var(ddof=1) / len(part) for part in (of_positives, of_negatives))
    assert standard_error(influence) == pytest.approx(published**0.5, rel=0.01)


def test_the_error_of_a_share_is_the_binomial_one():
    for name, of_rows in (("precision", 1), ("recall", 0)):
        metric = metric_named(name)
        rows = rows_of(metric, 500, seed=5)
        n, value = (rows[of_rows] == 1).sum(), metric.compute(*rows)
        found = standard_error(metric.influence(*rows))
        assert found == pytest.approx((value * (1 - value) / n) ** 0.5, rel=1e-5)


@given(st.sampled_from(METRICS), st.integers(2, 80), st.integers(0, 1000))
def test_the_influence_of_all_rows_sums_to_nothing(metric, n, seed):
    rows = rows_of(metric, n, seed)
    if np.isfinite(metric.compute(*rows)):
        influence = metric.influence(*rows)
        assert influence.shape == (n,)
        assert abs(influence.mean()) <= 1e-6 * max(1, np.abs(influence).max())


@given(st.sampled_from(["mae", "rmse"]), st.sampled_from([1e-9, 1e-3, 1e6]), st.integers(0, 1000))
def test_the_influence_on_an_error_has_its_unit(name, scale, seed):
    metric = metric_named(name)
    rows = rows_of(metric, 30, seed)
    found = metric.influence(*(scale * part for part in rows))
    assert found == pytest.approx(scale * metric.influence(*rows), abs=1e-12 * scale)


@given(st.sampled_from(["accuracy", "balanced_accuracy", "f1_macro"]), st.integers(0, 1000))
def test_names_of_classes_do_not_matter_to_averages(name, seed):
    metric, other = metric_named(name), np.array([2, 0, 1])
    truth, prediction, score = rows_of(metric, 50, seed)
    renamed = metric.influence(other[truth], other[prediction], score)
    assert renamed == pytest.approx(metric.influence(truth, prediction, score), abs=1e-6)


@given(st.integers(0, 1000))
def test_auc_of_swapped_classes_and_scores_has_the_same_influence(seed):
    metric = metric_named("auc")
    truth, prediction, score = rows_of(metric, 50, seed)
    swapped = metric.influence(1 - truth, prediction, 1 - score.round(2))
    assert swapped == pytest.approx(metric.influence(truth, prediction, score), nan_ok=True)


def test_a_perfect_prediction_leaves_no_row_influence():
    truth = np.array([0, 1, 1, 0])
    for name in ("auc", "f1", "f1_macro", "balanced_accuracy", "accuracy"):
        influence = metric_named(name).influence(truth, truth, truth.astype(float))
        assert np.abs(influence).max() < 1e-6
    numbers = np.arange(4.0)
    for name in ("mae", "rmse", "r2"):
        assert not metric_named(name).influence(numbers, numbers, numbers).any()
