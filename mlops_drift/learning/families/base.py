"""What a model family is, and how a pipeline that it built is fed and read."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.probabilities import Predicted, of_declared, scores
from mlops_drift.learning.search.space import Space
from mlops_drift.schema.columns import Column, Target

if TYPE_CHECKING:
    from optuna import Trial

Params = dict[str, Any]
Key = TypeVar("Key", str, int)
NUMBERS = ("number", "integer", "boolean")
# A category rarer than this share of the rows is grouped with the other rare ones.
RARE_SHARE = 0.01
# Some estimators compare and add up in single precision, or multiply columns: sums, or products, of
# anything beyond are infinite.
BOUND = 1e30


@dataclass(frozen=True)
class Split:
    """Rows to fit on, with their truth, and others to predict, as a family takes them.

    They are numbers, or the columns as ``plain`` gives them. What the family has made of them for
    all its fits is kept by name.
    """

    rows: Array | pd.DataFrame
    truth: Array
    others: Array | pd.DataFrame
    columns: Mapping[str, Column] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)


class Learner(ABC):
    """What the search and a training ask of a family: its hyperparameters, and its fits.

    Attributes:
        matrix_params: the hyperparameters that decide how the columns become a matrix.
        has_choices: whether one trial can differ from another by its hyperparameters.
    """

    name: str
    matrix_params: tuple[str, ...] = ()
    has_choices: bool = True

    @abstractmethod
    def default(self, columns: Mapping[str, Column], n_rows: int) -> Params:
        """Sensible hyperparameters, in the ranges of ``suggest``; the search tries them first."""

    @abstractmethod
    def suggest(self, trial: "Trial", columns: Mapping[str, Column], n_rows: int) -> Params:
        """Hyperparameters drawn from the trial by ``parameter``, without what ``stages`` finds."""

    @abstractmethod
    def matrix(self, params: Params, columns: Mapping[Any, Column]) -> ColumnTransformer | None:
        """The unfitted step from columns, as ``plain`` gives them, by name or place, to numbers.

        None where the estimator takes the plain columns themselves.
        """

    @abstractmethod
    def build(
        self, params: Params, columns: Mapping[str, Column], target: Target, seed: int
    ) -> Pipeline:
        """An unfitted pipeline, preprocessing included, that takes the columns as a frame."""

    @abstractmethod
    def stages(
        self, params: Params, target: Target, seed: int, split: Split, weights: Array | None
    ) -> Iterator[tuple[Params, Array]]:
        """What a fit predicts of the other rows, at each stage where it could end.

        Of each stage the whole hyperparameters of a pipeline that ends there, and what that
        predicts: values, shape (n,), or the probability of each class of the truth, in alphabetical
        order, shape (n, K). Whoever stops iterating stops the fit. There are weights of the rows
        to fit on, if they are not all alike.
        """

    def searching(self, space: Space | None) -> "Learner":
        """The family with a search space of the user's; only a function takes one."""
        if space is not None:
            raise ValueError(
                f"training.search_space names {self.name}, which is no function: its class says "
                "what is searched"
            )
        return self

    def errors_named(self) -> AbstractContextManager[None]:
        """Meanwhile an error of the user's own code becomes a sentence that names it."""
        return nullcontext()

    def trees(self, estimator: BaseEstimator) -> str | None:
        """The trees of a fitted estimator as LightGBM writes them; None of any other estimator.

        With them a version has a compiled form, see ``learning.compiled``.
        """
        return None

    def parameter(self, name: str) -> str:
        """A parameter's name in a search over several families."""
        return f"{self.name}.{name}"


class Family(Learner):
    """A kind of model: its hyperparameters and how to build it.

    To add one, subclass in a module of its own and name it in ``registry.SHIPPED``.
    """

    @abstractmethod
    def matrix(self, params: Params, columns: Mapping[Any, Column]) -> ColumnTransformer:
        """The unfitted step from columns, as ``plain`` gives them, by name or place, to numbers."""

    @abstractmethod
    def estimator(self, params: Params, target: Target, seed: int) -> BaseEstimator:
        """The unfitted estimator that takes these numbers; it works on one thread."""

    def build(
        self, params: Params, columns: Mapping[str, Column], target: Target, seed: int
    ) -> Pipeline:
        return Pipeline(
            [
                ("plain", plain_step(columns)),
                ("matrix", self.matrix(params, columns)),
                ("estimator", self.estimator(params, target, seed)),
            ]
        )

    def stages(
        self, params: Params, target: Target, seed: int, split: Split, weights: Array | None
    ) -> Iterator[tuple[Params, Array]]:
        estimator = self.estimator(params, target, seed)
        weighted = {} if weights is None else {"sample_weight": weights}
        estimator.fit(split.rows, split.truth, **weighted)
        answer = estimator.predict_proba if target.is_classification else estimator.predict
        yield params, np.asarray(answer(split.others), dtype=float)


def plain_step(columns: Mapping[str, Column], bound: float = inf) -> FunctionTransformer:
    """The first step of every pipeline: the columns as ``plain`` gives them."""
    return FunctionTransformer(plain, kw_args={"columns": dict(columns), "bound": bound})


def columns_of(columns: Mapping[Key, Column], *types: str) -> list[Key]:
    """Names, or places, of the columns of these types, in their declared order."""
    return [name for name, column in columns.items() if column.type in types]


def plain(
    features: pd.DataFrame, columns: Mapping[str, Column], bound: float = inf
) -> pd.DataFrame:
    """The declared columns in plain dtypes, whatever the dtypes they were read with.

    Numbers, integers and booleans become float64, also where they are stored as text; categories
    become text (object). Every missing or infinite value, and text that is no number, becomes NaN.
    Numbers beyond the bound, of either sign, become the bound.
    """
    made = {name: _plain(features[name], column, bound) for name, column in columns.items()}
    return pd.DataFrame(made, index=features.index)


def predict(pipeline: BaseEstimator, target: Target, features: pd.DataFrame) -> pd.DataFrame:
    """Prediction and score of each row, under its index, as ``predicted`` gives them."""
    found = predicted(pipeline, target, features)
    return pd.DataFrame(
        {"prediction": found.prediction, "score": found.score}, index=features.index
    )


def predicted(pipeline: BaseEstimator, target: Target, rows: pd.DataFrame | Array) -> Predicted:
    """What a fitted pipeline predicts of each row that it takes.

    Classes are decided by the pipeline's ``decide`` if it has one, else the most probable one is
    taken, the first in alphabetical order of equally probable ones.
    """
    if not target.is_classification:
        values = np.asarray(pipeline.predict(rows), dtype=float)
        return Predicted(values, values)
    probability = pipeline.predict_proba(rows)
    classes = np.asarray(pipeline.classes_, dtype=object)
    decide = getattr(pipeline, "decide", None)
    prediction = decide(probability) if decide else classes[probability.argmax(axis=1)]
    return Predicted(
        np.asarray(prediction, dtype=object),
        scores(probability, classes, target),
        of_declared(probability, classes, target),
    )


def _plain(values: pd.Series, column: Column, bound: float) -> pd.Series:
    if column.type == "category":
        text = values.astype("string").astype(object)
        return text.where(text.notna(), np.nan)
    if not (is_numeric_dtype(values) or is_bool_dtype(values)):
        values = pd.to_numeric(values.astype(object), errors="coerce")
    numbers = values.to_numpy(dtype="float64", na_value=np.nan)
    finite = np.where(np.isfinite(numbers), numbers, np.nan)
    return pd.Series(finite if bound == inf else finite.clip(-bound, bound), index=values.index)
