from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from mlops_drift.config.spec import ModelSpec
from mlops_drift.jobs import daily_schedule
from mlops_drift_tests.tiny import SPEC, World, merged


@pytest.fixture(scope="module")
def tick(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("schedule"))
    world.write_model()
    with world.active():
        definitions = world.definitions
    schedule = definitions.resolve_schedule_def("tiny_daily_schedule")

    def tick(month, day):
        context = dg.build_schedule_context(
            scheduled_execution_time=datetime(2024, month, day, 1, tzinfo=UTC),
            repository_def=definitions.get_repository_def(),
        )
        return schedule.evaluate_tick(context)

    return tick


def test_the_schedule_runs_the_day_that_has_just_ended(tick):
    (request,) = tick(3, 2).run_requests
    assert request.partition_key == request.run_key == "2024-03-01"
    assert request.tags["mlops_drift/day"] == "2024-03-01"
    assert request.tags["mlops_drift/reason"] == "schedule"


def test_the_schedule_runs_the_last_day_and_none_after_it(tick):
    assert tick(3, 8).run_requests[0].partition_key == "2024-03-07"
    after = tick(3, 9)
    assert not after.run_requests
    assert (
        "2024-03-08 is not among the days of tiny: 2024-03-01 to 2024-03-07" in after.skip_message
    )


def test_the_schedule_runs_nothing_before_the_first_day(tick):
    assert not tick(3, 1).run_requests


@pytest.mark.parametrize(
    ("days", "status"),
    [
        (None, dg.DefaultScheduleStatus.RUNNING),
        (0, dg.DefaultScheduleStatus.RUNNING),
        (-1, dg.DefaultScheduleStatus.RUNNING),
        (-3, dg.DefaultScheduleStatus.STOPPED),
    ],
)
def test_the_schedule_of_a_model_whose_last_day_is_over_is_off(days, status):
    last = None if days is None else datetime.now(UTC).date() + timedelta(days=days)
    spec = ModelSpec(**merged(SPEC, {"end_date": last}))
    assert daily_schedule(spec, dg.define_asset_job("daily")).default_status == status
