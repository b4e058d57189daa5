import numpy as np
import pytest

from mlops_drift.learning.metrics.evaluation import evaluate
from mlops_drift.learning.metrics.registry import SHIPPED, metric_named
from mlops_drift.learning.metrics.resamples import alike, draws, resampled_values
from mlops_drift_tests.learning.samples import TARGETS

PAIRS = [
    (metric, target)
    for metric in SHIPPED
    for target in TARGETS
    if target.kind in metric_named(metric).kinds
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


def classes_in_order(target):
    return sorted(target.classes, key=lambda name: name == target.positive)


def expected(metric, target, truth, models, resamples, seed):
    """The metric of each model over the drawn rows themselves."""
    rows, sizes = np.arange(len(truth)), np.ones(len(truth), dtype=int)
    if metric not in ("auc", "log_loss", "mae", "rmse", "r2"):
        names = classes_in_order(target)
        columns = [truth, *(prediction for prediction, _ in models)]
        rows, sizes = alike([np.array([names.index(name) for name in part]) for part in columns])
    drawn = np.concatenate(list(draws(sizes, resamples, seed))).astype(int)
    assert (drawn.sum(axis=1) == len(truth)).all()
    return [
        [
            evaluate(metric, target, *(part[np.repeat(rows, counts)] for part in (truth, *model)))
            for counts in drawn
        ]
        for model in models
    ]


IDS = {"ids": lambda part: getattr(part, "kind", part)}


@pytest.mark.parametrize(("metric", "target"), PAIRS, **IDS)
@pytest.mark.parametrize("n", [1, 2, 40])
def test_every_metric_is_what_it_is_on_the_drawn_rows(metric, target, n):
    truth, *mine = answers(target, n, np.random.default_rng(1))
    _, *theirs = answers(target, n, np.random.default_rng(2))
    models = [tuple(mine), tuple(theirs)]
    found = resampled_values(metric, target, truth, models, resamples=40, seed=3)
    assert found.shape == (2, 40)
    for values, values_of_rows in zip(
        found, expected(metric, target, truth, models, 40, 3), strict=True
    ):
        assert values == pytest.approx(values_of_rows, rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_resamples_spread_as_those_of_single_rows(metric):
    target = TARGETS[0]
    truth, prediction, score = answers(target, 200, np.random.default_rng(1))
    (found,) = resampled_values(
        metric, target, truth, [(prediction, score)], resamples=4000, seed=3
    )
    rng = np.random.default_rng(9)
    drawn = (rng.integers(200, size=200) for _ in range(1000))
    single = [
        evaluate(metric, target, truth[rows], prediction[rows], score[rows]) for rows in drawn
    ]
    assert np.mean(found) == pytest.approx(np.mean(single), abs=4 * np.std(single) / 1000**0.5)
    assert np.std(found) == pytest.approx(np.std(single), rel=0.1)


def test_many_rows_are_resampled_in_blocks_that_change_nothing(monkeypatch):
    target = TARGETS[0]
    truth, prediction, score = answers(target, 300, np.random.default_rng(1))
    whole = resampled_values("auc", target, truth, [(prediction, score)], resamples=90, seed=3)
    monkeypatch.setattr("mlops_drift.learning.metrics.resamples._CELLS", 2000)
    parts = resampled_values("auc", target, truth, [(prediction, score)], resamples=90, seed=3)
    assert (whole == parts).all()
