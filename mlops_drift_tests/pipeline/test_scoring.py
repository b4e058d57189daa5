"""Scoring of days: each version scores by the columns that it was trained on."""

import pyarrow as pa
import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import find_model
from mlops_drift.config.spec import ModelSpec
from mlops_drift.gateways import open_lake, open_registry
from mlops_drift.pipeline.scoring import score_by
from mlops_drift.schema.columns import Column
from mlops_drift.store.lake import Scan
from mlops_drift_tests.tiny import ROWS, day


@pytest.fixture
def own_parts(told_story, tmp_path):
    """The parts of a copy of the story, in which a test may write."""
    with told_story.world.copy(tmp_path).active(), open_lake() as lake:
        spec = find_model("tiny").spec
        yield spec, ModelContext.of(lake, spec).store, open_registry()


def test_what_was_scored_stays(parts):
    spec, model, registry = parts
    served = score_by(ModelContext(spec, model, registry), model.tables.predictions, {day(5): 2})
    assert (served.rows, served.added, served.versions) == (ROWS, 0, (2,))


@pytest.mark.parametrize(
    "changes",
    [
        {"d": Column(type="number")},
        {"a": None},
        {"b": Column(type="category")},
        {"b": None, "d": Column(type="number")},
    ],
)
def test_a_version_of_other_columns_scores_by_its_own(own_parts, changes):
    spec, model, registry = own_parts
    columns = {name: column for name, column in {**spec.columns, **changes}.items() if column}
    before = {name: getattr(spec, name) for name in ModelSpec.model_fields}
    gates = spec.gates.model_copy(update={"trusted_columns": []})
    other = ModelSpec(**{**before, "columns": columns, "gates": gates})
    about = ModelContext.of(model.lake, other, registry)
    assert list(about.of_version(2).spec.columns) == ["a", "b", "c"]
    table = model.tables.shadow_predictions
    assert score_by(about, table, {day(5): 2}).added == ROWS
    again, served = (
        model.lake.rows("FROM p WHERE version = 2 ORDER BY id", p=Scan(one, day(5), day(5)))
        for one in (table, model.tables.predictions)
    )
    assert again == served


def test_an_event_without_a_value_that_a_version_needs_has_no_prediction(own_parts):
    spec, model, registry = own_parts
    table, features = model.tables.shadow_predictions, model.tables.features
    before = model.lake.read(Scan(features, day(5), day(5)))
    gone = pa.nulls(ROWS - 1, pa.float64()).to_pylist()
    lacking = before.set_column(3, features.schema.field("a"), pa.array([1.0, *gone], pa.float64()))
    model.lake.replace_days(features, day(5), day(5), lacking)
    found = score_by(ModelContext(spec, model, registry), table, {day(5): 2})
    assert (found.rows, found.added, found.lacking) == (1, 1, ROWS - 1)


def test_what_says_nothing_to_a_model_may_change(parts):
    spec, model, registry = parts
    columns = dict(reversed(spec.columns.items()))
    columns["a"] = columns["a"].model_copy(update={"description": "Said otherwise."})
    other = spec.model_copy(update={"columns": columns})
    assert (
        score_by(ModelContext(other, model, registry), model.tables.predictions, {day(5): 2}).added
        == 0
    )
