import numpy as np
import pytest

from mlops_drift.learning.bootstrap import resampled_values
from mlops_drift.learning.metrics import METRICS, evaluate
from mlops_drift_tests.learning.samples import TARGETS

PAIRS = [
    (metric, target)
    for metric in METRICS
    for target in TARGETS
    if target.kind in METRICS[metric].kinds
]


def answers(target, n, rng):
    """A truth, and predictions with scores that are often right; scores have ties."""
    if target.kind == "regression":
        truth = rng.normal(5, 2, n)
        predicted = truth + rng.normal(size=n)
        return truth, predicted, predicted
    truth = rng.choice(target.classes, n)
    prediction = np.where(rng.random(n) < 0.7, truth, rng.choice(target.classes, n))
    score = np.round(0.5 * rng.random(n) + 0.4 * (prediction == target.positive), 2)
    return truth, prediction, score


@pytest.mark.parametrize(("metric", "target"), PAIRS, ids=lambda part: getattr(part, "kind", part))
def test_every_metric_is_what_it_is_on_the_drawn_rows(metric, target):
    n, resamples = 40, 25
    truth, *mine = answers(target, n, np.random.default_rng(1))
    _, *theirs = answers(target, n, np.random.default_rng(2))
    found = resampled_values(
        metric, target, truth, [tuple(mine), tuple(theirs)], resamples=resamples, seed=3
    )
    drawn = np.random.default_rng(3).integers(n, size=(resamples, n))
    for values, (prediction, score) in zip(found, (mine, theirs), strict=True):
        expected = [
            evaluate(metric, target, truth[rows], prediction[rows], score[rows]) for rows in drawn
        ]
        assert values == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("metric", "target"), PAIRS, ids=lambda part: getattr(part, "kind", part))
@pytest.mark.parametrize("n", [1, 2])
def test_resamples_in_which_a_metric_is_undefined_are_nan(metric, target, n):
    truth, prediction, score = answers(target, n, np.random.default_rng(5))
    (found,) = resampled_values(metric, target, truth, [(prediction, score)], resamples=50, seed=3)
    drawn = np.random.default_rng(3).integers(n, size=(50, n))
    expected = [
        evaluate(metric, target, truth[rows], prediction[rows], score[rows]) for rows in drawn
    ]
    assert found == pytest.approx(expected, rel=1e-9, nan_ok=True)


def test_many_rows_are_resampled_in_blocks_that_change_nothing(monkeypatch):
    target = TARGETS[0]
    truth, prediction, score = answers(target, 300, np.random.default_rng(1))
    whole = resampled_values("f1", target, truth, [(prediction, score)], resamples=90, seed=3)
    monkeypatch.setattr("mlops_drift.learning.bootstrap._CELLS", 2000)
    parts = resampled_values("f1", target, truth, [(prediction, score)], resamples=90, seed=3)
    assert (whole == parts).all()
