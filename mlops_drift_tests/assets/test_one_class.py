"""Targets that cannot be learned."""

import dagster as dg
import pandas as pd
import pytest

from mlops_drift_tests.tiny import ROWS, day, events_of, failures, labels_of


@pytest.fixture(scope="module")
def one_class(new_world):
    """Two days whose labels are all the same."""
    world = new_world("one_class")
    folder = world.write_model()
    pd.concat([events_of(0), events_of(1)]).to_csv(folder / "events.csv", index=False)
    labels_of(0).assign(y="yes").to_parquet(folder / "labels.parquet", index=False)
    with world.active(), dg.DagsterInstance.ephemeral() as instance:
        assert world.run_days(instance, day(0), day(1)).success
        yield world, instance


def test_a_target_of_one_class_is_waited_for(one_class):
    world, instance = one_class
    with world.active():
        look = world.look(instance)
    assert not look.run_requests
    assert look.skip_message == f"{day(1)}: wait: no labelled row of class no yet"


def test_a_training_set_of_one_class_is_refused_with_the_reason(one_class):
    world, instance = one_class
    with world.active():
        result = world.retrain(instance)
        with world.lake() as model:
            assert not model.versions.all()
            assert not model.decisions.records(idle=False)
    assert not result.success
    (message,) = failures(result).values()
    assert f"has only the class 'yes' ({round(ROWS * 0.7)} rows)" in message
    assert "choose a longer window or a later as_of" in message


def test_a_training_set_without_labels_is_refused_with_the_reason(one_class):
    world, instance = one_class
    with world.active():
        result = world.retrain(instance, as_of=str(day(0)))
    (message,) = failures(result).values()
    assert f"0 events from {day(0)} to {day(0)} with labels known by then" in message
