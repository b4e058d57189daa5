"""Truth, predictions and scores as metrics take them."""

import numpy as np
import pandas as pd

from mlops_drift.learning.metrics.base import Array
from mlops_drift.schema.columns import Target


def encode(
    target: Target, truth: Array, prediction: Array, score: Array
) -> tuple[Array, Array, Array]:
    """Truth, prediction and score as ``Metric.compute`` takes them: classes as codes."""
    if not len(truth) == len(prediction) == len(score):
        raise ValueError(
            "truth, prediction and score must have one value per row, found lengths "
            f"{len(truth)}, {len(prediction)} and {len(score)}"
        )
    scores = np.asarray(score, dtype=float)
    if target.kind == "regression":
        return np.asarray(truth, dtype=float), np.asarray(prediction, dtype=float), scores
    classes = sorted(target.classes or [], key=lambda name: name == target.positive)
    return _codes(classes, "truth", truth), _codes(classes, "prediction", prediction), scores


def _codes(classes: list[str], name: str, values: Array) -> Array:
    codes = pd.Index(classes, dtype=object).get_indexer(pd.Index(values, dtype=object))
    if (codes < 0).any():
        unknown = np.asarray(values, dtype=object)[codes < 0][0]
        raise ValueError(f"{name} has {unknown!r}; the target's classes are {sorted(classes)}")
    return codes
