"""A run without a serving version says why, what would help, and ends with status 3."""

import json

import pytest
from click.testing import CliRunner

from mlops_drift.cli.errors import NOT_SERVING
from mlops_drift.cli.main import main
from mlops_drift_tests.tiny import day, write_days


@pytest.mark.parametrize(
    ("changes", "why", "helps"),
    [
        ({"policy": {"first_training_rows": 9999}}, "labelled rows", "first_training_rows"),
        (
            {"gates": {"max_artifact_mb": 1e-6}},
            "was rejected by artifact_size: ",
            "limits under gates",
        ),
        ({"policy": {"approval": "manual"}}, "waits for approval", "mlops-drift approve tiny"),
        ({"columns": {"b": {"type": "number", "min": 99}}}, "no event could be used", "defs.yaml"),
    ],
    ids=["too few labels", "rejected", "waiting", "no events"],
)
def test_a_run_without_a_serving_version_says_why(new_world, changes, why, helps):
    world = new_world("unserved")
    write_days(world.write_model(changes), 3)
    with world.active():
        result = CliRunner().invoke(
            main, ["run", "tiny", "--until", str(day(1)), "--step", "2", "--format", "json"]
        )
    assert result.exit_code == NOT_SERVING, result.output
    reason, advice = result.stderr.splitlines()[-2:]
    assert reason.startswith("No version serves: ")
    assert why in reason
    assert helps in advice
    assert json.loads(result.stdout)["not_serving"]["why"] in reason
