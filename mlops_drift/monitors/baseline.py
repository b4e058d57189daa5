"""What a version reached on its test split: what its production days are compared with."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mlops_drift.learning.config import BusinessValue
from mlops_drift.learning.metrics.base import Array
from mlops_drift.monitors.context import MonitoredModel
from mlops_drift.monitors.measured import Measured, measure_business_value, measure_metric

if TYPE_CHECKING:
    import pandas as pd

# A slice of the test split with fewer rows says too little to be compared with.
MIN_TEST_ROWS = 30


class Baseline:
    """The test results of a version.

    Args:
        spec: the model.
        version: the version.
        test: its test value, as recorded when it was trained.
        read_rows: reads its test split: features, label, `prediction`, `score` and slice columns.
    """

    def __init__(
        self,
        spec: MonitoredModel,
        version: int,
        test: Measured,
        read_rows: Callable[[], "pd.DataFrame"],
    ) -> None:
        self._spec, self.version, self.test = spec, version, test
        self._read_rows = read_rows
        self._slices: dict[tuple[str, str], Measured | None] = {}
        self._business: Measured | None = None

    @cached_property
    def rows(self) -> "pd.DataFrame":
        """The test split with the version's predictions for it."""
        return self._read_rows()

    def slice_test(self, column: str, value: str) -> Measured | None:
        """The test result of one slice; None where the test split has too few of its rows."""
        if (column, value) not in self._slices:
            texts = slice_texts(self.rows[slice_column(column)].to_numpy(dtype=object))
            self._slices[column, value] = self._measure(self.rows[texts == value])
        return self._slices[column, value]

    def _measure(self, rows: "pd.DataFrame") -> Measured | None:
        if len(rows) < MIN_TEST_ROWS:
            return None
        target, training = self._spec.target, self._spec.training
        truth, prediction, score = (
            rows[name].to_numpy() for name in (target.column, "prediction", "score")
        )
        return measure_metric(training.metric, target, truth, prediction, score, training.seed)

    def business_value(self, business: BusinessValue) -> Measured:
        """Mean business value of a prediction on the test split."""
        if self._business is None:
            target, rows = self._spec.target, self.rows
            truth, prediction = (rows[name].to_numpy() for name in (target.column, "prediction"))
            self._business = measure_business_value(business, target, truth, prediction)
        return self._business


def slice_column(name: str) -> str:
    """The name of a feature joined as a slice: it may itself be called `label` or `key`."""
    return f"slice {name}"


def slice_texts(values: Array) -> Array:
    """Each value as the text that names its slice; null is one of them.

    >>> slice_texts(np.array(["b", None], dtype=object)).tolist()
    ['b', 'null']
    """
    return np.array(["null" if value is None or value != value else str(value) for value in values])
