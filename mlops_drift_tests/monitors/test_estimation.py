import warnings
from functools import partial
from math import isnan, nan

import numpy as np
import pandas as pd
import pytest

from mlops_drift.learning.metrics.evaluation import evaluate
from mlops_drift.learning.metrics.registry import SHIPPED, metrics_of
from mlops_drift.monitors.calibration import Calibration, is_calibrated
from mlops_drift.monitors.estimation import ScoreEstimator, can_estimate
from mlops_drift.monitors.loss_estimation import LossEstimator
from mlops_drift.schema.columns import Column, Target

BINARY = Target(column="y", kind="binary", classes=["no", "yes"], positive="yes")
MULTI = Target(column="y", kind="multiclass", classes=["a", "b", "c"])
NUMBER = Target(column="y", kind="regression")
OF_BINARY = metrics_of("binary")
COLUMNS = {"x": Column(type="number"), "group": Column(type="category")}


def beta(a, b):
    return lambda rng, n: rng.beta(a, b, n)


EVEN, MOSTLY_LOW = beta(1, 1), beta(2, 4)


def separated(rng, n):
    """Scores near 0 and near 1, nothing between."""
    return np.where(rng.random(n) < 0.6, rng.uniform(0, 0.08, n), rng.uniform(0.93, 1, n))


def labelled(rng, n, scores=EVEN, chance=lambda score: score):
    """Truth, prediction and score, where chance(score) is the probability of a yes."""
    score = scores(rng, n)
    truth = np.where(rng.random(n) < chance(score), "yes", "no").astype(object)
    return truth, np.where(score > 0.5, "yes", "no").astype(object), score


def compared(metric, window, rows, *, chunks, test=20_000, parts=4):
    """Estimated and realized value and whether the interval held it, for chunks of rows."""
    found = []
    for seed in range(parts):
        rng = np.random.default_rng(seed)
        estimator = ScoreEstimator(metric, BINARY, *window(rng, test), seed)
        for _ in range(chunks):
            truth, prediction, score = window(rng, rows)
            estimate = estimator.estimate(prediction, score)
            real = evaluate(metric, BINARY, truth, prediction, score)
            found.append((estimate.value, real, estimate.lower <= real <= estimate.upper))
    return np.array(found).T


def noisy(rng, n, x=MOSTLY_LOW, share_of_b=0.3):
    """Features, truth and prediction of a regression whose noise grows with x and in group b."""
    frame = pd.DataFrame({"x": x(rng, n), "group": np.where(rng.random(n) < share_of_b, "b", "a")})
    prediction = 3 * frame["x"].to_numpy()
    noise = 0.3 + 2 * frame["x"] + 0.7 * (frame["group"] == "b")
    return frame, prediction + rng.normal(size=n) * noise.to_numpy(), prediction


def loss_estimator(metric, rng, n=5000, **world):
    frame, truth, prediction = noisy(rng, n, **world)
    return LossEstimator(metric, frame, COLUMNS, truth, prediction, 7)


@pytest.mark.parametrize("metric", ["auc", "accuracy"])
@pytest.mark.parametrize("scores", [beta(0.5, 0.5), beta(0.3, 0.9), beta(0.1, 0.1), separated])
def test_calibrated_scores_tell_the_realized_value(metric, scores):
    window = partial(labelled, scores=scores)
    estimated, realized, _ = compared(metric, window, 5000, chunks=5, parts=2)
    assert np.mean(np.abs(estimated - realized)) <= 0.005


@pytest.mark.parametrize("metric", ["auc", "accuracy"])
@pytest.mark.parametrize("scores", [beta(2, 2), beta(1, 3)])
def test_uncertain_scores_tell_the_value_up_to_the_chance_of_the_labels(metric, scores):
    # Here chance alone moves the realized value by 0.004 to 0.0055 on average.
    window = partial(labelled, scores=scores)
    estimated, realized, _ = compared(metric, window, 5000, chunks=5, parts=3)
    assert abs(np.mean(estimated - realized)) <= 0.003
    assert np.mean(np.abs(estimated - realized)) <= 0.0075


