"""Gradient-boosted trees."""

from collections.abc import Iterator

import numpy as np
from lightgbm import Booster, Dataset, LGBMClassifier, LGBMRegressor
from sklearn.base import BaseEstimator

from mlops_drift.learning.families.base import Params, Split
from mlops_drift.learning.families.trees import Range, Trees, largest_leaf, usual_leaf
from mlops_drift.learning.metrics.base import Array
from mlops_drift.schema.columns import Target

# Numbers of trees at which a fit could end.
TREES = (50, 75, 100, 125, 150)

# How rows are binned, so that fits with leaves of all sizes share it.
BINNING = {
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
    "feature_pre_filter": False,
}


class LightGBM(Trees):
    """LightGBM; each fit finds how many trees are best."""

    name = "lightgbm"

    def ranges(self, n_rows: int) -> dict[str, Range]:
        return {
            "learning_rate": Range(0.1, 0.03, 0.3, log=True),
            "num_leaves": Range(15, 4, 31, log=True),
            "min_child_samples": Range(usual_leaf(n_rows), 2, largest_leaf(n_rows), log=True),
            "reg_lambda": Range(0.1, 1e-3, 10.0, log=True),
        }

    def estimator(self, params: Params, target: Target, seed: int) -> BaseEstimator:
        estimator = LGBMClassifier if target.is_classification else LGBMRegressor
        fixed: Params = {"n_jobs": 1, "deterministic": True, "force_row_wise": True, "verbose": -1}
        return estimator(**params, **fixed, random_state=seed)

    def trees(self, estimator: BaseEstimator) -> str | None:
        return str(estimator.booster_.model_to_string())

    def stages(
        self, params: Params, target: Target, seed: int, split: Split, weights: Array | None
    ) -> Iterator[tuple[Params, Array]]:
        labels, objective = split.truth, {"objective": "regression"}
        if target.is_classification:
            classes, labels = np.unique(labels.astype(str), return_inverse=True)
            objective = {"objective": "binary"}
            if len(classes) > 2:
                objective = {"objective": "multiclass", "num_class": str(len(classes))}
        # Weights can be replaced, but not taken away.
        name = "binned" if weights is None else "binned, with weights"
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
                found = _predicted(booster)
                # Of two classes it is the probability of the second.
                binary = objective["objective"] == "binary"
                predicted = np.stack([1 - found, found], axis=1) if binary else found
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
