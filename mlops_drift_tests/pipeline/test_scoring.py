"""Scoring of days: a version that knows other columns than are declared scores none."""

import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.pipeline.scoring import ColumnsError, score_by
from mlops_drift.schema.columns import Column
from mlops_drift_tests.tiny import ROWS, day


def test_what_was_scored_stays(parts):
    spec, model, registry = parts
    served = score_by(ModelContext(spec, model, registry), model.tables.predictions, {day(5): 2})
    assert (served.rows, served.added, served.versions) == (ROWS, 0, (2,))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"d": Column(type="number")}, "described with d, but version 2"),
        ({"a": None}, "described without a, but version 2"),
        ({"b": Column(type="category")}, "described with another type of b, but version 2"),
        ({"b": None, "d": Column(type="number")}, "without b, with d, but version 2"),
    ],
)
def test_a_version_of_other_columns_scores_nothing_and_says_which(parts, changes, told):
    spec, model, registry = parts
    columns = {name: column for name, column in {**spec.columns, **changes}.items() if column}
    before = model.lake.read(model.tables.predictions)
    with pytest.raises(ColumnsError, match=f"{told}.*was trained on a, b, c"):
        score_by(
            ModelContext(spec.model_copy(update={"columns": columns}), model, registry),
            model.tables.predictions,
            {day(5): 2},
        )
    assert model.lake.read(model.tables.predictions).equals(before)


def test_what_says_nothing_to_a_model_may_change(parts):
    spec, model, registry = parts
    columns = dict(reversed(spec.columns.items()))
    columns["a"] = columns["a"].model_copy(update={"description": "Said otherwise."})
    other = spec.model_copy(update={"columns": columns})
    assert (
        score_by(ModelContext(other, model, registry), model.tables.predictions, {day(5): 2}).added
        == 0
    )
