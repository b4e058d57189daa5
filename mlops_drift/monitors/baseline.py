"""What a version reached on its test split: what its production days are compared with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mlops_drift.learning.metrics.base import Array
from mlops_drift.monitors.context import MonitoredModel
from mlops_drift.monitors.estimation import ScoreEstimator
from mlops_drift.monitors.measured import Measured, measure_business_value, measure_metric
from mlops_drift.schema.columns import Target

if TYPE_CHECKING:
    import pandas as pd

# A slice of the test split with fewer rows says too little to be compared with.
MIN_TEST_ROWS = 30


@dataclass(frozen=True)
class Baseline:
    """The test results of a version: the value recorded in its training, and what gives more.

    The rows have features, label, `prediction`, `score` and slice columns.
    """

    spec: MonitoredModel
    test: Measured
    read_rows: Callable[[], "pd.DataFrame"]

    @cached_property
    def rows(self) -> "pd.DataFrame":
        """The test split with the version's predictions for it."""
        return self.read_rows()

    def measure(self, truth: Array, prediction: Array, score: Array) -> Measured:
        """The model's metric of some answers."""
        target, training = self.spec.target, self.spec.training
        return measure_metric(training.metric, target, truth, prediction, score, training.seed)

    @cached_property
    def slice_tests(self) -> Mapping[tuple[str, str], Measured]:
        """The test results by column and value of the slices that have enough test rows."""
        found = {}
        for column in self.spec.monitors.performance.slices:
            texts = slice_texts(self.rows[slice_column(column)].to_numpy(dtype=object))
            for value, rows in self.rows.groupby(texts):
                if len(rows) >= MIN_TEST_ROWS:
                    answers = _answers_of(rows, self.spec.target)
                    found[column, str(value)] = self.measure(*answers)
        return found

    @cached_property
    def business_value(self) -> Measured | None:
        """Mean business value of a prediction on the test split, where it is declared."""
        business, target = self.spec.monitors.performance.business, self.spec.target
        if business is None:
            return None
        truth, prediction, _ = _answers_of(self.rows, target)
        return measure_business_value(business, target, truth, prediction)

    @cached_property
    def estimate(self) -> Callable[["pd.DataFrame"], Measured]:
        """What gives the metric to expect of predictions without labels."""
        from mlops_drift.monitors.loss_estimation import LossEstimator

        metric, target, seed = self.spec.training.metric, self.spec.target, self.spec.training.seed
        truth, prediction, score = _answers_of(self.rows, target)
        if target.is_classification:
            scores = ScoreEstimator(metric, target, truth, prediction, score, seed)
            return lambda rows: scores.estimate(
                rows["prediction"].to_numpy(), rows["score"].to_numpy()
            )
        columns, names = self.spec.columns, list(self.spec.columns)
        losses = LossEstimator(metric, self.rows[names], columns, truth, prediction, seed)
        return lambda rows: losses.estimate(rows[names], rows["prediction"].to_numpy())


def _answers_of(rows: "pd.DataFrame", target: Target) -> tuple[Array, Array, Array]:
    """The truth, the prediction and the score of each row."""
    truth, prediction, score = (rows[name] for name in (target.column, "prediction", "score"))
    return truth.to_numpy(), prediction.to_numpy(), score.to_numpy()


def slice_column(name: str) -> str:
    """The name of a feature joined as a slice: it may itself be called `label` or `key`."""
    return f"slice {name}"


def slice_texts(values: Array) -> Array:
    """Each value as the text that names its slice; null is one of them.

    >>> slice_texts(np.array(["b", None], dtype=object)).tolist()
    ['b', 'null']
    """
    return np.array(["null" if value is None or value != value else str(value) for value in values])
