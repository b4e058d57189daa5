"""Gradient-boosted trees."""

from collections.abc import Mapping

import numpy as np
from lightgbm import LGBMClassifier, LGBMRegressor
from optuna import Trial
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

from mlops_drift.learning.families.base import Family, Params, columns_of, plain_step
from mlops_drift.schema import Column, Target


class LightGBM(Family):
    """LightGBM on one thread, deterministic.

    Missing values stay missing. Categories become codes in alphabetical order, an unseen one is
    missing.
    """

    name = "lightgbm"

    def default(self, columns: Mapping[str, Column], n_rows: int) -> Params:
        return {
            "n_estimators": 100,
            "learning_rate": 0.1,
            "num_leaves": 15,
            "min_child_samples": min(20, max(2, n_rows // 50)),
            "reg_lambda": 0.1,
        }

    def suggest(self, trial: Trial, columns: Mapping[str, Column], n_rows: int) -> Params:
        largest_leaf = min(50, max(4, n_rows // 20))
        name = self.parameter
        return {
            "n_estimators": trial.suggest_int(name("n_estimators"), 50, 150),
            "learning_rate": trial.suggest_float(name("learning_rate"), 0.03, 0.3, log=True),
            "num_leaves": trial.suggest_int(name("num_leaves"), 4, 31, log=True),
            "min_child_samples": trial.suggest_int(
                name("min_child_samples"), 2, largest_leaf, log=True
            ),
            "reg_lambda": trial.suggest_float(name("reg_lambda"), 1e-3, 10, log=True),
        }

    def build(
        self, params: Params, columns: Mapping[str, Column], target: Target, seed: int
    ) -> Pipeline:
        codes = OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=np.nan,
            encoded_missing_value=np.nan,
        )
        matrix = ColumnTransformer(
            [
                ("numbers", "passthrough", columns_of(columns, "number", "integer", "boolean")),
                ("categories", codes, columns_of(columns, "category")),
            ]
        )
        estimator = LGBMClassifier if target.is_classification else LGBMRegressor
        return Pipeline(
            [
                ("plain", plain_step(columns)),
                ("matrix", matrix),
                (
                    "estimator",
                    estimator(
                        **params,
                        random_state=seed,
                        n_jobs=1,
                        deterministic=True,
                        force_row_wise=True,
                        verbose=-1,
                    ),
                ),
            ]
        )
