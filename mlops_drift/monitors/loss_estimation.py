"""Direct loss estimation (DLE): the error to expect of a regression, from the features alone.

A model of the version's own test errors predicts the error of each row of a window.
"""

from collections.abc import Mapping
from math import nan, sqrt

import numpy as np
import pandas as pd

from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.registry import MetricName
from mlops_drift.monitors.calibration import Floats
from mlops_drift.monitors.measured import Measured, expected_within
from mlops_drift.schema.columns import Column

# Parts of the test split, each left out once by a model of the loss.
FOLDS = 5
_SMALLEST = float(np.finfo(float).eps)


class LossEstimator:
    """Estimates a regression's error from the features of what it predicted.

    Gradient boosting models, each without one fold, learn the absolute (for rmse the squared) error
    of the version's test predictions, shape (n,), from the features and the prediction itself; the
    estimate is their mean. Where the test split has few rows like those of the window, it leans
    towards the mean error of the test split, and the interval is wider, but holds the realized
    value less often.

    Raises:
        ValueError: if the metric cannot be estimated, or there are fewer than ten rows.
    """

    def __init__(
        self,
        metric: MetricName,
        features: pd.DataFrame,
        columns: Mapping[str, Column],
        truth: Array,
        prediction: Array,
        seed: int,
    ) -> None:
        from sklearn.ensemble import HistGradientBoostingRegressor
        from sklearn.model_selection import KFold
        from threadpoolctl import threadpool_limits

        if metric not in ("mae", "rmse"):
            raise ValueError(f"metric {metric!r} of a regression cannot be estimated")
        if len(truth) < 10:
            raise ValueError(f"the test split must have at least 10 rows, found {len(truth)}")
        self._is_squared = metric == "rmse"
        self._columns = dict(columns)
        self._categories = {
            name: {
                value: code for code, value in enumerate(sorted(features[name].dropna().unique()))
            }
            for name, column in columns.items()
            if column.type == "category"
        }
        error = np.abs(np.asarray(truth, dtype=float) - np.asarray(prediction, dtype=float))
        loss = error**2 if self._is_squared else error
        rows = self._encode(features, prediction)
        self._models = []
        unseen = np.empty(len(loss))
        # Threads that wait for each other take longer than so few rows on one.
        with threadpool_limits(1):
            for kept, held_out in KFold(FOLDS, shuffle=True, random_state=seed).split(rows):
                leaf = max(5, len(loss) // 50)
                model = HistGradientBoostingRegressor(
                    max_iter=60, max_leaf_nodes=8, min_samples_leaf=leaf, random_state=seed
                ).fit(rows[kept], loss[kept])
                unseen[held_out] = np.maximum(model.predict(rows[held_out]), 0.0)
                self._models.append(model)
        # Errors spread in proportion to their expected size.
        self._spread = float(np.mean((loss - unseen) ** 2) / max(np.mean(unseen**2), _SMALLEST))
        self._n_test = len(loss)

    def estimate(self, features: pd.DataFrame, prediction: Array) -> Measured:
        """The error to expect for the predictions of rows with at least the declared columns."""
        from threadpoolctl import threadpool_limits

        n, rows = len(features), self._encode(features, prediction)
        with threadpool_limits(1):
            losses = np.maximum([model.predict(rows) for model in self._models], 0.0)
        loss = losses.mean(axis=0)
        spread = self._spread * float(np.mean(loss**2))
        # The jackknife over the folds finds out where the test split is thin, but is itself noisy.
        jackknife = (FOLDS - 1) * float(np.var(losses.mean(axis=1)))
        error = sqrt(spread / n + max(jackknife, spread / self._n_test))
        found = expected_within(float(loss.mean()), error, n, np.inf)
        root = sqrt if self._is_squared else float
        return Measured(root(found.value), root(found.lower), root(found.upper), n)

    def _encode(self, features: pd.DataFrame, prediction: Array) -> Floats:
        encoded = [np.asarray(prediction, dtype=float)]
        for name in self._columns:
            values = features[name]
            codes = values.map(self._categories[name]) if name in self._categories else values
            encoded.append(codes.to_numpy(dtype=float, na_value=nan))
        return np.column_stack(encoded)
