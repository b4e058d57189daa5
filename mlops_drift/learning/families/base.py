"""What a model family is, and how a pipeline that it built is fed and read."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from optuna import Trial
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from mlops_drift.learning.config import FamilyName
from mlops_drift.schema import Column, Target

Params = dict[str, Any]


class Family(ABC):
    """A kind of model: its hyperparameters and how to build it.

    To add one, subclass in a module of its own, name it in ``FamilyName`` and in ``lookup``.
    """

    name: FamilyName

    @abstractmethod
    def default(self, columns: Mapping[str, Column], n_rows: int) -> Params:
        """Sensible hyperparameters; the search tries them first.

        Each lies in the range that ``suggest`` draws it from.
        """

    @abstractmethod
    def suggest(self, trial: Trial, columns: Mapping[str, Column], n_rows: int) -> Params:
        """Hyperparameters drawn from the trial, each under the name ``<family>.<parameter>``."""

    @abstractmethod
    def build(
        self, params: Params, columns: Mapping[str, Column], target: Target, seed: int
    ) -> Pipeline:
        """An unfitted pipeline, preprocessing included, that takes the columns as a frame."""

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

    Numbers, integers and booleans become float64, categories text (object); every missing or
    infinite value becomes NaN.

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


def predict(pipeline: Pipeline, target: Target, features: pd.DataFrame) -> pd.DataFrame:
    """Predictions of a fitted pipeline, as described at ``TrainedModel.predict``."""
    if not target.is_classification:
        values = np.asarray(pipeline.predict(features), dtype=float)
        return pd.DataFrame({"prediction": values, "score": values}, index=features.index)
    probability = pipeline.predict_proba(features)
    classes = np.asarray(pipeline.classes_, dtype=object)
    score = (
        probability[:, list(classes).index(target.positive)]
        if target.kind == "binary"
        else probability.max(axis=1)
    )
    prediction = classes[probability.argmax(axis=1)]
    return pd.DataFrame({"prediction": prediction, "score": score}, index=features.index)


def _plain(values: pd.Series, column: Column) -> pd.Series:
    if column.type == "category":
        text = values.astype("string").astype(object)
        return text.where(text.notna(), np.nan)
    numbers = values.to_numpy(dtype="float64", na_value=np.nan)
    return pd.Series(np.where(np.isfinite(numbers), numbers, np.nan), index=values.index)
