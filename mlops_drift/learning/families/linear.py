"""Linear models, with or without squares and products of the numbers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
)

from mlops_drift.learning.families.base import NUMBERS, RARE_SHARE, Family, Params, columns_of
from mlops_drift.learning.metrics.base import Array
from mlops_drift.schema.columns import Column, Target

if TYPE_CHECKING:
    from optuna import Trial

# Squares and products of more columns than this are too many for the usual training set.
MOST_COLUMNS_TO_MULTIPLY = 30
# Standard deviations; beyond, a square would overflow or decide alone.
NEAR = {"a_min": -10.0, "a_max": 10.0}
# Numbers up to this size are never clipped; squares of numbers up to the larger size do not
# overflow when they are added up.
NEVER_FAR = 1e12
LARGEST = 1e100
# Beyond so many times the spread of a column a number is far.
REACH = 1e6


class FarValues(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Clips what is far in the rows of the fit to the nearest number that is not.

    A number is far above ``LARGEST``, and above ``NEVER_FAR`` where it is farther than ``REACH``
    spreads from the median; the spread is the median distance from it, without those that equal
    it. Columns without a far number are not clipped: rows that have none pass as they are.
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learns the bounds of each column."""
        columns = np.asarray(X, dtype=float).T
        bounds = np.array([_bounds(column) for column in columns]).reshape(-1, 2)
        self.lower_, self.upper_ = bounds.T
        return self

    def transform(self, X: Any) -> Any:
        """The rows within the bounds."""
        if np.isinf(self.lower_).all() and np.isinf(self.upper_).all():
            return X
        return np.clip(np.asarray(X, dtype=float), self.lower_, self.upper_)


def _bounds(column: Array) -> tuple[float, float]:
    known = column[~np.isnan(column)]
    lower, upper = -np.inf, np.inf
    if not (np.abs(known) > NEVER_FAR).any():
        return lower, upper
    near = known[np.abs(known) <= LARGEST]
    if not len(near):
        return -LARGEST, LARGEST
    middle = np.median(near)
    distances = np.abs(near - middle)
    spread = np.median(distances[distances > 0]) if distances.any() else 0.0
    near = near[(np.abs(near) <= NEVER_FAR) | (distances <= REACH * spread)]
    if known.min() < near.min():
        lower = near.min()
    if known.max() > near.max():
        upper = near.max()
    return float(lower), float(upper)


def _product(rows: Array, coefficients: Array) -> Array:
    """The dot product of each row, shape (n, d), with the coefficients, shape (d,).

    A matrix product rounds the same row differently in batches of different sizes.
    """
    products: Array = (np.ascontiguousarray(rows) * coefficients).sum(axis=1)
    return products


class LogisticRowByRow(LogisticRegression):  # type: ignore[misc]
    """Logistic regression that predicts a row alike, to the last bit, alone and among others."""

    def decision_function(self, X: Array) -> Array:
        scores: Array = np.stack([_product(X, each) for each in self.coef_], axis=1)
        scores += self.intercept_
        return scores[:, 0] if len(self.coef_) == 1 else scores


class RidgeRowByRow(Ridge):  # type: ignore[misc]
    """Ridge regression that predicts a row alike, to the last bit, alone and among others."""

    def predict(self, X: Array) -> Array:
        values: Array = _product(X, self.coef_) + self.intercept_
        return values


class Linear(Family):
    """Logistic regression for classes, ridge for regression.

    Numbers and booleans are clipped where they are far from all others (see ``FarValues``), imputed
    with the median, flagged where missing, standardised and, with degree 2, squared and multiplied
    with each other. Categories are imputed with the most frequent one, flagged where missing, and
    one-hot; the rare ones share a column, an unseen one counts as rare.
    """

    name = "linear"
    matrix_params = ("degree",)

    def default(self, columns: Mapping[str, Column], n_rows: int) -> Params:
        return {"degree": max(_degrees(columns)), "C": 1.0}

    def suggest(self, trial: "Trial", columns: Mapping[str, Column], n_rows: int) -> Params:
        return {
            "degree": trial.suggest_categorical(self.parameter("degree"), _degrees(columns)),
            "C": trial.suggest_float(self.parameter("C"), 1e-3, 1e2, log=True),
        }

    def matrix(self, params: Params, columns: Mapping[Any, Column]) -> ColumnTransformer:
        numbers = make_pipeline(
            FarValues(),
            SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
            StandardScaler(),
            FunctionTransformer(np.clip, kw_args=NEAR),
            PolynomialFeatures(params["degree"], include_bias=False),
            StandardScaler(),
        )
        categories = make_pipeline(
            # Else a value that was never missing before would be taken for a rare category.
            SimpleImputer(strategy="most_frequent", add_indicator=True, keep_empty_features=True),
            OneHotEncoder(
                handle_unknown="infrequent_if_exist", min_frequency=RARE_SHARE, sparse_output=False
            ),
        )
        return ColumnTransformer(
            [
                ("numbers", numbers, columns_of(columns, *NUMBERS)),
                ("categories", categories, columns_of(columns, "category")),
            ]
        )

    def estimator(self, params: Params, target: Target, seed: int) -> BaseEstimator:
        if target.is_classification:
            # Newton's method gets to the end in a few steps; with more than two classes its matrix
            # of second derivatives may not fit into memory.
            solver = "newton-cholesky" if target.kind == "binary" else "lbfgs"
            return LogisticRowByRow(C=params["C"], solver=solver, max_iter=2000, random_state=seed)
        return RidgeRowByRow(alpha=1 / params["C"], random_state=seed)


def _degrees(columns: Mapping[str, Column]) -> list[int]:
    return [1, 2] if len(columns_of(columns, *NUMBERS)) <= MOST_COLUMNS_TO_MULTIPLY else [1]
