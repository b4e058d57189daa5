"""Random forests."""

from collections.abc import Mapping
from typing import Any

from optuna import Trial
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from mlops_drift.learning.families.base import Family, Params
from mlops_drift.learning.families.trees import largest_leaf, tree_matrix, usual_leaf
from mlops_drift.schema.columns import Column, Target


class RandomForest(Family):
    """scikit-learn's random forest on one thread."""

    name = "random_forest"

    def default(self, columns: Mapping[str, Column], n_rows: int) -> Params:
        return {
            "n_estimators": 100,
            "min_samples_leaf": min(5, usual_leaf(n_rows)),
            "max_features": 0.5,
        }

    def suggest(self, trial: Trial, columns: Mapping[str, Column], n_rows: int) -> Params:
        name = self.parameter
        return {
            "n_estimators": trial.suggest_int(name("n_estimators"), 50, 200),
            "min_samples_leaf": trial.suggest_int(
                name("min_samples_leaf"), 1, largest_leaf(n_rows), log=True
            ),
            "max_features": trial.suggest_float(name("max_features"), 0.1, 1.0),
        }

    def matrix(self, params: Params, columns: Mapping[Any, Column]) -> ColumnTransformer:
        return tree_matrix(columns)

    def estimator(self, params: Params, target: Target, seed: int) -> BaseEstimator:
        estimator = RandomForestClassifier if target.is_classification else RandomForestRegressor
        return estimator(**params, random_state=seed, n_jobs=1)
