import dagster as dg
import pandas as pd
import pytest
from dagster._core.test_utils import create_run_for_test

from mlops_drift.config.loading import find_model
from mlops_drift.sensors.retraining import complete_days
from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests.tiny import ROWS, day, events_of, failures, labels_of

DECISION = f"tiny-v0-{day(1)}"


@pytest.fixture(scope="module")
def young(new_world):
    """Two days without a champion, with enough labels for one at the end of the second."""
    world = new_world("young")
    folder = world.write_model()
    pd.concat([events_of(0), events_of(1)]).to_csv(folder / "events.csv", index=False)
    labels_of(0).to_parquet(folder / "labels.parquet", index=False)
    with world.active(), dg.DagsterInstance.ephemeral() as instance:
        first = world.look(instance)
        assert world.run_days(instance, day(0)).success
        second = world.look(instance)
        assert world.run_days(instance, day(1)).success
        yield world, instance, first, second


@pytest.fixture
def world(young):
    with young[0].active():
        yield young[0]


@pytest.fixture
def instance(young):
    """The instance of the two days; failed retrainings are taken back after the test."""
    opened = young[1]
    before = {run.run_id for run in opened.get_runs()}
    yield opened
    for run in opened.get_runs():
        if run.run_id not in before:
            opened.delete_run(run.run_id)


def fail(instance, attempts, status=dg.DagsterRunStatus.FAILURE, **tags):
    for _ in range(attempts):
        create_run_for_test(
            instance,
            job_name="tiny_retraining",
            status=status,
            tags={"mlops_drift/decision": DECISION, **tags},
        )


def test_before_the_first_day_there_is_nothing_to_decide(young):
    _, _, first, _ = young
    assert not first.run_requests
    assert first.skip_message == "no day of tiny has both drift and performance metrics yet"


def test_too_few_labels_are_waited_for(young):
    _, _, _, second = young
    assert not second.run_requests
    assert second.skip_message == f"{day(0)}: wait: 0 of {ROWS} labelled rows for a first version"


def test_enough_labels_ask_for_the_first_version(world, instance):
    (request,) = world.look(instance).run_requests
    assert request.run_key == DECISION
    assert (
        request.tags.items()
        >= {
            "mlops_drift/model": "tiny",
            "mlops_drift/day": str(day(1)),
            "mlops_drift/reason": "first training",
            "mlops_drift/decision": DECISION,
        }.items()
    )
    assert request.run_config == {}
    with world.lake() as model:
        decision = model.decisions.get(DECISION)
    assert (decision.day, decision.candidates) == (day(1), {"everything": None})
    assert decision.reason == f"no version serves, and {ROWS} of {ROWS} labelled rows are there"


def test_a_look_is_for_nothing_as_long_as_no_check_has_run(world, young, instance):
    cursor = young[3].cursor
    assert len(cursor) == 64
    # The cursor is of the first day: the second day's checks have run since.
    assert world.look(instance, cursor=cursor).run_requests
    fail(instance, 3)
    stopped = world.look(instance)
    again = world.look(instance, cursor=stopped.cursor)
    assert not again.run_requests
    assert again.skip_message == f"{day(1)}: no check has run since the last look"


def test_a_request_leaves_no_cursor_so_that_a_lost_run_is_asked_for_again(world, instance):
    looks = [world.look(instance) for _ in range(3)]
    assert {look.cursor for look in looks} == {None}
    assert {look.run_requests[0].run_key for look in looks} == {DECISION}


@pytest.mark.parametrize(("failed", "key"), [(1, "attempt-2"), (2, "attempt-3")])
def test_a_failed_run_is_followed_by_another_attempt(world, instance, failed, key):
    fail(instance, failed)
    (request,) = world.look(instance).run_requests
    assert request.run_key == f"{DECISION}-{key}"
    assert request.tags["mlops_drift/decision"] == DECISION


def test_after_three_failed_runs_a_person_is_asked(world, instance):
    fail(instance, 3)
    look = world.look(instance)
    assert not look.run_requests
    assert "3 runs failed" in look.skip_message
    assert "launch tiny_retraining by hand" in look.skip_message


