"""The gate that the compiled form must predict what the pipeline predicts."""

from collections.abc import Iterator, Mapping

import pandas as pd

from mlops_drift.learning.gates.base import Candidate, Gate, GateResult
from mlops_drift.learning.gates.strange_values import LARGEST, ROWS, UNSEEN
from mlops_drift.schema.columns import Column

# Numbers that trees treat apart: signs, the first beyond single precision, the largest there are.
_NUMBERS = (None, 0.0, -0.0, 1e-300, -1e15, 1e15, 2.0**53 + 2, 1e31, -LARGEST, LARGEST)
_TEXTS = (None, UNSEEN, "")


class CompiledEqual(Gate):
    """Passes where the compiled form of a version predicts as its pipeline, bit for bit.

    The value is the number of rows whose prediction, score, or probability of any class differs, of
    all test rows, and of the first 20 with each column alone, then all, missing, unseen or extreme.
    A version without a compiled form passes: its pipeline predicts.
    """

    name = "compiled_equal"
    description = "The compiled form predicts as the pipeline, to the last bit."

    def judge(self, candidate: Candidate) -> GateResult:
        if candidate.compiled_differs is None:
            finding = "The family has no compiled form: the pipeline itself predicts."
            return self.counted(0, 0, finding)
        strange = list(_strange(candidate))
        rows = pd.concat([candidate.features.astype(object), *strange], ignore_index=True)
        differ = candidate.compiled_differs(rows)
        of_test = int(differ[: len(candidate.features)].sum())
        return self.counted(
            int(differ.sum()),
            len(rows),
            f"The compiled form predicts {of_test} of {len(candidate.features)} test rows and "
            f"{int(differ.sum()) - of_test} of {len(rows) - len(candidate.features)} rows with "
            "strange values differently from the pipeline.",
            "Look at what the family does with these values: the form knows clipped numbers, "
            "codes of categories, and what stands for a missing value.",
        )


def _strange(candidate: Candidate) -> Iterator[pd.DataFrame]:
    rows = candidate.features.head(ROWS).astype(object)
    for name, column in candidate.columns.items():
        for value in _values(column):
            yield pd.DataFrame({**rows, name: value}, rows.index)
    for place in range(max(len(_NUMBERS), len(_TEXTS))):
        values = dict(_together(candidate.columns, place))
        yield pd.DataFrame({**rows, **values}, rows.index)


def _values(column: Column) -> tuple[object, ...]:
    if column.type == "boolean":
        return (None, True, False)
    return _TEXTS if column.type == "category" else _NUMBERS


def _together(columns: Mapping[str, Column], place: int) -> Iterator[tuple[str, object]]:
    for name, column in columns.items():
        values = _values(column)
        yield name, values[place % len(values)]
