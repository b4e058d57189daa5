from datetime import timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, mean_squared_error, roc_auc_score

from mlops_drift.learning.metrics.registry import metric_named, metrics_of
from mlops_drift.lifecycle.shadow.comparison import compare_days, compare_windows
from mlops_drift_tests.learning.samples import BINARY, NUMBER, TARGETS

FIRST = pd.Timestamp(2024, 10, 1)


def days_on(day):
    return (day - FIRST.date()).days


def answers(target, truth, wrong, rng):
    """Predictions and scores of which a share is wrong."""
    n = len(truth)
    if target.kind == "regression":
        predicted = truth + wrong * rng.normal(size=n)
        return predicted, predicted
    prediction = np.where(rng.random(n) < wrong, rng.choice(target.classes, n), truth)
    score = np.clip(0.3 * (prediction == target.positive) + 0.5 * rng.random(n), 0, 1)
    return prediction.astype(object), score


def paired(target=BINARY, n=300, days=3, labelled=1.0, seed=0):
    """Events of some days; the labels of the first ones are known."""
    rng = np.random.default_rng(seed)
    if target.kind == "regression":
        truth = rng.normal(5, 2, n)
    else:
        truth = rng.choice(target.classes, n).astype(object)
    champion, challenger = (answers(target, truth, wrong, rng) for wrong in (0.5, 0.2))
    return pd.DataFrame(
        {
            "day": FIRST + pd.to_timedelta(np.arange(n) * days // n, unit="D"),
            "label": pd.Series(truth).where(np.arange(n) < labelled * n),
            **dict(zip(("champion_prediction", "champion_score"), champion, strict=True)),
            **dict(zip(("challenger_prediction", "challenger_score"), challenger, strict=True)),
        }
    )


def compare(rows, metric="accuracy", target=BINARY, windows=(1, 7)):
    return compare_windows(metric, target, rows, windows, seed=7)


def test_values_are_those_of_scikit_learn_on_the_labelled_events():
    rows = paired(labelled=0.8)
    known = rows.dropna()
    assert len(known) == 240
    positive = known.label == "good"
    [found, *_] = compare(rows, "auc")
    assert found.champion_value == pytest.approx(roc_auc_score(positive, known.champion_score))
    assert found.challenger_value == pytest.approx(roc_auc_score(positive, known.challenger_score))
    [found, *_] = compare(rows, "f1")
    answers = (known.champion_prediction, known.challenger_prediction)
    expected = [f1_score(positive, answer == "good") for answer in answers]
    assert [found.champion_value, found.challenger_value] == pytest.approx(expected)
    assert found.difference == pytest.approx(expected[1] - expected[0])
    numbers = paired(NUMBER)
    [found, *_] = compare(numbers, "rmse", NUMBER)
    assert found.challenger_value**2 == pytest.approx(
        mean_squared_error(numbers.label, numbers.challenger_prediction)
    )


def test_disagreement_and_mean_scores_are_of_all_that_both_scored():
    rows = paired(labelled=0.5)
    [found, *_] = compare(rows)
    assert (found.scored, found.n) == (300, 150)
    differ = sum(rows.champion_prediction != rows.challenger_prediction)
    assert found.disagreement == differ / len(rows)
    assert found.champion_score == pytest.approx(sum(rows.champion_score) / 300)
    assert found.challenger_score == pytest.approx(sum(rows.challenger_score) / 300)


def test_the_interval_is_the_paired_bootstrap_of_the_difference():
    rows = paired(n=200)
    [found, *_] = compare(rows)
    champion, challenger = (
        (rows[f"{name}_prediction"] == rows.label).to_numpy(float)
        for name in ("champion", "challenger")
    )
    better = challenger - champion
    # The normal interval of a mean of paired differences, computed on its own.
    margin = 1.96 * better.std() / np.sqrt(200)
    assert found.difference == pytest.approx(better.mean())
    assert found.lower == pytest.approx(better.mean() - margin, abs=0.2 * margin)
    assert found.upper == pytest.approx(better.mean() + margin, abs=0.2 * margin)
    drawn = np.random.default_rng(1).integers(200, size=(5000, 200))
    resampled = np.quantile(better[drawn].mean(axis=1), [0.025, 0.975])
    assert [found.lower, found.upper] == pytest.approx(resampled, abs=0.2 * margin)
    assert compare(rows) == compare(rows)


def test_of_many_rows_the_interval_is_the_normal_one_of_paired_differences():
    rows = paired(n=4000)
    [found, *_] = compare(rows)
    champion, challenger = (
        (rows[f"{name}_prediction"] == rows.label).to_numpy(float)
        for name in ("champion", "challenger")
    )
    margin = 1.959964 * (challenger - champion).std() / np.sqrt(4000)
    assert found.lower == pytest.approx(found.difference - margin, abs=1e-6)
    assert found.upper == pytest.approx(found.difference + margin, abs=1e-6)


def test_windows_end_on_the_last_day_with_a_label_and_the_wait_on_the_last_that_was_scored():
    rows = paired(n=400, days=4, labelled=0.5)
    found = compare(rows, windows=(1, 2, 3))
    assert [(item.window, days_on(item.production_day)) for item in found] == [
        (0, 3),
        (1, 1),
        (2, 1),
    ]
    assert [(item.scored, item.n) for item in found] == [(400, 200), (100, 100), (200, 200)]


def test_without_labels_there_is_only_how_much_they_differ():
    found = compare(paired(labelled=0), windows=(1, 7))
    assert [(item.window, item.scored, item.n) for item in found] == [
        (0, 300, 0),
        (1, 100, 0),
        (7, 300, 0),
    ]
    assert found[1].production_day == (FIRST + timedelta(days=2)).date()
    for item in found:
        assert 0 < item.disagreement < 1
        assert np.isfinite([item.champion_score, item.challenger_score]).all()
        numbers = (item.champion_value, item.difference, item.lower, item.upper)
        assert np.isnan(numbers).all()
    assert compare_days("accuracy", BINARY, paired(labelled=0)) == []


def test_no_event_is_nothing_and_one_event_is_compared():
    assert compare(paired(n=0)) == []
    found = compare(paired(n=1, days=1))
    assert [(item.window, item.scored, item.n) for item in found] == [(0, 1, 1), (1, 1, 1)]
    assert found[0].lower <= found[0].difference <= found[0].upper


def test_one_class_leaves_auc_undefined_and_accuracy_not():
    rows = paired()
    only = rows[rows.label == "good"]
    [found, *_] = compare(only, "auc")
    assert np.isnan([found.champion_value, found.difference, found.lower, found.upper]).all()
    assert found.n == len(only)
    [found, *_] = compare(only)
    assert found.lower <= found.difference <= found.upper


@pytest.mark.parametrize("score", [np.nan, np.inf])
def test_a_score_that_is_no_number_leaves_undefined_what_needs_it(score):
    rows = paired()
    rows.loc[5, "challenger_score"] = score
    [found, *_] = compare(rows, "auc")
    assert np.isnan([found.challenger_value, found.difference, found.lower, found.upper]).all()
    assert np.isfinite([found.champion_value, found.champion_score]).all()
    assert not np.isfinite(found.challenger_score)


@pytest.mark.parametrize(
    ("metric", "target"),
    [(name, kind) for kind in TARGETS for name in metrics_of(kind.kind)],
    ids=lambda part: getattr(part, "kind", part),
)
def test_every_metric_shows_the_better_of_two_as_better(metric, target):
    [found, *_] = compare(paired(target), metric, target)
    sign = 1 if metric_named(metric).greater_is_better else -1
    if metric not in ("auc", "log_loss"):  # whose scores were drawn for neither
        assert sign * found.difference > 0
    assert found.lower <= found.difference <= found.upper
    assert found.lower < found.upper


def test_equal_versions_differ_in_nothing():
    rows = paired()
    same = rows.assign(
        challenger_prediction=rows.champion_prediction, challenger_score=rows.champion_score
    )
    [found, *_] = compare(same)
    assert (found.difference, found.lower, found.upper, found.disagreement) == (0, 0, 0, 0)


def test_day_by_day_is_each_day_alone():
    rows = paired(n=400, days=4, labelled=0.6)
    found = compare_days("accuracy", BINARY, rows)
    assert [(days_on(item.day), item.n) for item in found] == [
        (0, 100),
        (1, 100),
        (2, 40),
    ]
    assert all(one.day < other.day for one, other in pairwise(found))
    first = rows[rows.day == FIRST]
    assert found[0].champion == np.mean(first.champion_prediction == first.label)
    assert found[0].challenger == np.mean(first.challenger_prediction == first.label)
