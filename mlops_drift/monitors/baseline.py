"""What a version reached on its test split: what its production days are compared with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mlops_drift.learning.metrics.base import Array
from mlops_drift.monitors.context import MonitoredModel
from mlops_drift.monitors.measured import Measured, measure_business_value, measure_metric
from mlops_drift.schema.columns import Target

if TYPE_CHECKING:
    import pandas as pd

# A slice of the test split with fewer rows says too little to be compared with.
MIN_TEST_ROWS = 30


@dataclass(frozen=True)
class Baseline:
    """The test results of a version.

    Attributes:
        test: its test value, as recorded when it was trained.
        read_rows: reads its test split: features, label, `prediction`, `score` and slice columns.
    """

    spec: MonitoredModel
    test: Measured
    read_rows: Callable[[], "pd.DataFrame"]

    @cached_property
    def rows(self) -> "pd.DataFrame":
        """The test split with the version's predictions for it."""
        return self.read_rows()

    @cached_property
    def slice_tests(self) -> Mapping[tuple[str, str], Measured]:
        """The test results by column and value of the slices that have enough test rows."""
        target, training = self.spec.target, self.spec.training
        found = {}
        for column in self.spec.monitors.performance.slices:
            texts = slice_texts(self.rows[slice_column(column)].to_numpy(dtype=object))
            for value, rows in self.rows.groupby(texts):
                if len(rows) >= MIN_TEST_ROWS:
                    answers = answers_of(rows, target)
                    found[column, str(value)] = measure_metric(
                        training.metric, target, *answers, seed=training.seed
                    )
        return found

    @cached_property
    def business_value(self) -> Measured | None:
        """Mean business value of a prediction on the test split, where it is declared."""
        business, target = self.spec.monitors.performance.business, self.spec.target
        if business is None:
            return None
        truth, prediction, _ = answers_of(self.rows, target)
        return measure_business_value(business, target, truth, prediction)


def answers_of(rows: "pd.DataFrame", target: Target) -> tuple[Array, Array, Array]:
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
