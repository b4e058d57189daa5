"""Whether a compiled form predicts as the pipeline that it was made of."""

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.base import BaseEstimator

from mlops_drift.learning.compiled.base import Scored, Value
from mlops_drift.learning.compiled.form import Form
from mlops_drift.learning.compiled.scorer import CompiledScorer
from mlops_drift.learning.compiled.tables import TableScorer
from mlops_drift.learning.families.base import plain, predicted
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.probabilities import Predicted
from mlops_drift.schema.columns import Column, Target


def differs(
    form: Form,
    pipeline: BaseEstimator,
    target: Target,
    columns: dict[str, Column],
    rows: pd.DataFrame,
) -> Array:
    """Of each row, whether the form predicts it otherwise than the pipeline, by a single bit.

    Rows are scored one by one, together, and as a table. Prediction, score and the probabilities of
    all classes are compared; shape (n,).
    """
    wanted = predicted(pipeline, target, rows)
    values = plain(rows, columns)
    scorer, found = CompiledScorer(form), values.astype(object)
    cells = found.where(found.notna(), None).to_numpy()
    records: list[dict[str, Value]] = [dict(zip(columns, row, strict=True)) for row in cells]
    table = pa.Table.from_pandas(values, preserve_index=False)
    ways = (
        _gathered([scorer.score([record])[0] for record in records]),
        _gathered(scorer.score(records)),
        TableScorer(form, target).predicted(table),
    )
    return np.asarray(np.any([_unequal(way, wanted) for way in ways], axis=0))


def _gathered(scored: list[Scored]) -> Predicted:
    prediction = np.array([one.prediction for one in scored])
    probabilities = np.array([one.probabilities for one in scored])
    score = np.array([one.score for one in scored])
    return Predicted(prediction, score, None if probabilities.dtype == object else probabilities)


def _unequal(one: Predicted, other: Predicted) -> Array:
    unequal = (one.prediction != other.prediction) | _other_bits(one.score, other.score)
    if one.probabilities is not None and other.probabilities is not None:
        unequal |= _other_bits(one.probabilities, other.probabilities).any(axis=1)
    return np.asarray(unequal)


def _other_bits(one: Array, other: Array) -> Array:
    pair = (np.ascontiguousarray(each, dtype=float).view(np.int64) for each in (one, other))
    return np.not_equal(*pair)
