"""A pipeline with weighted classes, and with a threshold of its own to decide by."""

from inspect import signature
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.pipeline import Pipeline

from mlops_drift.learning.config import ClassWeight
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.probabilities import decide, unweighted
from mlops_drift.own_code import OwnCodeError
from mlops_drift.schema.columns import Target


class ThresholdClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier around a pipeline: it weights the classes of the fit and decides by a threshold.

    Balanced classes have the weights w_k = n / (K n_k), for n rows of K classes, n_k of them of
    class k; they reach the pipeline's last step as weights of the rows. A fit with weights shifts
    the probabilities p_k to the rare classes; that is taken back by p_k / w_k, scaled to a sum of
    1, so that they are probabilities of the unweighted world.

    Without a positive class, the most probable class is predicted.
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
        self.pipeline_ = clone(self.pipeline)
        self.weights_, of_rows = weights(np.asarray(y, str), self.class_weight)
        self.pipeline_.fit(X, y, **weights_of_fit(self.pipeline_, of_rows))
        return self

    @property
    def classes_(self) -> Array:
        """The classes, in the order of the columns of ``predict_proba``."""
        classes: Array = self.pipeline_.classes_
        return classes

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class; shape (n, K)."""
        return unweighted(self.pipeline_.predict_proba(X), self.weights_)

    def decide(self, probability: Array) -> Array:
        """The predicted class of each row of ``predict_proba``."""
        return decide(probability, self.classes_, self.threshold, self.positive)

    def predict(self, X: Any) -> Array:
        """The predicted class of each row."""
        return self.decide(self.predict_proba(X))


def weights(truth: Array, class_weight: ClassWeight) -> tuple[Array, Array | None]:
    """The weights of classes in alphabetical order, and of rows; None where all are alike."""
    _, codes, counts = np.unique(truth, return_inverse=True, return_counts=True)
    if class_weight == "none":
        return np.ones(len(counts)), None
    of_classes = len(codes) / (len(counts) * counts)
    return of_classes, of_classes[codes]


def weights_of_fit(estimator: BaseEstimator, of_rows: Array | None) -> dict[str, Array]:
    """The arguments of a fit that weight the rows; those of a pipeline reach its last step.

    Raises:
        OwnCodeError: If the last step takes no weights.
    """
    if of_rows is None:
        return {}
    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        inner = weights_of_fit(last, of_rows)
        return {f"{name}__{argument}": weights for argument, weights in inner.items()}
    takes = signature(estimator.fit).parameters.values()
    if not any(one.name == "sample_weight" or one.kind is one.VAR_KEYWORD for one in takes):
        raise OwnCodeError(
            f"{type(estimator).__name__} takes no sample_weight in its fit, so its classes cannot "
            "be weighted; leave balanced out of training.class_weights"
        )
    return {"sample_weight": of_rows}


def decided(
    pipeline: Pipeline, target: Target, class_weight: ClassWeight, threshold: float
) -> Pipeline | ThresholdClassifier:
    """An unfitted pipeline that weights and decides as asked: itself, where nothing is asked."""
    if class_weight == "none" and threshold == 0.5:
        return pipeline
    return ThresholdClassifier(pipeline, class_weight, threshold, target.positive)
