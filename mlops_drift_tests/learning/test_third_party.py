"""A metric and a family of a third party are used like shipped ones, by their import paths."""

import numpy as np
import pytest

from mlops_drift.learning.config import Training
from mlops_drift.learning.families.linear import Linear
from mlops_drift.learning.families.registry import family
from mlops_drift.learning.metrics.base import BINARY, Metric
from mlops_drift.learning.metrics.evaluation import evaluate_within
from mlops_drift.learning.metrics.resamples import resampled_values
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


def test_a_metric_without_closed_forms_is_measured_and_resampled():
    target = Target(column="y", kind="binary", classes=["no", "yes"], positive="yes")
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
