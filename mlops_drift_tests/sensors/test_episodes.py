"""What an episode leads to: one retraining, whatever the order of runs and looks."""

import dagster as dg
import pandas as pd
import pytest

from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests.tiny import day, evaluations, events_of, labels_of, metadata_of

TURN = 3
LAST = 7


def write(folder, last, labelled_until=None):
    """Events of all days, and labels whose rule turns around on a day."""
    events = [events_of(number) for number in range(last + 1)]
    pd.concat(events).to_csv(folder / "events.csv", index=False)
    until = last if labelled_until is None else labelled_until
    labels = [labels_of(number, flipped=number >= TURN) for number in range(until)]
    pd.concat(labels).to_parquet(folder / "labels.parquet", index=False)


@pytest.fixture(scope="module")
def drifting(begin):
    """Four drifting days in two backfills, with two looks after each."""
    world = begin("backfills")
    write(world.write_model({"end_date": day(LAST)}), LAST)
    with world.active(), open_instance() as instance:
        looks = []
        for first in (4, 6):
            assert world.run_days(instance, day(first), day(first + 1)).success
            looks += [world.look(instance), world.look(instance)]
        yield world, instance, looks


def test_two_backfills_over_four_drifting_days_start_one_retraining(drifting):
    _, _, looks = drifting
    keys = [[request.run_key for request in look.run_requests] for look in looks]
    assert keys == [[f"tiny-v1-{day(4)}"]] * 4


def test_looks_at_an_episode_leave_one_decision(drifting):
    world, _, _ = drifting
    with world.active(), world.lake() as model:
        decided = [record.id for record in model.decisions.records(idle=False)]
    assert decided == [f"tiny-v0-{day(1)}", f"tiny-v1-{day(4)}"]


def test_a_decision_and_doing_nothing_are_events_of_the_asset_decisions(story, instance):
    records = instance.fetch_materializations(dg.AssetKey(["tiny", "decisions"]), limit=50).records
    events = [record.asset_materialization for record in reversed(records)]
    told = [
        (found["day"], found["action"], found.get("outcome"))
        for found in ({k: v.value for k, v in event.metadata.items()} for event in events)
    ]
    assert told[0] == (str(day(0)), "wait", None)
    assert (str(day(4)), "retrain", None) in told
    assert (str(day(4)), "retrain", "promoted") in told
    assert (str(day(6)), "nothing", None) in told
    retrained = events[told.index((str(day(4)), "retrain", None))]
    assert {record.data["trigger"] for record in retrained.metadata["evidence"].records} == {
        "performance_drop"
    }


# Labels that stop


@pytest.fixture(scope="module")
def silent(begin):
    """A version that serves, and no label of its last four days."""
    world = begin("silent")
    changes = {"monitors": {"age": {"max_days": 4}}, "policy": {"min_new_labels": 200}}
    write(world.write_model(changes), 6, labelled_until=3)
    with world.active(), open_instance() as instance:
        world.replay(instance, step=7)
        yield world, instance


def test_without_labels_performance_is_unknown_and_nothing_retrains(silent):
    world, instance = silent
    for check in ("performance_drop", "label_drift"):
        last = evaluations(instance, "tiny", "performance_metrics", check)[-1]
        assert metadata_of(last)["verdict"] == "unknown", check
    with world.lake() as model:
        records = model.decisions.records()
    assert [record.kind for record in records if record.action == "retrain"] == ["first"]
    assert records[-1].action == "wait"
    assert "120 of 200 new labels" in records[-1].reason


def test_without_labels_the_estimated_performance_still_shows(silent):
    _, instance = silent
    about = metadata_of(
        evaluations(instance, "tiny", "performance_metrics", "estimated_performance")[-1]
    )
    assert about["verdict"] == "pass"
    assert 0.5 < about["lower"] <= about["value"] <= about["upper"] <= 1
    assert (about["window"], about["rows"]) in (("1 day", "60"), ("3 days", "180"))


def test_the_share_without_a_label_is_told_by_age(silent):
    _, instance = silent
    table = metadata_of(
        evaluations(instance, "tiny", "performance_metrics", "performance_drop")[-1]
    )["▾ without label"]
    ages = [record.data for record in table.records]
    assert [row["age in days"] for row in ages] == ["0 to 0", "1 to 7"]
    assert [(row["predictions"], row["without label"]) for row in ages] == [(60, 60), (240, 180)]
