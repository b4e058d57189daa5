"""How all families of trees take the columns."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

from mlops_drift.learning.families.base import (
    BOUND,
    NUMBERS,
    RARE_SHARE,
    Family,
    Params,
    columns_of,
)
from mlops_drift.learning.metrics.base import Array
from mlops_drift.schema.columns import Column

if TYPE_CHECKING:
    from optuna import Trial

NEAR = {"a_min": -BOUND, "a_max": BOUND}


class Range(NamedTuple):
    """What a hyperparameter may be, whole numbers if its bounds are."""

    default: float
    low: float
    high: float
    log: bool = False

    def suggest(self, trial: "Trial", name: str) -> float:
        """A value drawn from the trial."""
        suggest = trial.suggest_int if isinstance(self.low, int) else trial.suggest_float
        return suggest(name, self.low, self.high, log=self.log)  # type: ignore[arg-type]


class Trees(Family):
    """A family of trees, which all take the columns alike.

    Numbers stay as they are. Categories become codes in alphabetical order; the rare ones share the
    last code, an unseen one is missing. So is what is missing, unless its column never lacked a
    value (see ``FillUnexpected``).
    """

    @abstractmethod
    def ranges(self, n_rows: int) -> dict[str, Range]:
        """The hyperparameters for so many rows, in the order in which they are drawn."""

    def default(self, columns: Mapping[str, Column], n_rows: int) -> Params:
        return {name: one.default for name, one in self.ranges(n_rows).items()}

    def suggest(self, trial: "Trial", columns: Mapping[str, Column], n_rows: int) -> Params:
        return {
            name: one.suggest(trial, self.parameter(name))
            for name, one in self.ranges(n_rows).items()
        }

    def matrix(self, params: Params, columns: Mapping[Any, Column]) -> ColumnTransformer:
        numbers = make_pipeline(FunctionTransformer(np.clip, kw_args=NEAR), FillUnexpected())
        codes = OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=np.nan,
            encoded_missing_value=np.nan,
            min_frequency=RARE_SHARE,
        )
        categories = make_pipeline(codes, FillUnexpected(codes=True))
        return ColumnTransformer(
            [
                ("numbers", numbers, columns_of(columns, *NUMBERS)),
                ("categories", categories, columns_of(columns, "category")),
            ]
        )


class FillUnexpected(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Fills what is missing in columns that lacked no value in the fit; others keep their gaps.

    Trees have learned nothing about such gaps, and LightGBM takes them for a zero. A column of
    numbers is filled with a value in its middle, one of codes with the most frequent code.
    """

    def __init__(self, codes: bool = False) -> None:
        self.codes = codes

    def fit(self, X: Array, y: Array | None = None) -> Self:
        """Remembers what is typical of each column; nan of one that has gaps."""
        self.typical_ = np.array([self._typical(column) for column in np.asarray(X, float).T])
        return self

    def transform(self, X: Array) -> Array:
        """The rows with these gaps filled."""
        values = np.asarray(X, dtype=float)
        return np.where(np.isnan(values), self.typical_, values)

    def _typical(self, column: Array) -> float:
        if not len(column) or np.isnan(column).any():
            return np.nan
        if not self.codes:
            return float(np.quantile(column, 0.5, method="lower"))
        values, counts = np.unique(column, return_counts=True)
        return float(values[counts.argmax()])


def largest_leaf(n_rows: int) -> int:
    """The most rows that the search asks of a leaf.

    >>> largest_leaf(10), largest_leaf(400), largest_leaf(7000)
    (4, 20, 50)
    """
    return min(50, max(4, n_rows // 20))


def usual_leaf(n_rows: int) -> int:
    """The rows that a leaf needs by default; never more than ``largest_leaf``.

    >>> usual_leaf(10), usual_leaf(400), usual_leaf(7000)
    (2, 8, 20)
    """
    return min(20, max(2, n_rows // 50))
