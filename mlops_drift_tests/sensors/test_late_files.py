import dagster as dg
import pytest

from mlops_drift.config.spec import ModelSpec
from mlops_drift.sensors.late_files import outdated
from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests.tiny import SPEC, day, evaluations, events_of, merged

MADE = ("drift_metrics", "performance_metrics")
# Windows of three days, and labels a day later.
REACH = 4


def materialize(instance, number, *assets):
    for name in assets:
        event = dg.AssetMaterialization(["tiny", name], partition=str(day(number)))
        instance.report_runless_asset_event(event)


@pytest.fixture
def instance():
    """Ten days that ran one after the other, but the third."""
    with dg.DagsterInstance.ephemeral() as opened:
        for number in (0, 1, 3, 4, 5, 6, 7, 8, 9):
            materialize(opened, number, "events", "labels", *MADE)
        yield opened


def of(instance, **changes):
    return outdated(instance, ModelSpec(**merged(SPEC, changes)))


def test_days_that_ran_in_their_order_are_up_to_date(instance):
    assert of(instance) == []


@pytest.mark.parametrize("table", ["events", "labels"])
def test_the_days_that_reach_back_to_a_late_one_are_made_again(instance, table):
    materialize(instance, 2, table, *MADE)
    [again] = of(instance)
    assert (again.first, again.last, again.assets) == (day(3), day(2 + REACH), MADE)


def test_what_was_made_again_is_up_to_date(instance):
    materialize(instance, 2, "events", *MADE)
    for number in range(3, 7):
        materialize(instance, number, *MADE)
    assert of(instance) == []


def test_days_of_which_a_part_was_made_again_are_made_again_in_the_other(instance):
    materialize(instance, 2, "events", *MADE)
    materialize(instance, 3, "drift_metrics")
    found = [(again.first, again.last, again.assets) for again in of(instance)]
    assert found == [(day(3), day(3), MADE[1:]), (day(4), day(6), MADE)]


def test_derived_features_are_made_again_as_far_as_they_look_back(instance):
    materialize(instance, 2, "events", *MADE)
    derived = {
        "columns": {"n": {"type": "integer", "derived": True}},
        "features_sql": "SELECT id, (SELECT count(*) FROM past_events) AS n FROM events",
        "history_days": 2,
    }
    [again] = of(instance, **derived)
    assert (again.first, again.last) == (day(3), day(2 + REACH + 2))
    assert again.assets == ("features", *MADE)


def test_a_streaming_detector_has_seen_every_day_before(instance):
    pytest.importorskip("river")
    materialize(instance, 0, "labels")
    streaming = {"performance": {"streaming": {"detector": "adwin"}}}
    found = [(again.first, again.last) for again in of(instance, monitors=streaming)]
    assert found == [(day(1), day(1)), (day(3), day(9))]


def test_days_that_rest_on_what_may_be_gone_stay_as_they_are(instance):
    materialize(instance, 2, "events", *MADE)
    [again] = of(instance, retention={"predictions_days": 8})
    assert (again.first, again.last) == (day(9 - 8 + REACH), day(2 + REACH))


# Under `dagster dev`


def look(world, instance):
    return world.look(instance, sensor="tiny_late_files_sensor")


def names(request):
    return [key.path[-1] for key in request.asset_selection or []]


def test_a_sensor_runs_what_a_missing_day_has_and_the_day_when_its_file_comes(begin):
    world = begin("dev")
    folder = world.write_model({"source": {"events": {"path": "events/{day}.csv"}}})
    (folder / "events").mkdir()
    events_of(5).to_csv(folder / "events" / f"{day(5)}.csv", index=False)
    with world.active(), open_instance() as instance:
        assert look(world, instance).skip_message == "no late files"
        assert not world.run_days(instance, day(4)).success
        assert world.run_days(instance, day(5)).success
        [rest] = look(world, instance).run_requests
        events_of(4).to_csv(folder / "events" / f"{day(4)}.csv", index=False)
        [came] = look(world, instance).run_requests
        assert world.run_days(instance, day(4)).success
        [again] = look(world, instance).run_requests
        judged = [item.passed for item in evaluations(instance, "tiny", "labels", "data_quality")]
    # Labels of the events of day 4 came on day 5, and are judged again before those of day 4 are;
    # then the page shows day 5 again.
    assert judged[-4:] == [False, True, True, True]
    assert (rest.partition_key, names(rest)) == (str(day(4)), ["labels", "performance_metrics"])
    assert (came.partition_key, names(came)) == (str(day(4)), [])
    assert names(again) == list(MADE)
    assert again.tags["dagster/asset_partition_range_start"] == str(day(5))
    assert again.tags["dagster/asset_partition_range_end"] == str(day(5))
    assert len({rest.run_key, came.run_key, again.run_key}) == 3
