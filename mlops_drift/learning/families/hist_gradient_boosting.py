"""Gradient-boosted trees of scikit-learn."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from mlops_drift.learning.families.base import Params
from mlops_drift.learning.families.trees import Range, Trees, largest_leaf, usual_leaf
from mlops_drift.learning.metrics.base import Array
from mlops_drift.schema.columns import Target


class _OneThread:
    """What scikit-learn's estimators have no parameter for."""

    def fit(self, X: Array, y: Array, **others: Any) -> Self:
        """Fits on one thread; an empty column, which they reject, is constant."""
        empty = np.isnan(X).all(axis=0)
        with threadpool_limits(1):
            return super().fit(np.where(empty, 0.0, X), y, **others)  # type: ignore[misc,no-any-return]


class ClassifierOnOneThread(_OneThread, HistGradientBoostingClassifier):  # type: ignore[misc]
    """The classifier on one thread, which takes empty columns."""


class RegressorOnOneThread(_OneThread, HistGradientBoostingRegressor):  # type: ignore[misc]
    """The regressor on one thread, which takes empty columns."""


class HistGradientBoosting(Trees):
    """scikit-learn's histogram-based gradient boosting, always with all its rounds."""

    name = "hist_gradient_boosting"

    def ranges(self, n_rows: int) -> dict[str, Range]:
        return {
            "max_iter": Range(100, 50, 150),
            "learning_rate": Range(0.1, 0.03, 0.3, log=True),
            "max_leaf_nodes": Range(15, 4, 31, log=True),
            "min_samples_leaf": Range(usual_leaf(n_rows), 2, largest_leaf(n_rows), log=True),
            "l2_regularization": Range(0.1, 1e-3, 10.0, log=True),
        }

    def estimator(self, params: Params, target: Target, seed: int) -> BaseEstimator:
        estimator = ClassifierOnOneThread if target.is_classification else RegressorOnOneThread
        return estimator(**params, random_state=seed, early_stopping=False)
