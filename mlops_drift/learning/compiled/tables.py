"""Scores tables by a compiled form, to the last bit as rows are scored."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.learning.compiled.form import Feature, Form, number
from mlops_drift.learning.compiled.trees import Trees
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.probabilities import (
    Predicted,
    decide,
    of_declared,
    scores,
    unweighted,
)
from mlops_drift.schema.columns import Target


class TableScorer:
    """Scores the rows of tables that have the columns of a form, in their declared types."""

    def __init__(self, form: Form, target: Target) -> None:
        self._form, self._target = form, target
        self._trees = Trees(form.booster)

    def predicted(self, table: pa.Table) -> Predicted:
        """What is predicted of each row."""
        form, rows = self._form, table.num_rows
        matrix = np.empty((rows, len(form.features)), order="F")
        for place, feature in enumerate(form.features):
            matrix[:, place] = _column(table[feature.name], feature, form.bound)
        found = np.frombuffer(self._trees.many(matrix.ctypes.data, rows, by_row=False))
        if not self._target.is_classification:
            return Predicted(found, found)
        if self._trees.outputs == 1:
            shares = np.stack([1 - found, found], axis=1)
        else:
            shares = found.reshape(rows, -1)
        if form.weights is not None:
            shares = unweighted(shares, np.array(form.weights))
        classes = np.array(form.learned, dtype=object)
        by_threshold = None if form.threshold is None else form.positive
        prediction = decide(shares, classes, form.threshold or 0.0, by_threshold)
        score = scores(shares, classes, self._target)
        return Predicted(prediction, score, of_declared(shares, classes, self._target))


def _column(values: pa.ChunkedArray, feature: Feature, bound: float) -> Array:
    """The numbers of a column of the matrix."""
    missing = number(feature.missing)
    if feature.codes is not None:
        encoded = values.combine_chunks().dictionary_encode()
        unseen = feature.unseen
        known = [feature.codes.get(text, unseen) for text in encoded.dictionary.to_pylist()]
        codes = np.array([*map(number, known), missing])
        return np.asarray(codes[encoded.indices.fill_null(len(known)).to_numpy()])
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.uint8())
    numbers = pc.cast(values, pa.float64(), safe=False).to_numpy()
    numbers = np.where(np.isfinite(numbers), np.clip(numbers, -bound, bound), missing)
    return np.asarray(numbers)
