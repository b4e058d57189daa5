"""Metrics and a family of a third party are used like shipped ones, by their import paths."""

import numpy as np
import pytest

from mlops_drift.learning.config import Training
from mlops_drift.learning.families.linear import Linear
from mlops_drift.learning.families.registry import family
from mlops_drift.learning.metrics.base import BINARY, Metric
from mlops_drift.learning.metrics.differences import difference_within
from mlops_drift.learning.metrics.evaluation import evaluate, evaluate_within, worsening
from mlops_drift.learning.metrics.registry import metric_for, metric_named
from mlops_drift.learning.metrics.resamples import resampled_values
from mlops_drift.own_code import OwnCodeError
from mlops_drift.schema.columns import Target


class Brier(Metric):
    """Mean squared error of the score."""

    name = "brier"
    kinds = BINARY
    greater_is_better = False
    highest = 1.0
    uses_scores = True

    def compute(self, truth, prediction, score):
        return float(np.mean((score - truth) ** 2))


class Plain(Linear):
    """A family of a third party."""

    name = "plain"


def profit(truth, prediction, score):
    """What contacts earn: 80 of a positive row, a cost of 5 each; of all rows together."""
    return float(np.sum(prediction * (80 * truth - 5)))


def cost(truth, prediction, score):
    """Of each row."""
    return np.abs(truth - prediction) * np.where(truth > prediction, 3.0, 1.0)


cost.greater_is_better = False
cost.lowest = 0.0
cost.kinds = ["regression"]


def broken(truth, prediction, score):
    return np.ones((2, 2)) if len(truth) > 3 else truth["no"]


def of_no_kind(truth, prediction, score):
    return 0.0


of_no_kind.kinds = "ternary"

YES_NO = Target(column="y", kind="binary", classes=["no", "yes"], positive="yes")
NUMBER = Target(column="y", kind="regression")


def test_a_function_is_a_metric_that_is_resampled():
    metric = metric_named(f"{__name__}:profit")
    assert (metric.name, metric.greater_is_better, metric.highest) == ("profit", True, np.inf)
    truth = np.array(["yes", "no"] * 20, dtype=object)
    prediction = np.array(["yes"] * 30 + ["no"] * 10, dtype=object)
    value, lower, upper = evaluate_within(
        f"{__name__}:profit", YES_NO, truth, prediction, np.full(40, 0.5), seed=1
    )
    assert value == 15 * 75 - 15 * 5
    assert lower < value < upper
    assert worsening(f"{__name__}:profit", 100.0, 40.0) == 60.0


def test_a_function_of_each_row_is_their_mean_with_the_intervals_of_a_mean():
    name, rng = f"{__name__}:cost", np.random.default_rng(1)
    truth, answer = rng.normal(size=3000), rng.normal(size=3000)
    rows = cost(truth, answer, answer)
    value, lower, upper = evaluate_within(name, NUMBER, truth, answer, answer, seed=1)
    assert value == pytest.approx(rows.mean())
    assert upper - lower == pytest.approx(2 * 1.96 * rows.std() / np.sqrt(3000), rel=0.01)
    models = [(answer, answer), (answer - 1, answer - 1)]
    values = resampled_values(
        name, NUMBER, truth[:50], [(a[:50], b[:50]) for a, b in models], resamples=20, seed=1
    )
    assert (values[0] < values[1]).all()
    assert difference_within(name, NUMBER, truth, models, seed=1).interval(0.95)[1] < 0


def test_what_a_function_cannot_do_is_one_sentence():
    broken_path, numbers = f"{__name__}:broken", np.zeros(4)
    with pytest.raises(OwnCodeError, match=r":broken returned the shape \(2, 2\) for 4 rows"):
        evaluate(broken_path, NUMBER, numbers, numbers, numbers)
    with pytest.raises(OwnCodeError, match=r":broken failed: IndexError: .*third_party.py, line"):
        evaluate(broken_path, NUMBER, numbers[:2], numbers[:2], numbers[:2])
    with pytest.raises(ValueError, match=r"kinds is 'ternary'; give some of binary, multiclass"):
        metric_named(f"{__name__}:of_no_kind")
    with pytest.raises(ValueError, match=r"'.*:cost' is not defined for a binary target"):
        metric_for(f"{__name__}:cost", "binary")


def test_a_metric_without_closed_forms_is_measured_and_resampled():
    target = YES_NO
    truth = np.array(["yes", "no"] * 20, dtype=object)
    score = np.linspace(0.2, 0.7, 40)
    metric = f"{__name__}:Brier"
    value, lower, upper = evaluate_within(metric, target, truth, truth, score, seed=1)
    assert lower < value < upper
    values = resampled_values(metric, target, truth, [(truth, score)], resamples=50, seed=1)
    assert values.shape == (1, 50)
    assert values.mean() == pytest.approx(value, abs=0.05)


def test_names_in_yaml_are_import_paths_or_shipped():
    training = Training(metric=f"{__name__}:Brier", families=["linear", f"{__name__}:Plain"])
    assert family(training.families[1]).name == "plain"
    with pytest.raises(ValueError, match=r"'auk' is not one of .*: accuracy, .*auc, "):
        Training(metric="auk")
    with pytest.raises(ValueError, match=r"'tree' is not one of .*: lightgbm, linear, "):
        Training(metric="auc", families=["tree"])