@pytest.mark.parametrize("metric", OF_BINARY)
@pytest.mark.parametrize(("test", "rows", "parts"), [(500, 100, 15), (2000, 500, 10)])
def test_the_interval_holds_the_realized_value(metric, test, rows, parts):
    window = partial(labelled, scores=beta(0.7, 0.7))
    held = compared(metric, window, rows, chunks=8, test=test, parts=parts)[2]
    assert 0.88 <= np.mean(held) <= 0.995


@pytest.mark.parametrize("metric", OF_BINARY)
def test_known_labels_make_the_estimate_the_metric_itself(metric):
    rng = np.random.default_rng(1)
    truth = np.where(rng.random(400) < 0.4, "yes", "no").astype(object)
    prediction = np.where(rng.random(400) < 0.5, "yes", "no").astype(object)
    score = np.where(truth == "yes", 0.8, 0.3)
    estimate = ScoreEstimator(metric, BINARY, truth, prediction, score, 1).estimate
    assert estimate(prediction, score).value == pytest.approx(
        evaluate(metric, BINARY, truth, prediction, score)
    )


def test_accuracy_is_the_mean_probability_of_being_right():
    window = np.random.default_rng(2)
    truth, prediction, score = labelled(window, 3000, chance=np.square)
    found = ScoreEstimator("accuracy", BINARY, truth, prediction, score, 1).estimate(
        prediction, score
    )
    share = Calibration(score, truth == "yes")(score)
    assert found.value == pytest.approx(np.where(prediction == "yes", share, 1 - share).mean())
    assert found.value == pytest.approx(np.mean(truth == prediction), abs=0.01)


def test_auc_is_the_expected_share_of_ordered_pairs():
    rng = np.random.default_rng(3)
    scores = lambda rng, n: np.round(rng.random(n), 1)  # noqa: E731
    truth, prediction, score = labelled(rng, 2000, scores, chance=np.square)
    estimator = ScoreEstimator("auc", BINARY, truth, prediction, score, 1)
    few = score[:60]
    share = Calibration(score, truth == "yes")(few)
    pairs = share[:, None] * (1 - share[None, :]) * ~np.eye(60, dtype=bool)
    wins = (few[:, None] > few[None, :]) + 0.5 * (few[:, None] == few[None, :])
    expected = np.sum(pairs * wins) / np.sum(pairs)
    assert estimator.estimate(prediction[:60], few).value == pytest.approx(expected)


@pytest.mark.parametrize("test", [1000, 5000])
def test_calibrated_scores_are_trusted_as_they_are(test):
    calibrated = [
        is_calibrated(score, truth == "yes", seed)
        for seed in range(20)
        for truth, _, score in [labelled(np.random.default_rng(seed), test)]
    ]
    assert np.mean(calibrated) >= 0.8


@pytest.mark.parametrize("metric", ["auc", "accuracy"])
def test_calibrated_scores_tell_the_value_also_with_a_small_test_part(metric):
    window = partial(labelled, scores=beta(0.5, 0.5))
    estimated, realized, _ = compared(metric, window, 5000, chunks=1, test=5000, parts=8)
    assert np.mean(np.abs(estimated - realized)) <= 0.005


@pytest.mark.parametrize("chance", [np.square, np.sqrt])
def test_scores_that_are_too_low_or_too_high_are_not(chance):
    calibrated = [
        is_calibrated(score, truth == "yes", seed)
        for seed in range(20)
        for truth, _, score in [labelled(np.random.default_rng(seed), 1000, chance=chance)]
    ]
    assert not any(calibrated)


def test_calibration_keeps_the_share_of_hits_and_rises():
    rng = np.random.default_rng(4)
    truth, _, score = labelled(rng, 2000, beta(2, 2), chance=np.square)
    share = Calibration(score, truth == "yes")(np.sort(score))
    assert share.mean() == pytest.approx(np.mean(truth == "yes"))
    assert (np.diff(share) >= 0).all()


