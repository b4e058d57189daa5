"""What predictions are worth to the business."""

import numpy as np

from mlops_drift.learning.config import BusinessValue
from mlops_drift.learning.metrics.base import Array
from mlops_drift.schema.columns import Target


def business_value(
    business: BusinessValue, target: Target, truth: Array, prediction: Array
) -> Array:
    """What each prediction was worth; shape (n,), float.

    >>> target = Target(column="left", kind="binary", classes=["no", "yes"], positive="yes")
    >>> saved = BusinessValue(outcomes=[{"truth": "yes", "prediction": "yes", "value": 80}])
    >>> business_value(saved, target, np.array(["yes", "no"]), np.array(["yes", "yes"]))
    array([80.,  0.])
    """
    if not target.is_classification:
        errors: Array = np.abs(truth.astype(float) - prediction.astype(float))
        return errors * (business.per_error or 0.0)
    values = np.zeros(len(truth))
    for outcome in business.outcomes:
        values[(truth == outcome.truth) & (prediction == outcome.prediction)] = outcome.value
    return values
