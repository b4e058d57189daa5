"""Gradient-boosted trees of scikit-learn."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from optuna import Trial
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from mlops_drift.learning.families.base import Family, Params
from mlops_drift.learning.families.trees import largest_leaf, tree_matrix, usual_leaf
from mlops_drift.learning.metrics.base import Array
from mlops_drift.schema.columns import Column, Target


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


class HistGradientBoosting(Family):
    """scikit-learn's histogram-based gradient boosting, always with all its rounds."""

    name = "hist_gradient_boosting"

    def default(self, columns: Mapping[str, Column], n_rows: int) -> Params:
        return {
            "max_iter": 100,
            "learning_rate": 0.1,
            "max_leaf_nodes": 15,
            "min_samples_leaf": usual_leaf(n_rows),
            "l2_regularization": 0.1,
        }

    def suggest(self, trial: Trial, columns: Mapping[str, Column], n_rows: int) -> Params:
        name = self.parameter
        return {
            "max_iter": trial.suggest_int(name("max_iter"), 50, 150),
            "learning_rate": trial.suggest_float(name("learning_rate"), 0.03, 0.3, log=True),
            "max_leaf_nodes": trial.suggest_int(name("max_leaf_nodes"), 4, 31, log=True),
            "min_samples_leaf": trial.suggest_int(
                name("min_samples_leaf"), 2, largest_leaf(n_rows), log=True
            ),
            "l2_regularization": trial.suggest_float(name("l2_regularization"), 1e-3, 10, log=True),
        }

    def matrix(self, params: Params, columns: Mapping[Any, Column]) -> ColumnTransformer:
        return tree_matrix(columns)

    def estimator(self, params: Params, target: Target, seed: int) -> BaseEstimator:
        estimator = ClassifierOnOneThread if target.is_classification else RegressorOnOneThread
        return estimator(**params, random_state=seed, early_stopping=False)
