"""A training that raises: the days go on, the failure is on record, and is told at the end."""

import json

import pytest
from click.testing import CliRunner

from mlops_drift.cli.errors import BUG
from mlops_drift.cli.main import main
from mlops_drift.config.loading import find_model
from mlops_drift.gateways import open_registry
from mlops_drift.simulation.backtest import Backtest
from mlops_drift.simulation.variants import standard_policies
from mlops_drift_tests.tiny import ROWS, day, write_days

REASON = "ValueError: Input X contains NaN."


def broken(*arguments, **others):
    raise ValueError("Input X contains NaN.\nSee the manual.")


@pytest.fixture(scope="module")
def world(new_world):
    made = new_world("failing")
    write_days(made.write_model({"policy": {"cooldown_days": 1}}), 5)
    with made.active():
        yield made


@pytest.fixture(scope="module")
def failed(world):
    """A run whose trainings raise, from the first one on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mlops_drift.lifecycle.retraining.train_challenger", broken)
        asked = ["run", "tiny", "--until", str(day(3)), "--step", "2", "--format", "json"]
        return CliRunner().invoke(main, asked)


def test_a_training_that_raises_is_told_at_the_end_and_all_days_have_run(world, failed):
    assert failed.exit_code == BUG
    assert "ValueError: Input X contains NaN." in failed.stderr
    assert json.loads(failed.stdout)["last_day"] == str(day(3))
    with world.lake() as model:
        assert model.landing.last_landed_day() == day(3)


def test_the_runs_of_mlflow_are_named_after_what_failed(failed):
    registry = open_registry()
    runs = registry.client.search_runs([registry.experiment("tiny")], order_by=["start_time"])
    names = [run.info.run_name for run in runs]
    assert names == [f"{day(number)} first training, failed" for number in (1, 3)]


def test_the_decision_ends_as_failed_and_is_asked_again_after_the_cooldown(failed):
    decisions = json.loads(failed.stdout)["decisions"]
    found = [(row["day"], row["outcome"], row["outcome_reason"]) for row in decisions]
    assert found == [(str(day(1)), "failed", REASON), (str(day(3)), "failed", REASON)]


def test_log_and_status_tell_the_failure(failed):
    logged = CliRunner().invoke(main, ["log", "tiny"]).stdout
    assert f"  {day(3)} failed: {REASON}\n  [tiny-v0-{day(3)}]\n" in logged
    told = json.loads(CliRunner().invoke(main, ["status", "tiny", "--format", "json"]).stdout)
    assert told["next"].startswith("wait: a first training failed: the next one starts after ")
    assert told["decisions"][-1]["outcome"] == "failed"


def test_a_failed_decision_is_taken_up_at_once_when_the_description_has_changed(world, failed):
    world.write_model({"policy": {"cooldown_days": 1, "min_new_labels": 50}})
    result = CliRunner().invoke(main, ["run", "tiny", "--until", str(day(3))])
    assert result.exit_code == 0, result.stderr
    with world.lake() as model:
        last = model.decisions.records(idle=False)[-1]
        [promotion] = model.versions.promotions()
    assert (last.id, last.status) == (f"tiny-v0-{day(3)}-2", "promoted")
    assert promotion.decision == last.id


def test_a_backtest_goes_on_as_well(world, monkeypatch):
    found = find_model("tiny")
    history = Backtest(found, day(0), day(3))
    monkeypatch.setattr("mlops_drift.simulation.backtest.train_package", broken)
    never = dict(list(standard_policies(found.spec).items())[:1])
    [told] = history.run(never)["policies"].values()
    assert [(row["outcome"], row["labelled"]) for row in told["decisions"]] == [
        ("failed", ROWS),
        ("failed", 3 * ROWS),
    ]
