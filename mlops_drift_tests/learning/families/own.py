"""Estimators of a user's own, by functions: those that work, and those that cannot."""

from threading import Lock

import numpy as np
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from mlops_drift.learning.families.numbered_classes import NumberedClasses


def by_type(last):
    """A pipeline that takes numbers and texts apart by what the frame has."""
    numbers = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
    texts = make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    )
    return make_pipeline(
        make_column_transformer(
            (numbers, make_column_selector(dtype_include="number")),
            (texts, make_column_selector(dtype_include=object)),
        ),
        last,
    )


def plain(columns, target, params):
    strength = params.get("strength", 1.0)
    classifies = target.is_classification
    return by_type(LogisticRegression(C=strength) if classifies else Ridge(alpha=1 / strength))


def monotone(columns, target, params):
    """Trees of the numbers, which may only rise with x; `params` are LightGBM's own."""
    numbers = [name for name, column in columns.items() if column.is_numeric]
    signs = [int(name in ("x", "a")) for name in numbers]
    trees = LGBMClassifier if target.is_classification else LGBMRegressor
    fixed = {"deterministic": True, "force_row_wise": True, "verbose": -1, "n_estimators": 20}
    return make_pipeline(
        make_column_transformer(("passthrough", numbers)),
        trees(monotone_constraints=signs, **fixed | params),
    ).set_output(transform="pandas")


def forest(columns, target, params):
    return by_type(RandomForestClassifier(n_estimators=5, n_jobs=-1))


def nearest(columns, target, params):
    return by_type(KNeighborsClassifier())


class NumbersOnly(LogisticRegression):
    """Takes classes as 0 to n-1 only, as XGBoost does."""

    def fit(self, X, y, sample_weight=None):
        if list(np.unique(y)) != list(range(len(np.unique(y)))):
            raise ValueError(f"Expected: [0 1], got {np.unique(y)}")
        return super().fit(X, y, sample_weight)


def numbered(columns, target, params):
    return by_type(NumberedClasses(NumbersOnly()))


def without_nulls(columns, target, params):
    return make_pipeline(make_column_transformer(("passthrough", ["x"])), LogisticRegression())


def fails_when_asked(columns, target, params):
    if params["kind"] == "bad":
        raise RuntimeError("no such kind\nat all")
    return plain(columns, target, {})


def a_class(columns, target, params):
    return LogisticRegression


def a_dictionary(columns, target, params):
    return {"kind": "linear"}


def without_probabilities(columns, target, params):
    return by_type(SVC())


class Locked(ClassifierMixin, BaseEstimator):
    def __init__(self, lock=None):
        self.lock = lock

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)

    def __sklearn_clone__(self):
        return self


def unpicklable(columns, target, params):
    return Locked(Lock())


class Backwards(LogisticRegression):
    def fit(self, X, y, sample_weight=None):
        super().fit(X, y)
        self.classes_ = self.classes_[::-1]
        return self


def backwards(columns, target, params):
    return by_type(Backwards())


def not_finite(columns, target, params):
    return by_type(NotFinite())


class NotFinite(LogisticRegression):
    def predict_proba(self, X):
        return np.full((X.shape[0], 2), np.nan)
