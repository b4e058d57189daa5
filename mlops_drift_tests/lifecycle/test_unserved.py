"""A run without a serving version says why, what would help, and ends with status 3."""

import json

import pytest
from click.testing import CliRunner

from mlops_drift.cli.errors import NOT_SERVING
from mlops_drift.cli.main import main
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.unserved import why_unserved
from mlops_drift.pipeline.features import make_features
from mlops_drift.pipeline.landing import land_events
from mlops_drift.policy.decision import Decision, Outcome
from mlops_drift.store.model_store import ModelStore
from mlops_drift_tests.tiny import SPEC, day, merged, write_days

DECISION = "tiny-v0"


def landed(lake, folder, changes=None):
    """A model of which the first day has landed."""
    spec = ModelSpec(**merged(SPEC, changes or {}))
    write_days(folder, 1)
    model = ModelContext(spec, ModelStore(lake, "tiny", spec.tables, spec.key, spec.target))
    land_events(model, spec.source.open(folder), day(0), day(0))
    make_features(model, day(0), day(0))
    return model


@pytest.mark.parametrize(
    ("outcome", "why", "helps"),
    [
        (
            Outcome("rejected", day(1), "it is too large.", 1, ("artifact_size",)),
            "version 1 was rejected by artifact_size: it is too large",
            "limits under gates",
        ),
        (
            Outcome("rejected", day(1), "one class only"),
            "the training was rejected: one class only",
            "mlops-drift log tiny",
        ),
        (
            Outcome("waiting", day(1), "it waits", 1),
            "version 1 waits for approval",
            "mlops-drift approve tiny",
        ),
        (
            Outcome("failed", day(1), "ValueError: NaN"),
            "the training failed: ValueError: NaN",
            "mlops-drift log tiny",
        ),
        (None, f"the training of decision {DECISION} has not ended", "the same command again"),
    ],
    ids=["rejected by a gate", "rejected before", "waiting", "failed", "under way"],
)
def test_what_became_of_the_last_training_says_why(lake, tmp_path, outcome, why, helps):
    model = landed(lake, tmp_path)
    decisions = model.store.decisions
    decisions.record(Decision("retrain", "no champion", day(1), DECISION, "none", ("no_champion",)))
    if outcome:
        decisions.record_outcome(DECISION, outcome)
    unserved = why_unserved(model)
    assert unserved.why == why
    assert helps in unserved.help


def test_without_a_usable_event_the_reason_of_most_is_given(lake, tmp_path):
    changes = {"columns": {"b": {"type": "number", "min": 99}}}
    unserved = why_unserved(landed(lake, tmp_path, changes))
    assert unserved.why.startswith("no event could be used; most often because of b")
    assert "defs.yaml" in unserved.help


def test_a_run_without_a_serving_version_says_why(new_world):
    world = new_world("unserved")
    write_days(world.write_model({"policy": {"first_training_rows": 9999}}), 3)
    with world.active():
        result = CliRunner().invoke(
            main, ["run", "tiny", "--until", str(day(1)), "--step", "2", "--format", "json"]
        )
    assert result.exit_code == NOT_SERVING, result.output
    reason, advice = result.stderr.splitlines()[-2:]
    assert reason.startswith("No version serves: ")
    assert "labelled rows" in reason
    assert "first_training_rows" in advice
    assert json.loads(result.stdout)["not_serving"]["why"] in reason
