"""A pipeline with weighted classes, and with a threshold of its own to decide by."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.pipeline import Pipeline

from mlops_drift.learning.config import ClassWeight
from mlops_drift.learning.metrics import Array
from mlops_drift.schema import Target


class Decider(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier around a pipeline: it weights the classes of the fit and decides by a threshold.

    Balanced classes have the weights w_k = n / (K n_k), for n rows of K classes, n_k of them of
    class k; they reach the pipeline's last step as weights of the rows. A fit with weights shifts
    the probabilities p_k to the rare classes; that is taken back by p_k / w_k, scaled to a sum of
    1, so that they are probabilities of the unweighted world.

    Args:
        pipeline: the unfitted pipeline.
        class_weight: none or balanced.
        threshold: probability from which the positive class is predicted.
        positive: the positive class of a binary target; with None, the most probable class is
            predicted.

    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> x, left = np.arange(8.0).reshape(-1, 1), np.array(["no"] * 6 + ["yes"] * 2)
    >>> decider = Decider(make_pipeline(LogisticRegression()), threshold=0.3, positive="yes")
    >>> list(decider.fit(x, left).predict(x[4:]))
    ['no', 'yes', 'yes', 'yes']
    """

    def __init__(
        self,
        pipeline: Pipeline,
        class_weight: ClassWeight = "none",
        threshold: float = 0.5,
        positive: str | None = None,
    ) -> None:
        self.pipeline = pipeline
        self.class_weight = class_weight
        self.threshold = threshold
        self.positive = positive

    def fit(self, X: Any, y: Array) -> Self:
        """Fits a copy of the pipeline."""
        _, codes, counts = np.unique(np.asarray(y, str), return_inverse=True, return_counts=True)
        self.pipeline_ = clone(self.pipeline)
        if self.class_weight == "none":
            self.weights_ = np.ones(len(counts))
            self.pipeline_.fit(X, y)
        else:
            self.weights_ = len(codes) / (len(counts) * counts)
            last = self.pipeline_.steps[-1][0]
            self.pipeline_.fit(X, y, **{f"{last}__sample_weight": self.weights_[codes]})
        return self

    @property
    def classes_(self) -> Array:
        """The classes, in the order of the columns of ``predict_proba``."""
        classes: Array = self.pipeline_.classes_
        return classes

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class; shape (n, K)."""
        probability: Array = self.pipeline_.predict_proba(X)
        if self.class_weight == "none":
            return probability
        unweighted = probability / self.weights_
        # Column by column: a sum over rows of few columns may round differently in a batch.
        total = sum(unweighted[:, k] for k in range(unweighted.shape[1]))
        return np.asarray(unweighted / np.reshape(total, (-1, 1)))

    def decide(self, probability: Array) -> Array:
        """The predicted class of each row of ``predict_proba``."""
        classes = np.asarray(self.classes_, dtype=object)
        if self.positive is None:
            return np.asarray(classes[probability.argmax(axis=1)])
        positive = list(classes).index(self.positive)
        says_so = probability[:, positive] >= self.threshold
        return np.asarray(classes[np.where(says_so, positive, 1 - positive)])

    def predict(self, X: Any) -> Array:
        """The predicted class of each row."""
        return self.decide(self.predict_proba(X))


def decided(
    pipeline: Pipeline, target: Target, class_weight: ClassWeight, threshold: float
) -> Pipeline | Decider:
    """An unfitted pipeline that weights and decides as asked: itself, where nothing is asked."""
    if class_weight == "none" and threshold == 0.5:
        return pipeline
    return Decider(pipeline, class_weight, threshold, target.positive)
