"""From the probabilities of classes to what is predicted."""

from typing import NamedTuple

import numpy as np

from mlops_drift.learning.metrics.base import Array
from mlops_drift.schema.columns import Target


class Predicted(NamedTuple):
    """What is predicted of n rows.

    Attributes:
        prediction: names of classes, or numbers, shape (n,).
        score: P(positive) for binary, the largest class probability for multiclass, the predicted
            number for regression; shape (n,).
        probabilities: of the declared classes, in their order, shape (n, K); None for a regression.
    """

    prediction: Array
    score: Array
    probabilities: Array | None = None


def unweighted(probability: Array, of_classes: Array) -> Array:
    """Probabilities, shape (n, K), of a world in which no class was weighted."""
    if np.all(of_classes == 1):
        return probability
    shares = probability / of_classes
    # Column by column: a sum over rows of few columns may round differently in a batch.
    return np.asarray(shares / np.reshape(sum(shares.T), (-1, 1)))


def decide(probability: Array, classes: Array, threshold: float, positive: str | None) -> Array:
    """The predicted class of each row, by the threshold if there is a positive class."""
    classes = np.asarray(classes, dtype=object)
    if positive is None:
        return np.asarray(classes[probability.argmax(axis=1)])
    place = list(classes).index(positive)
    return np.asarray(classes[np.where(probability[:, place] >= threshold, place, 1 - place)])


def scores(probability: Array, classes: Array, target: Target) -> Array:
    """The score of each row; shape (n,)."""
    if target.kind == "binary":
        positive: Array = probability[:, list(classes).index(target.positive)]
        return positive
    return np.asarray(probability.max(axis=1))


def of_declared(probability: Array, classes: Array, target: Target) -> Array:
    """Probabilities, shape (n, K), in the order of the declared classes.

    A class that the fit has not seen is never predicted: its probability is 0.
    """
    learned = list(classes)
    never = np.zeros(len(probability))
    columns = [
        probability[:, learned.index(one)] if one in learned else never
        for one in target.classes or []
    ]
    return np.stack(columns, axis=1)
