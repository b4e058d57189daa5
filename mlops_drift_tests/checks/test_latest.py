"""Whatever day is run again, Dagster's pages show the checks as the model's last day has them."""

import pytest

from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests.pages import latest_checks
from mlops_drift_tests.tiny import day, evaluations

DAILY = ("events", "labels", "drift_metrics", "performance_metrics")


def shown(world, instance):
    """By asset and check, what its page shows as the latest: whether it passes, and how bad."""
    return {
        key: said and (said["success"], said["severity"])
        for key, said in latest_checks(world, instance).items()
        if key[0] in DAILY
    }


def failing(found):
    return {key for key, said in found.items() if said == (False, "ERROR")}


@pytest.fixture(scope="module")
def healthy(told_story, tmp_path_factory):
    """The told story at its end, whose day 4 failed; days of it may be run again."""
    world = told_story.world.copy(tmp_path_factory.mktemp("healthy"))
    with world.active(), open_instance() as instance:
        yield world, instance


@pytest.fixture
def at_its_end(healthy):
    with healthy[0].active():
        yield healthy


FAILED = ("performance_metrics", "performance_drop")


@pytest.mark.parametrize(("first", "last"), [(4, None), (3, 5), (1, None), (4, 6)])
def test_past_days_of_a_healthy_model_turn_nothing_red(at_its_end, first, last):
    world, instance = at_its_end
    before = shown(world, instance)
    assert FAILED in before
    assert not failing(before)
    assert None not in before.values()
    assert world.run_days(instance, day(first), last and day(last)).success
    assert shown(world, instance) == before


def test_the_run_itself_says_what_its_days_were_like(at_its_end):
    world, instance = at_its_end
    assert world.run_days(instance, day(4)).success
    *_, of_run, again = evaluations(instance, "tiny", *FAILED)
    assert not of_run.passed
    assert of_run.description.startswith(f"{day(4)}: ")
    assert again.description.endswith(f" (as of {day(6)}, the last day)")
    assert again.metadata["day"].value == str(day(6))
    assert again.metadata["verdict"].value != "fail"


def test_one_asset_of_a_past_day_turns_nothing_red(at_its_end):
    world, instance = at_its_end
    before = shown(world, instance)
    assert world.run_days(instance, day(4), selection=["performance_metrics"]).success
    assert shown(world, instance) == before


def test_the_last_day_is_reported_once(at_its_end):
    world, instance = at_its_end
    before = len(evaluations(instance, "tiny", *FAILED))
    assert world.run_days(instance, day(6)).success
    assert len(evaluations(instance, "tiny", *FAILED)) == before + 1


@pytest.fixture(scope="module")
def failed(begin):
    """The begun story with day 4, which fails, and without the retraining that it asks for."""
    world = begin("failed")
    with world.active(), open_instance() as instance:
        assert world.run_days(instance, day(4)).success
        yield world, instance


@pytest.mark.parametrize(("first", "last"), [(2, None), (1, 3), (3, 4)])
def test_past_days_do_not_hide_a_failure_of_the_last_day(failed, first, last):
    world, instance = failed
    with world.active():
        before = shown(world, instance)
        assert FAILED in failing(before)
        assert world.run_days(instance, day(first), last and day(last)).success
        assert shown(world, instance) == before
