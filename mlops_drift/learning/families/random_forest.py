"""Random forests."""

from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from mlops_drift.learning.families.base import Params
from mlops_drift.learning.families.trees import Range, Trees, largest_leaf, usual_leaf
from mlops_drift.schema.columns import Target


class RandomForest(Trees):
    """scikit-learn's random forest on one thread."""

    name = "random_forest"

    def ranges(self, n_rows: int) -> dict[str, Range]:
        leaf = min(5, usual_leaf(n_rows))
        return {
            "n_estimators": Range(100, 50, 200),
            "min_samples_leaf": Range(leaf, 1, largest_leaf(n_rows), log=True),
            "max_features": Range(0.5, 0.1, 1.0),
        }

    def estimator(self, params: Params, target: Target, seed: int) -> BaseEstimator:
        estimator = RandomForestClassifier if target.is_classification else RandomForestRegressor
        return estimator(**params, random_state=seed, n_jobs=1)
