"""Features as they are stored, and what may not enter a training set."""

from datetime import datetime, time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.pipeline.features import make_features, require_point_in_time
from mlops_drift.pipeline.training import TrainingSetError, build_training_set
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.sealed import FeatureError
from mlops_drift_tests.tiny import FIRST, SPEC, day, events_of, labels_of, merged

DERIVED = {
    "inputs": {"b": {"type": "number"}},
    "columns": {"made": {"type": "number", "derived": True}},
    "features_sql": "SELECT id, a * coalesce((SELECT avg(b) FROM past_events), 0) AS made "
    "FROM events",
    "history_days": 2,
}


def spec_of(**changes):
    base = {**SPEC, "columns": {name: SPEC["columns"][name] for name in ("a", "c")}}
    return ModelSpec(**merged(base, {**DERIVED, **changes}))


def landed(lake, spec, days=5):
    """A model with events and labels of some days, as a range run lands them, and its features."""
    model = ModelStore(lake, "tiny", spec.tables, spec.key, spec.target)
    for number in range(days):
        events = events_of(number).assign(event_time=datetime.combine(day(number), time()))
        put(model, model.tables.events, number, events)
        put(model, model.tables.labels, number + 1, labels_of(number))
    make_features(ModelContext(spec, model), day(0), day(days - 1))
    return model


def put(model, table, number, frame):
    rows = pa.Table.from_pandas(frame[table.schema.names], table.schema, preserve_index=False)
    model.lake.replace_days(table, day(number), day(number), rows)


def stored(model):
    found = model.lake.read(model.tables.features).to_pandas()
    return found.sort_values("id").reset_index(drop=True)


def test_features_have_the_models_columns_and_not_the_inputs(lake):
    spec = spec_of()
    model = landed(lake, spec)
    found = stored(model)
    assert list(found) == ["day", "id", "event_time", "a", "c", "made"]
    third = found[found["day"] == day(2)].reset_index(drop=True)
    mean = np.mean([*events_of(0)["b"], *events_of(1)["b"]])
    np.testing.assert_allclose(third["made"], third["a"] * mean, rtol=1e-12)
    assert (found[found["day"] == day(0)]["made"] == 0).all()


def test_a_day_made_again_alone_is_the_same(memory_lake):
    spec = spec_of()
    model = landed(memory_lake, spec)
    before = stored(model)
    make_features(ModelContext(spec, model), day(3), day(3))
    assert stored(model).equals(before)


def test_a_failing_query_leaves_what_is_stored(lake):
    model = landed(lake, spec_of())
    before = stored(model)
    with pytest.raises(FeatureError, match="2 rows for 60 events"):
        make_features(
            ModelContext(spec_of(features_sql="SELECT id, a AS made FROM events LIMIT 2"), model),
            FIRST,
            day(4),
        )
    assert stored(model).equals(before)


def test_a_training_set_of_honest_features_is_built(memory_lake):
    spec = spec_of()
    model = landed(memory_lake, spec)
    built = build_training_set(ModelContext(spec, model), day(4), None)
    assert built.training_set.rows == 240
    assert "made" in built.training_set.train.schema.names


def leak(model):
    """Puts the label, which arrives a day later, into the feature."""
    features = model.lake.read(model.tables.features)
    known = model.labels.labelled(day(5), None)
    answers = dict(zip(known["id"].to_pylist(), known["y"].to_pylist(), strict=True))
    made = [2.0 + (answers[key] == "yes") for key in features["id"].to_pylist()]
    position = features.schema.get_field_index("made")
    leaked = features.set_column(position, "made", pa.array(made))
    model.lake.replace_days(model.tables.features, day(0), day(4), leaked)


def test_a_leak_in_the_stored_features_fails_the_build_of_the_set(memory_lake):
    spec = spec_of()
    model = landed(memory_lake, spec)
    leak(model)
    with pytest.raises(TrainingSetError, match="the feature made of id 0 on 2024-03-01 is") as told:
        build_training_set(ModelContext(spec, model), day(4), None)
    assert "240 of 240 rows differ" in str(told.value)
    assert not model.training_sets.folder.exists()


@pytest.mark.parametrize("volatile", ["random()", "epoch(now())"])
def test_a_feature_of_chance_or_of_the_clock_is_refused_when_it_is_read(volatile):
    with pytest.raises(ValueError, match="depends on when it runs or on chance"):
        spec_of(features_sql=f"SELECT id, {volatile} AS made FROM events")


def test_a_query_that_reads_the_labels_of_the_future_makes_no_features(memory_lake):
    with pytest.raises(FeatureError, match="may read events, past_events and past_labels"):
        landed(
            memory_lake,
            spec_of(features_sql="SELECT id, y = 'yes' AS made FROM events JOIN labels USING (id)"),
        )


def test_features_of_another_query_or_of_other_events_are_not_learned_from(memory_lake):
    model = landed(memory_lake, spec_of())
    other = spec_of(features_sql="SELECT id, a AS made FROM events")
    features = model.lake.read(model.tables.features)
    with pytest.raises(FeatureError, match="materialize features of these days again"):
        require_point_in_time(ModelContext(other, model), features)

    gone = events_of(4).head(10).assign(event_time=datetime.combine(day(4), time()))
    put(model, model.tables.events, 4, gone)
    with pytest.raises(FeatureError, match="its event is gone"):
        require_point_in_time(
            ModelContext(spec_of(), model), features.filter(pc.equal(features["day"], day(4)))
        )


def test_a_model_without_derived_columns_needs_no_proof(memory_lake):
    spec = ModelSpec(**SPEC)
    model = ModelStore(memory_lake, "tiny", spec.tables, spec.key, spec.target)
    require_point_in_time(ModelContext(spec, model), spec.tables.features.schema.empty_table())