@pytest.mark.parametrize("chance", [np.square, np.sqrt])
def test_miscalibrated_scores_are_repaired(chance):
    estimated, realized, _ = compared("precision", partial(labelled, chance=chance), 5000, chunks=4)
    claimed = 0.75
    assert abs(claimed - realized.mean()) > 0.1
    assert np.mean(np.abs(estimated - realized)) <= 0.012


def test_a_shift_of_the_scores_moves_the_estimate_with_the_truth():
    rng = np.random.default_rng(5)
    estimator = ScoreEstimator("accuracy", BINARY, *labelled(rng, 10_000), 1)
    truth, prediction, score = labelled(rng, 5000, beta(6, 6))
    realized = evaluate("accuracy", BINARY, truth, prediction, score)
    assert realized < 0.65
    assert estimator.estimate(prediction, score).value == pytest.approx(realized, abs=0.02)


def test_concept_drift_is_not_seen():
    rng = np.random.default_rng(6)
    estimator = ScoreEstimator("accuracy", BINARY, *labelled(rng, 10_000), 1)
    truth, prediction, score = labelled(rng, 5000, chance=lambda score: 1 - score)
    assert evaluate("accuracy", BINARY, truth, prediction, score) < 0.3
    assert estimator.estimate(prediction, score).value == pytest.approx(0.75, abs=0.02)


def test_of_several_classes_the_accuracy_follows_the_largest_probability():
    rng = np.random.default_rng(7)
    score = rng.uniform(0.4, 1, 10_000)
    prediction = rng.choice(["a", "b", "c"], 10_000).astype(object)
    other = np.where(prediction == "a", "b", "a")
    truth = np.where(rng.random(10_000) < score, prediction, other).astype(object)
    estimator = ScoreEstimator("accuracy", MULTI, truth, prediction, score, 1)
    sure = estimator.estimate(prediction[:1000], np.full(1000, 0.9))
    assert sure.value == pytest.approx(0.9, abs=0.03)
    assert sure.lower < 0.9 < sure.upper


def test_scores_outside_the_test_part_count_as_its_outermost():
    rng = np.random.default_rng(8)
    scores = lambda rng, n: rng.uniform(0.3, 0.7, n)  # noqa: E731
    truth, prediction, score = labelled(rng, 5000, scores, chance=np.square)
    estimator = ScoreEstimator("accuracy", BINARY, truth, prediction, score, 1)
    beyond = np.array([0.0, 1.0])
    outermost = np.array([score.min(), score.max()])
    said = np.array(["no", "yes"], dtype=object)
    assert estimator.estimate(said, beyond) == estimator.estimate(said, outermost)


def test_only_finite_scores_count():
    rng = np.random.default_rng(9)
    truth, prediction, score = labelled(rng, 1000)
    estimator = ScoreEstimator("auc", BINARY, truth, prediction, score, 1)
    holes = score.copy()
    holes[:3] = nan, np.inf, -np.inf
    assert estimator.estimate(prediction, holes) == estimator.estimate(prediction[3:], score[3:])
    assert estimator.estimate(prediction, holes).n == 997
    again = ScoreEstimator("auc", BINARY, truth, prediction, holes, 1)
    without = ScoreEstimator("auc", BINARY, truth[3:], prediction[3:], score[3:], 1)
    assert again.estimate(prediction, score) == without.estimate(prediction, score)


def test_no_prediction_gives_no_value():
    rng = np.random.default_rng(10)
    estimator = ScoreEstimator("accuracy", BINARY, *labelled(rng, 100), 1)
    nothing = estimator.estimate(np.array([], dtype=object), np.array([]))
    assert nothing.n == 0
    assert isnan(nothing.value)
    assert isnan(nothing.lower)