@pytest.mark.parametrize(
    ("status", "tags"),
    [
        (dg.DagsterRunStatus.CANCELED, {}),
        (dg.DagsterRunStatus.FAILURE, {"mlops_drift/historical_run": "tiny"}),
    ],
)
def test_runs_that_a_person_watches_or_stops_are_no_failed_attempts(world, instance, status, tags):
    fail(instance, 3, status, **tags)
    (request,) = world.look(instance).run_requests
    assert request.run_key == f"{DECISION}-attempt-4"


def test_a_run_that_fails_is_seen_by_a_look_with_the_cursor_of_before(world, instance):
    fail(instance, 3)
    stopped = world.look(instance)
    create_run_for_test(
        instance, job_name="tiny_retraining", status=dg.DagsterRunStatus.FAILURE, tags={}
    )
    assert "no check has run" not in world.look(instance, cursor=stopped.cursor).skip_message


def test_a_waiting_run_of_a_day_that_was_measured_holds_nothing_up(world, instance):
    create_run_for_test(
        instance,
        job_name="tiny_daily",
        status=dg.DagsterRunStatus.STARTING,
        tags={"dagster/partition": str(day(0))},
    )
    assert world.look(instance).run_requests


# With a champion


def test_one_episode_has_one_run_key_however_often_it_is_looked_at(told_story):
    looks = told_story.ticks[day(4)]
    assert [look.run_requests[0].run_key for look in looks] == [f"tiny-v1-{day(4)}"] * 2


def test_a_decision_keeps_the_failed_numbers_as_evidence(told_story):
    (request,) = told_story.ticks[day(4)][0].run_requests
    assert request.tags["mlops_drift/reason"] == "performance_drop"
    with told_story.world.active(), told_story.world.lake() as model:
        record = model.decisions.records(idle=False)[-1]
    assert request.tags["mlops_drift/decision"] == record.id
    assert (record.day, record.version, record.window) == (day(4), 1, "since_change")
    assert record.candidates == {"since_change": day(3), "everything": None}
    assert {failed.check for failed in record.evidence} == {"performance_drop"}
    assert {failed.production_day for failed in record.evidence} == {day(3)}
    assert all(failed.value < failed.threshold for failed in record.evidence)


def test_a_promoted_decision_is_not_asked_for_again(story):
    with open_instance() as opened:
        look = story.world.look(opened)
    assert not look.run_requests
    assert look.skip_message == f"{day(6)}: nothing: no failed check of version 2 that may retrain"


# When something breaks


@pytest.fixture(scope="module")
def broken(begin):
    """A champion, then a day without its file, and one after it."""
    world = begin("broken")
    folder = world.write_model({"source": {"events": {"path": "events/{day}.csv"}}})
    (folder / "events").mkdir()
    events_of(5).to_csv(folder / "events" / f"{day(5)}.csv", index=False)
    labels = pd.concat([labels_of(number) for number in range(5)])
    labels.to_parquet(folder / "labels.parquet", index=False)
    with world.active(), open_instance() as instance:
        result = world.run_days(instance, day(4))
        yield world, instance, result


def test_an_asset_that_raises_fails_its_run_and_nothing_downstream_of_it_runs(broken):
    world, instance, result = broken
    assert not result.success
    assert list(failures(result)) == ["tiny__events"]
    with world.active():
        found = complete_days(instance, find_model("tiny").spec)
    assert found == {day(number) for number in range(4)}


def test_an_asset_that_raises_starts_no_retraining(broken):
    world, instance, _ = broken
    with world.active():
        look = world.look(instance)
    assert not look.run_requests
    assert look.skip_message == f"{day(3)}: nothing: no failed check of version 1 that may retrain"


def test_a_day_waits_for_an_earlier_one_whose_run_waits(broken):
    world, instance, _ = broken
    with world.active():
        assert world.run_days(instance, day(5)).success
        queued = create_run_for_test(
            instance,
            job_name="tiny_daily",
            status=dg.DagsterRunStatus.STARTING,
            tags={"dagster/partition": str(day(4))},
        )
        waiting = world.look(instance)
        instance.delete_run(queued.run_id)
        look = world.look(instance)
    assert waiting.skip_message == (
        f"{day(5)} waits for 1 earlier days, from {day(4)} on, whose runs are queued or under way"
    )
    assert look.skip_message == (
        f"{day(5)}: nothing: no failed check of version 1 that may retrain; 1 day without its "
        f"file: {day(4)}"
    )
