"""A training beyond `training.max_rows`: a sample that is stated and stays the same."""

import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import learning_digest
from mlops_drift.lifecycle.decisions import inputs_digest
from mlops_drift.lifecycle.lineage import trace_version
from mlops_drift.pipeline.labelled import labelled_rows
from mlops_drift.pipeline.training import build_training_set, train_challenger
from mlops_drift.registry.memory import MemoryRegistry
from mlops_drift_tests.pipeline.test_features import landed, put, spec_of
from mlops_drift_tests.tiny import day, labels_of

# `tiny` has 60 labelled rows a day, of which these are known at the end of day 4.
KNOWN = 240


def context(lake, **training):
    spec = spec_of(training=training)
    return ModelContext(spec, landed(lake, spec), MemoryRegistry())


def limited(model, most):
    spec = spec_of(training={"max_rows": most})
    return ModelContext(spec, model.store, model.registry)


@pytest.fixture
def model(memory_lake):
    return context(memory_lake)


def build(model, most=None):
    return build_training_set(limited(model, most), day(4), None)


def test_a_limit_that_is_not_reached_changes_nothing(model):
    everything = build(model)
    for most in (KNOWN, KNOWN + 1, 10_000):
        assert build(model, most).id == everything.id
    [record] = model.store.training_sets.records(everything.id)
    assert (record.labelled, record.sampled) == (KNOWN, None)


def test_beyond_the_limit_the_set_is_a_sample_of_every_day_and_says_so(model):
    built = build(model, 120)
    parts = built.training_set
    assert (parts.train.num_rows, parts.test.num_rows) == (84, 36)
    days = [*parts.train["day"].to_pylist(), *parts.test["day"].to_pylist()]
    assert all(abs(days.count(day(number)) - 30) <= 1 for number in range(4))
    [record] = model.store.training_sets.records(built.id)
    assert record.labelled == KNOWN
    assert record.sampled == "120 of 240 labelled rows, by a hash of their key"


def test_the_same_sample_is_drawn_again_and_another_by_another_seed(model):
    assert build(model, 120).id == build(model, 120).id
    other = spec_of(training={"max_rows": 120, "seed": 8})
    assert build_training_set(ModelContext(other, model.store), day(4), None).id != (
        build(model, 120).id
    )


def test_one_row_too_many_leaves_out_one(model):
    assert build(model, KNOWN - 1).training_set.rows == KNOWN - 1


def test_the_limit_decides_about_the_rows_and_not_about_what_is_made_of_them(model):
    assert learning_digest(limited(model, 100).spec) == learning_digest(model.spec)


def test_a_version_leads_to_how_many_rows_of_how_many_it_was_trained_on(model):
    bounded = limited(model, 120)
    built = build(model, 120)
    record, _ = train_challenger(bounded, built.id, day(4), lambda trial: None)
    chain = trace_version(bounded, record.version)
    [facts] = [link.facts for link in chain if link.what == "training set"]
    assert facts["sample"] == "120 of 240 labelled rows, by a hash of their key"


def test_a_window_is_chosen_in_a_sample_too(model):
    found = labelled_rows(limited(model, 100), day(4), None)
    assert (found.rows.num_rows, found.known) == (100, KNOWN)
    assert found.note == ", in a sample of 100 of 240 labelled rows"
    assert labelled_rows(model, day(4), None).note == ""


def test_a_corrected_label_is_another_input_whether_or_not_it_is_in_the_sample(model):
    bounded = limited(model, 100)
    before = inputs_digest(bounded, day(6))
    assert inputs_digest(bounded, day(6)) == before
    labels = labels_of(0).assign(day=day(6))
    labels["y"] = labels["y"].to_numpy()[::-1]
    put(model.store, model.store.tables.labels, 6, labels)
    assert inputs_digest(bounded, day(6)) != before
