"""Gradient-boosted trees."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from lightgbm import Booster, Dataset, LGBMClassifier, LGBMRegressor
from optuna import Trial
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer

from mlops_drift.learning.families.base import Family, Params, Split
from mlops_drift.learning.families.trees import largest_leaf, tree_matrix, usual_leaf
from mlops_drift.learning.metrics.base import Array
from mlops_drift.schema.columns import Column, Target

# Numbers of trees at which a fit could end.
TREES = (50, 75, 100, 125, 150)

# Names of what is kept of a split; how it is made, so that fits with leaves of all sizes share it.
BINNED = "binned"
WEIGHTED = "binned, with weights"
BINNING = {
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
    "feature_pre_filter": False,
}


class LightGBM(Family):
    """LightGBM; each fit finds how many trees are best."""

    name = "lightgbm"

    def default(self, columns: Mapping[str, Column], n_rows: int) -> Params:
        return {
            "learning_rate": 0.1,
            "num_leaves": 15,
            "min_child_samples": usual_leaf(n_rows),
            "reg_lambda": 0.1,
        }

    def suggest(self, trial: Trial, columns: Mapping[str, Column], n_rows: int) -> Params:
        name = self.parameter
        return {
            "learning_rate": trial.suggest_float(name("learning_rate"), 0.03, 0.3, log=True),
            "num_leaves": trial.suggest_int(name("num_leaves"), 4, 31, log=True),
            "min_child_samples": trial.suggest_int(
                name("min_child_samples"), 2, largest_leaf(n_rows), log=True
            ),
            "reg_lambda": trial.suggest_float(name("reg_lambda"), 1e-3, 10, log=True),
        }

    def matrix(self, params: Params, columns: Mapping[Any, Column]) -> ColumnTransformer:
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

    def stages(
        self,
        params: Params,
        target: Target,
        seed: int,
        split: Split,
        truth: Array,
        weights: Array | None,
    ) -> Iterator[tuple[Params, Array]]:
        labels, objective = truth, {"objective": "regression"}
        if target.is_classification:
            classes, labels = np.unique(truth.astype(str), return_inverse=True)
            objective = {"objective": "binary"}
            if len(classes) > 2:
                objective = {"objective": "multiclass", "num_class": str(len(classes))}
        # Weights can be replaced, but not taken away.
        name = BINNED if weights is None else WEIGHTED
        if name not in split.kept:
            split.kept[name] = _binned(split, labels)
        known, others = split.kept[name]
        known.set_weight(weights)
        settings = {**BINNING, **params, **objective, "seed": seed, "metric": "none"}
        booster = Booster(settings, known)
        booster.add_valid(others, "others")
        for number in range(1, TREES[-1] + 1):
            booster.update()
            if number in TREES:
                predicted = _predicted(booster)
                if objective["objective"] == "binary":
                    # The probability of the second class.
                    predicted = np.stack([1 - predicted, predicted], axis=1)
                yield {**params, "n_estimators": number}, predicted


def _binned(split: Split, labels: Array) -> tuple[Dataset, Dataset]:
    """The rows of a split as histograms are made of them."""
    known = Dataset(split.rows, labels, params=BINNING).construct()
    others = known.create_valid(split.others, np.zeros(len(split.others)), params=BINNING)
    return known, others.construct()


def _predicted(booster: Booster) -> Array:
    """What the trees so far predict of the other rows, which the booster keeps up to date."""
    found: list[Array] = []

    def keep(prediction: Array, _: Dataset) -> tuple[str, float, bool]:
        found.append(prediction.copy())
        return "kept", 0.0, True

    booster.eval_valid(keep)
    return found[0]
