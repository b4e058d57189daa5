"""Events and labels rest on assets of the user's own, and a day runs when those are there."""

from contextlib import ExitStack

import dagster as dg
import pytest
from dagster._core.test_utils import freeze_time

from mlops_drift.config.spec import ModelSpec
from mlops_drift.jobs import daily_job_name
from mlops_drift.resources import LAKE, default_resources
from mlops_drift.sensors.retraining import sensor_name
from mlops_drift.simulation.instance import QUIET, open_instance
from mlops_drift_tests.tiny import SPEC, day, merged, write_days

DAYS = dg.DailyPartitionsDefinition("2024-03-01")
HOURS = dg.HourlyPartitionsDefinition("2024-03-02-00:00")


@dg.asset(key=["raw", "orders"], partitions_def=DAYS)
def orders() -> None:
    """One partition a day."""


@dg.asset(key=["raw", "clicks"], partitions_def=HOURS)
def clicks() -> None:
    """One partition an hour; it begins a day later than the model."""


@dg.asset(key=["raw", "customers"])
def customers() -> None:
    """No partitions."""


OWN = dg.Definitions(assets=[orders, clicks, customers])
SENSOR = "tiny_upstream_sensor"


class Project:
    """The definitions of a world beside those of the user."""

    def __init__(self, world, instance):
        self.instance = instance
        self.definitions = dg.Definitions.merge(world.definitions, OWN)

    def look(self, sensor=SENSOR):
        with dg.build_sensor_context(
            instance=self.instance,
            definitions=self.definitions,
            resources={LAKE: default_resources()[LAKE]},
        ) as context:
            return self.definitions.resolve_sensor_def(sensor).evaluate_tick(context)

    def asked(self):
        return [request.partition_key for request in self.look().run_requests or []]

    def make(self, *key, partition=None):
        event = dg.AssetMaterialization(key, partition=partition)
        self.instance.report_runless_asset_event(event)

    def run(self, request):
        job = self.definitions.resolve_job_def(daily_job_name("tiny"))
        return job.execute_in_process(
            instance=self.instance,
            run_config=QUIET,
            partition_key=request.partition_key,
            tags=request.tags,
        )


@pytest.fixture
def project(new_world):
    """Makes a project whose model waits for some assets."""
    with ExitStack() as stack:

        def make(*deps, **changes):
            world = new_world("upstream")
            folder = world.write_model({"deps": [*deps], "automation": "upstream", **changes})
            write_days(folder, 6)
            stack.enter_context(world.active())
            return Project(world, stack.enter_context(open_instance()))

        yield make


def test_lineage_reaches_to_the_own_assets_with_their_partitions_of_the_day(project):
    made = project(["raw", "orders"], "raw/customers")
    graph = made.definitions.resolve_asset_graph()
    for asset in ("events", "labels"):
        parents = graph.get(dg.AssetKey(["tiny", asset])).parent_keys
        assert {dg.AssetKey(["raw", "orders"]), dg.AssetKey(["raw", "customers"])} <= parents
    found = graph.get_parents_partitions(dg.AssetKey(["tiny", "events"]), "2024-03-03")
    assert {(one.asset_key.path[-1], one.partition_key) for one in found.parent_partitions} == {
        ("orders", "2024-03-03"),
        ("customers", None),
    }
    assert not made.definitions.schedules
    assert (
        dg.AssetKey(["raw", "orders"])
        not in graph.get(dg.AssetKey(["tiny", "features"])).parent_keys
    )


def test_a_day_is_asked_for_when_its_partition_is_there_and_never_twice(project):
    made = project("raw/orders")
    assert made.look().skip_message == "2024-03-01 waits for raw/orders"
    made.make("raw", "orders", partition="2024-03-02")
    [request] = made.look().run_requests
    assert (request.partition_key, request.tags["mlops_drift/day"]) == ("2024-03-02",) * 2
    assert request.run_key == made.look().run_requests[0].run_key
    ran = made.run(request)
    assert ran.success
    assert made.asked() == []
    made.make("raw", "orders", partition="2024-03-02")
    assert made.asked() == []


def test_checks_and_a_retraining_follow_the_days_that_upstream_has_started(project):
    made = project("raw/orders")
    for number in (0, 1):
        made.make("raw", "orders", partition=str(day(number)))
    requests = made.look().run_requests
    assert [request.partition_key for request in requests] == [str(day(0)), str(day(1))]
    for request in requests:
        result = made.run(request)
    assert {one.check_name for one in result.get_asset_check_evaluations()} >= {"data_quality"}
    [retraining] = made.look(sensor_name("tiny")).run_requests
    assert retraining.tags["mlops_drift/day"] == str(day(1))


def test_a_day_whose_run_failed_is_asked_for_again_once_upstream_is_made_again(project):
    made = project("raw/orders")
    made.make("raw", "orders", partition="2024-03-01")
    [first] = made.look().run_requests
    [same] = made.look().run_requests
    made.make("raw", "orders", partition="2024-03-01")
    [again] = made.look().run_requests
    assert first.run_key == same.run_key != again.run_key


def test_all_hours_of_a_day_and_every_asset_are_awaited(project):
    made = project("raw/clicks", "raw/orders")
    for number in (0, 1):
        made.make("raw", "orders", partition=str(day(number)))
    for hour in range(23):
        made.make("raw", "clicks", partition=f"2024-03-02-{hour:02}:00")
    assert made.asked() == []
    made.make("raw", "clicks", partition="2024-03-02-23:00")
    [request] = made.look().run_requests
    assert request.partition_key == "2024-03-02"
    # The hours of the first day do not exist; by hand it runs all the same.
    assert made.run(dg.RunRequest(partition_key="2024-03-01")).success


def test_an_asset_without_partitions_is_there_for_the_days_that_ended_before_it_was_made(project):
    made = project("raw/customers")
    midday = day(2)
    with freeze_time(dg._time.create_datetime(midday.year, midday.month, midday.day, 12)):
        made.make("raw", "customers")
    assert made.asked() == [str(day(0)), str(day(1))]


def test_an_asset_of_another_code_location_has_partitions_if_they_are_named_like_days(project):
    made = project("elsewhere/orders")
    made.make("elsewhere", "orders", partition="2024-03-04")
    assert made.asked() == ["2024-03-04"]


def test_ten_days_are_asked_for_at_once(project):
    made = project("raw/orders", end_date=day(20))
    for number in range(15):
        made.make("raw", "orders", partition=str(day(number)))
    assert made.asked() == [str(day(number)) for number in range(10)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"deps": ["raw//orders"]}, "found 'raw//orders'; write an asset key as raw/orders or"),
        ({"deps": [[]]}, "write an asset key as"),
        ({"deps": ["raw/orders", ["raw", "orders"]]}, "more often"),
        ({"deps": ["tiny/features"]}, "deps names tiny/features, an asset of the model itself"),
        ({"automation": "upstream"}, "automation upstream needs deps"),
    ],
)
def test_what_cannot_be_upstream_is_a_mistake(changes, message):
    with pytest.raises(ValueError, match=message):
        ModelSpec(**merged(SPEC, changes))
