"""A trained model: how it is made, what it predicts, and which columns it relies on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from mlops_drift.learning.config import FamilyName, MetricName, Training
from mlops_drift.learning.families.base import Params, predict
from mlops_drift.learning.families.lookup import family
from mlops_drift.learning.metrics import Array, evaluate, worsening
from mlops_drift.learning.search import OnTrial, SearchResult, check_columns, search
from mlops_drift.schema import Column, Target

PERMUTATIONS = 5
MOST_ROWS_TO_PERMUTE = 2000


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

    >>> features = pd.DataFrame({"x": np.arange(40.0)})
    >>> target = Target(column="y", kind="regression")
    >>> training = Training(metric="rmse", families=["linear"], trials=2)
    >>> columns = {"x": Column(type="number")}
    >>> model, found = train(features, 3 * np.arange(40.0), columns, target, training)
    >>> found.family, len(found.trials), len(model.predict(features))
    ('linear', 2, 40)
    """
    found = search(features, truth, columns, target, training, on_trial)
    pipeline = family(found.family).build(found.params, columns, target, training.seed)
    pipeline.fit(features, truth)
    return TrainedModel(pipeline, target, dict(columns), found.family, found.params), found


def importances(
    model: TrainedModel, features: pd.DataFrame, truth: Array, metric: MetricName, seed: int
) -> dict[str, float]:
    """Permutation importance of each column, as shares that sum to 1.

    How much the metric worsens, on average over five permutations of the column, as a share of
    the sum over all columns. A column that does not matter has 0; if none does, or the metric is
    undefined, all have. At most 2,000 rows, drawn at random, are used.

    Args:
        model: The model to ask.
        features: Rows that it was preferably not trained on.
        truth: Their truth, shape (n,).
        metric: Metric that fits the target.
        seed: Of the draw and the permutations.
    """
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(features))[:MOST_ROWS_TO_PERMUTE]
    sample, known = features.iloc[rows].reset_index(drop=True), truth[rows]

    def value(rows_of_features: pd.DataFrame) -> float:
        predicted = model.predict(rows_of_features)
        prediction, score = predicted["prediction"].to_numpy(), predicted["score"].to_numpy()
        return evaluate(metric, model.target, known, prediction, score)

    def permuted(name: str) -> pd.DataFrame:
        order = rng.permutation(len(sample))
        return sample.assign(**{name: sample[name].iloc[order].reset_index(drop=True)})

    intact = value(sample)
    losses = {}
    for name in model.columns:
        loss = np.mean(
            [worsening(metric, intact, value(permuted(name))) for _ in range(PERMUTATIONS)]
        )
        losses[name] = float(loss) if loss > 0 else 0.0
    total = sum(losses.values())
    return {name: loss / total if total else 0.0 for name, loss in losses.items()}