@pytest.mark.parametrize("metric", OF_BINARY)
def test_a_test_part_of_one_class_is_not_taken_for_certain(metric):
    rng = np.random.default_rng(11)
    score = rng.random(20) / 2
    never = np.full(20, "no", dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimator = ScoreEstimator(metric, BINARY, never, never, score, 1)
        found = estimator.estimate(never, score)
    if metric in ("accuracy", "log_loss"):
        assert found.upper - found.lower > 0.02
    if metric in ("auc", "precision", "recall", "f1"):
        assert isnan(found.value)
        assert isnan(found.lower)
        assert isnan(found.upper)


def test_an_estimate_is_reproducible():
    first, second = (
        ScoreEstimator("f1", BINARY, *labelled(np.random.default_rng(12), 1000), 5).estimate(
            *labelled(np.random.default_rng(13), 3000)[1:]
        )
        for _ in range(2)
    )
    assert first == second


def test_what_cannot_be_estimated_is_said():
    assert all(can_estimate(metric, BINARY) for metric in OF_BINARY)
    assert [name for name in SHIPPED if can_estimate(name, MULTI)] == ["accuracy"]
    assert [name for name in SHIPPED if can_estimate(name, NUMBER)] == ["mae", "rmse"]
    rows = labelled(np.random.default_rng(14), 50)
    with pytest.raises(ValueError, match="'f1_macro' of a multiclass target"):
        ScoreEstimator("f1_macro", MULTI, *rows, 1)
    with pytest.raises(ValueError, match="finite"):
        ScoreEstimator("auc", BINARY, rows[0], rows[1], np.full(50, nan), 1)
    frame, truth, prediction = noisy(np.random.default_rng(15), 50)
    with pytest.raises(ValueError, match="'r2'"):
        LossEstimator("r2", frame, COLUMNS, truth, prediction, 1)
    with pytest.raises(ValueError, match="at least 10 rows, found 9"):
        LossEstimator("mae", frame[:9], COLUMNS, truth[:9], prediction[:9], 1)


@pytest.mark.parametrize("metric", ["mae", "rmse"])
def test_the_error_of_a_regression_follows_a_shift_of_the_features(metric):
    rng = np.random.default_rng(16)
    estimator = loss_estimator(metric, rng, n=6000)
    frame, truth, prediction = noisy(rng, 4000, x=beta(4, 3), share_of_b=0.7)
    before = estimator.estimate(*(noisy(rng, 4000)[side] for side in (0, 2)))
    after = estimator.estimate(frame, prediction)
    realized = evaluate(metric, NUMBER, truth, prediction, prediction)
    assert realized > 1.3 * before.value
    assert after.value == pytest.approx(realized, rel=0.06)


@pytest.mark.parametrize("metric", ["mae", "rmse"])
def test_the_interval_of_a_regression_holds_the_realized_error(metric):
    held = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        estimator = loss_estimator(metric, rng, n=1000)
        for rows in [100] * 8 + [1000]:
            frame, truth, prediction = noisy(rng, rows)
            found = estimator.estimate(frame, prediction)
            realized = evaluate(metric, NUMBER, truth, prediction, prediction)
            held.append(found.lower <= realized <= found.upper)
    assert 0.88 <= np.mean(held) <= 1.0


def test_new_categories_and_missing_values_have_an_expected_error_too():
    rng = np.random.default_rng(17)
    estimator = loss_estimator("mae", rng, n=500)
    odd = pd.DataFrame({"x": [0.5, nan, 0.5], "group": ["never seen", "a", None]})
    found = estimator.estimate(odd, np.ones(3))
    assert found.n == 3
    assert 0 <= found.lower < found.value < found.upper


def test_a_regression_without_error_is_expected_to_have_none():
    frame, _, prediction = noisy(np.random.default_rng(18), 100)
    found = LossEstimator("rmse", frame, COLUMNS, prediction, prediction, 1).estimate(
        frame, prediction
    )
    assert (found.value, found.lower, found.upper) == (0.0, 0.0, 0.0)
