"""A classifier that takes names of classes, of one that takes numbers only."""

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from mlops_drift.learning.metrics.base import Array


class NumberedClasses(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """Fits an estimator on classes as 0 to n-1, in alphabetical order, as XGBoost wants them.

    Attributes:
        classes_: the names, in the order of the columns of ``predict_proba``.
        estimator_: what was fitted.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: pd.DataFrame | Array, y: Array, sample_weight: Array | None = None) -> Self:
        self.classes_, numbers = np.unique(np.asarray(y), return_inverse=True)
        weighted = {} if sample_weight is None else {"sample_weight": sample_weight}
        self.estimator_ = clone(self.estimator).fit(X, numbers, **weighted)
        return self

    def predict_proba(self, X: pd.DataFrame | Array) -> Array:
        return np.asarray(self.estimator_.predict_proba(X))

    def predict(self, X: pd.DataFrame | Array) -> Array:
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])
