"""A trained model: how it is made, what it predicts, and which columns it relies on."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from sklearn.pipeline import Pipeline

from mlops_drift.learning.config import FamilyName, Training
from mlops_drift.learning.families.base import Params, predict
from mlops_drift.learning.families.lookup import family
from mlops_drift.learning.metrics import Array
from mlops_drift.learning.search import OnTrial, SearchResult, check_columns, search
from mlops_drift.schema import Column, Target


@dataclass
class TrainedModel:
    """A fitted pipeline with all that is needed to use it."""

    pipeline: Pipeline
    target: Target
    columns: dict[str, Column]
    family: FamilyName
    params: Params

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """Predictions for rows of features, in their order and under their index.

        Args:
            features: At least the declared columns; others are ignored. No rows give no rows.

        Returns:
            ``prediction``: the most probable class name, or the predicted number.
            ``score`` (float): P(positive) for binary, the largest class probability for
            multiclass, the predicted number for regression.

        Raises:
            ValueError: If columns are missing.
        """
        check_columns(features, self.columns)
        if len(features) == 0:
            dtype = object if self.target.is_classification else float
            return pd.DataFrame(
                {"prediction": pd.Series(dtype=dtype), "score": pd.Series(dtype=float)},
                index=features.index,
            )
        return predict(self.pipeline, self.target, features)


def train(
    features: pd.DataFrame,
    truth: Array,
    columns: Mapping[str, Column],
    target: Target,
    training: Training,
    on_trial: OnTrial | None = None,
) -> tuple[TrainedModel, SearchResult]:
    """Searches as ``search`` does, then fits the best trial on all rows.

    >>> import numpy as np
    >>> features = pd.DataFrame({"x": np.arange(40.0)})
    >>> target = Target(column="y", kind="regression")
    >>> training = Training(metric="rmse", families=["linear"], trials=2)
    >>> columns = {"x": Column(type="number")}
    >>> model, found = train(features, 3 * np.arange(40.0), columns, target, training)
    >>> found.family, len(found.trials), len(model.predict(features))
    ('linear', 2, 40)
    """
    from threadpoolctl import threadpool_limits

    # One thread: sums come out the same on any number of processors, and tables of this size are
    # fitted no slower.
    with threadpool_limits(1):
        found = search(features, truth, columns, target, training, on_trial)
        pipeline = family(found.family).build(found.params, columns, target, training.seed)
        pipeline.fit(features, truth)
    return TrainedModel(pipeline, target, dict(columns), found.family, found.params), found
