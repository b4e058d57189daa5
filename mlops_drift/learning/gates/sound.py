"""Whether predictions are of the kind that a model of this target may give."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from mlops_drift.learning.metrics.base import Array
from mlops_drift.schema.columns import Target


def is_sound(target: Target, predicted: pd.DataFrame) -> Array:
    """For each row whether prediction and score are finite; of classes, one of them and in [0, 1].

    >>> target = Target(column="y", kind="binary", classes=["no", "yes"], positive="yes")
    >>> frame = pd.DataFrame({"prediction": ["no", "maybe", "yes"], "score": [0.1, 0.5, np.nan]})
    >>> is_sound(target, frame)
    array([ True, False, False])
    """
    score = predicted["score"].to_numpy(dtype=float)
    if not target.is_classification:
        return np.asarray(np.isfinite(score) & np.isfinite(predicted["prediction"].to_numpy(float)))
    valid = predicted["prediction"].isin(target.classes or []).to_numpy()
    return np.asarray(valid & (score >= 0) & (score <= 1))


def tried(
    predict: Callable[[pd.DataFrame], pd.DataFrame], rows: pd.DataFrame
) -> pd.DataFrame | str:
    """The predictions for rows, or how the model failed on them.

    >>> tried(lambda rows: rows["missing"], pd.DataFrame({"x": [1]}))
    "KeyError: 'missing'"
    """
    try:
        # An overflow within the model is its own affair: what comes out is judged.
        with np.errstate(all="ignore"):
            return predict(rows)
    # Whatever a model does with rows that were made to break it is the finding.
    except Exception as error:
        return f"{type(error).__name__}: {error}"
