"""Gradient-boosted trees."""

from collections.abc import Mapping

from lightgbm import LGBMClassifier, LGBMRegressor
from optuna import Trial
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer

from mlops_drift.learning.families.base import Family, Params
from mlops_drift.learning.families.trees import largest_leaf, tree_matrix, usual_leaf
from mlops_drift.schema import Column, Target


class LightGBM(Family):
    """LightGBM on one thread, deterministic."""

    name = "lightgbm"

    def default(self, columns: Mapping[str, Column], n_rows: int) -> Params:
        return {
            "n_estimators": 100,
            "learning_rate": 0.1,
            "num_leaves": 15,
            "min_child_samples": usual_leaf(n_rows),
            "reg_lambda": 0.1,
        }

    def suggest(self, trial: Trial, columns: Mapping[str, Column], n_rows: int) -> Params:
        name = self.parameter
        return {
            "n_estimators": trial.suggest_int(name("n_estimators"), 50, 150),
            "learning_rate": trial.suggest_float(name("learning_rate"), 0.03, 0.3, log=True),
            "num_leaves": trial.suggest_int(name("num_leaves"), 4, 31, log=True),
            "min_child_samples": trial.suggest_int(
                name("min_child_samples"), 2, largest_leaf(n_rows), log=True
            ),
            "reg_lambda": trial.suggest_float(name("reg_lambda"), 1e-3, 10, log=True),
        }

    def matrix(self, params: Params, columns: Mapping[str, Column]) -> ColumnTransformer:
        return tree_matrix(columns)

    def estimator(self, params: Params, target: Target, seed: int) -> BaseEstimator:
        estimator = LGBMClassifier if target.is_classification else LGBMRegressor
        return estimator(
            **params,
            random_state=seed,
            n_jobs=1,
            deterministic=True,
            force_row_wise=True,
            verbose=-1,
        )
