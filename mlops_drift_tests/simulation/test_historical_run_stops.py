"""A historical run that is stopped, or that fails."""

import errno

import dagster as dg
import pytest
from click.testing import CliRunner
from dagster._core.errors import DagsterExecutionInterruptedError

from mlops_drift.cli.errors import BUG, STOPPED
from mlops_drift.cli.main import main
from mlops_drift_tests.story import write_story
from mlops_drift_tests.tiny import day


@pytest.fixture(scope="module")
def unfinished(new_world):
    """A model whose first day is never completed."""
    world = new_world("unfinished")
    write_story(world)
    return world


@pytest.fixture
def not_begun(unfinished):
    with unfinished.active():
        yield unfinished


@pytest.mark.parametrize(
    "error", [DagsterExecutionInterruptedError(), RuntimeError("Query interrupted")]
)
@pytest.mark.parametrize(
    "where",
    ["mlops_drift.sensors.retraining.complete_days", "mlops_drift.assets.landing.land_events"],
)
def test_ctrl_c_is_a_stop_and_no_failure(not_begun, monkeypatch, where, error):
    def interrupted(*arguments):
        raise error

    monkeypatch.setattr(where, interrupted)
    result = CliRunner().invoke(main, ["run", "tiny"])
    assert result.exit_code == STOPPED
    assert f"stopped at {day(0)}; the same command goes on there" in result.stderr


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (KeyError("amount"), BUG, "KeyError: 'amount'"),
        (OSError(errno.ENOSPC, "x", "/d"), 1, "tiny__events: '/d': No space left on device; free"),
    ],
)
def test_a_run_tells_a_bug_from_what_a_user_can_mend(not_begun, monkeypatch, error, status, told):
    def broken(*arguments):
        raise error

    monkeypatch.setattr("mlops_drift.assets.landing.land_events", broken)
    result = CliRunner().invoke(main, ["run", "tiny", "--until", str(day(0))])
    assert result.exit_code == status
    assert told in result.stderr
    assert ("in broken" in result.stderr) == (status == BUG)


def test_another_error_of_the_sensor_is_no_stop(not_begun, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("no such thing")

    monkeypatch.setattr("mlops_drift.sensors.retraining.complete_days", broken)
    with (
        dg.DagsterInstance.ephemeral() as opened,
        pytest.raises(RuntimeError, match="no such thing"),
    ):
        not_begun.replay(opened)
