"""What a model family is, and how a pipeline that it built is fed and read."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from optuna import Trial
from pandas.api.types import is_bool_dtype, is_numeric_dtype
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from mlops_drift.learning.config import FamilyName
from mlops_drift.learning.metrics import Array
from mlops_drift.schema import Column, Target

Params = dict[str, Any]

NUMBERS = ("number", "integer", "boolean")

# A category rarer than this share of the rows is grouped with the other rare ones.
RARE_SHARE = 0.01


class Family(ABC):
    """A kind of model: its hyperparameters and how to build it.

    To add one, subclass in a module of its own, name it in ``FamilyName`` and in ``lookup``.

    Attributes:
        name: the family.
        matrix_params: the hyperparameters that decide how the columns become a matrix.
    """

    name: FamilyName
    matrix_params: tuple[str, ...] = ()

    @abstractmethod
    def default(self, columns: Mapping[str, Column], n_rows: int) -> Params:
        """Sensible hyperparameters; the search tries them first.

        Each lies in the range that ``suggest`` draws it from.
        """

    @abstractmethod
    def suggest(self, trial: Trial, columns: Mapping[str, Column], n_rows: int) -> Params:
        """Hyperparameters drawn from the trial, each under the name ``<family>.<parameter>``."""

    @abstractmethod
    def matrix(self, params: Params, columns: Mapping[str, Column]) -> ColumnTransformer:
        """The unfitted step from the columns, as ``plain`` gives them, to numbers."""

    @abstractmethod
    def estimator(self, params: Params, target: Target, seed: int) -> BaseEstimator:
        """The unfitted estimator that takes these numbers; it works on one thread."""

    def build(
        self, params: Params, columns: Mapping[str, Column], target: Target, seed: int
    ) -> Pipeline:
        """An unfitted pipeline, preprocessing included, that takes the columns as a frame."""
        return Pipeline(
            [
                ("plain", plain_step(columns)),
                ("matrix", self.matrix(params, columns)),
                ("estimator", self.estimator(params, target, seed)),
            ]
        )

    def parameter(self, name: str) -> str:
        """A parameter's name in a search over several families."""
        return f"{self.name}.{name}"


def columns_of(columns: Mapping[str, Column], *types: str) -> list[str]:
    """Names of the columns of these types, in their declared order.

    >>> columns_of({"age": Column(type="integer"), "city": Column(type="category")}, "category")
    ['city']
    """
    return [name for name, column in columns.items() if column.type in types]


def plain(features: pd.DataFrame, columns: Mapping[str, Column]) -> pd.DataFrame:
    """The declared columns in plain dtypes, whatever the dtypes they were read with.

    Numbers, integers and booleans become float64, also where they are stored as text; categories
    become text (object). Every missing or infinite value, and text that is no number, becomes NaN.

    >>> frame = pd.DataFrame({"ok": [True, None], "age": [float("inf"), 3], "extra": [1, 2]})
    >>> plain(frame, {"age": Column(type="number"), "ok": Column(type="boolean")})
       age   ok
    0  NaN  1.0
    1  3.0  NaN
    """
    plain_columns = {name: _plain(features[name], column) for name, column in columns.items()}
    return pd.DataFrame(plain_columns, index=features.index)


def plain_step(columns: Mapping[str, Column]) -> FunctionTransformer:
    """``plain`` as the first step of a pipeline."""
    return FunctionTransformer(plain, kw_args={"columns": dict(columns)})


def predict(pipeline: BaseEstimator, target: Target, features: pd.DataFrame) -> pd.DataFrame:
    """Predictions of a fitted pipeline, as described at ``TrainedModel.predict``."""
    prediction, score = predicted(pipeline, target, features)
    return pd.DataFrame({"prediction": prediction, "score": score}, index=features.index)


def predicted(
    pipeline: BaseEstimator, target: Target, rows: pd.DataFrame | Array
) -> tuple[Array, Array]:
    """Prediction and score of each row, each of shape (n,).

    Classes are told as the pipeline itself tells them: by ``decide`` if it has one, else the most
    probable one, the first in alphabetical order of equally probable ones.

    Args:
        pipeline: A fitted pipeline, or a ``Decider`` around one.
        target: What it predicts.
        rows: What it takes.
    """
    if not target.is_classification:
        values = np.asarray(pipeline.predict(rows), dtype=float)
        return values, values
    probability = pipeline.predict_proba(rows)
    classes = np.asarray(pipeline.classes_, dtype=object)
    score = (
        probability[:, list(classes).index(target.positive)]
        if target.kind == "binary"
        else probability.max(axis=1)
    )
    decide = getattr(pipeline, "decide", None)
    prediction = decide(probability) if decide else classes[probability.argmax(axis=1)]
    return np.asarray(prediction, dtype=object), score


def _plain(values: pd.Series, column: Column) -> pd.Series:
    if column.type == "category":
        text = values.astype("string").astype(object)
        return text.where(text.notna(), np.nan)
    if not (is_numeric_dtype(values) or is_bool_dtype(values)):
        values = pd.to_numeric(values.astype(object), errors="coerce")
    numbers = values.to_numpy(dtype="float64", na_value=np.nan)
    return pd.Series(np.where(np.isfinite(numbers), numbers, np.nan), index=values.index)
