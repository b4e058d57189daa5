"""Makes the compiled form of a fitted pipeline."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from mlops_drift.learning.compiled.form import Feature, Form
from mlops_drift.learning.families.base import Learner
from mlops_drift.learning.families.trees import NEAR
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.threshold_classifier import ThresholdClassifier
from mlops_drift.schema.columns import Target

_UNSEEN = "\x00 no category of any column"


def compiled(
    family: Learner, pipeline: Pipeline | ThresholdClassifier, target: Target
) -> Form | None:
    """The compiled form of what a family has built and fitted; None of a family without trees.

    That it predicts the same is for the gate `compiled_equal` to prove.
    """
    decides = pipeline if isinstance(pipeline, ThresholdClassifier) else None
    steps = pipeline if decides is None else decides.pipeline_
    trees = family.trees(steps.named_steps["estimator"])
    if trees is None:
        return None
    features, bound = _features(steps.named_steps["matrix"]), NEAR["a_max"]
    if not target.is_classification:
        return Form(trees, features, bound, target.kind)
    weights = np.ones(1) if decides is None else decides.weights_
    return Form(
        trees,
        features,
        bound,
        target.kind,
        classes=tuple(target.classes or []),
        learned=tuple(map(str, pipeline.classes_)),
        positive=target.positive,
        threshold=decides.threshold if decides is not None and decides.positive else None,
        weights=None if np.all(weights == 1) else tuple(weights.tolist()),
    )


def _features(matrix: ColumnTransformer) -> tuple[Feature, ...]:
    """What each column of the matrix is, found by asking for every category, and for none."""
    numbers, categories = (list(names) for _, _, names in matrix.transformers_[:2])
    known: dict[str, list[str]] = {}
    if categories:
        codes = matrix.named_transformers_["categories"][0]
        for name, found in zip(categories, codes.categories_, strict=True):
            known[name] = [text for text in found if isinstance(text, str)]
    asked = {name: [*known[name], _UNSEEN, np.nan] for name in categories}
    rows = max(map(len, asked.values()), default=1)
    frame = pd.DataFrame(
        {
            **{name: np.full(rows, np.nan) for name in numbers},
            **{
                name: pd.Series(_padded(values, rows), dtype=object)
                for name, values in asked.items()
            },
        }
    )
    columns = np.asarray(matrix.transform(frame), dtype=float).T
    plain = [[_plain(value) for value in column] for column in columns]
    features = [Feature(name, plain[at][0]) for at, name in enumerate(numbers)]
    for at, name in enumerate(categories, start=len(numbers)):
        *of_known, unseen, missing = plain[at][: len(asked[name])]
        features.append(
            Feature(name, missing, dict(zip(known[name], of_known, strict=True)), unseen)
        )
    return tuple(features)


def _padded(values: list[Any], length: int) -> list[Any]:
    return values + [np.nan] * (length - len(values))


def _plain(value: Array) -> float | None:
    return None if np.isnan(value) else float(value)
