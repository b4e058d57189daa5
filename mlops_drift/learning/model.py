"""A trained model: how it is made, what it predicts, and which columns it relies on."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from mlops_drift.learning.config import Training
from mlops_drift.learning.families.base import predict
from mlops_drift.learning.families.registry import family
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.recipe import Recipe
from mlops_drift.learning.search.folds import shuffled_folds
from mlops_drift.learning.search.search import OnTrial, SearchResult, search
from mlops_drift.learning.search.trial_cache import TrialCache
from mlops_drift.learning.threshold_classifier import ThresholdClassifier, decided
from mlops_drift.schema.columns import Column, Target


@dataclass
class TrainedModel:
    """A fitted pipeline, and what it predicts."""

    pipeline: Pipeline | ThresholdClassifier
    target: Target

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """Predictions for rows with at least the columns of the fit, under their index."""
        return predict(self.pipeline, self.target, features)


def fit(
    recipe: Recipe,
    features: pd.DataFrame,
    truth: Array,
    columns: Mapping[str, Column],
    target: Target,
    seed: int,
) -> TrainedModel:
    """The model that a recipe makes of these rows, the same to the last bit at every call."""
    chosen = family(recipe.family)
    bare = chosen.build(recipe.params, columns, target, seed)
    pipeline = decided(bare, target, recipe.class_weight, recipe.threshold)
    # One thread: sums come out the same on any number of processors, and tables of this size are
    # fitted no slower.
    with threadpool_limits(1), chosen.errors_named():
        pipeline.fit(features, truth)
    return TrainedModel(pipeline, target)


def train(
    features: pd.DataFrame,
    truth: Array,
    columns: Mapping[str, Column],
    target: Target,
    training: Training,
    on_trial: OnTrial | None = None,
    memory: TrialCache | None = None,
) -> tuple[TrainedModel, SearchResult]:
    """Searches as ``search`` does, on one thread, then fits the best recipe on all rows."""
    with threadpool_limits(1):
        found = search(features, truth, columns, target, training, on_trial, memory)
    return fit(found.recipe, features, truth, columns, target, training.seed), found


def out_of_fold(
    recipe: Recipe,
    features: pd.DataFrame,
    truth: Array,
    columns: Mapping[str, Column],
    target: Target,
    training: Training,
) -> pd.DataFrame:
    """What a recipe predicts of each row when it is fitted without the row's fold.

    The folds are those of ``shuffled_folds``. The index is the place of the row; rows of a fold
    that cannot be predicted are left out.
    """
    parts = []
    for rows, others in shuffled_folds(truth, target, training):
        model = fit(recipe, features.iloc[rows], truth[rows], columns, target, training.seed)
        parts.append(model.predict(features.iloc[others]).set_axis(others))
    return pd.concat(parts).sort_index()
