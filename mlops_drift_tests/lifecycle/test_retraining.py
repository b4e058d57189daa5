"""A retraining step by step, where a step cannot be done; what it makes, `test_names` follows."""

import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle import retraining
from mlops_drift.lifecycle.retraining import RetrainingRun
from mlops_drift.pipeline.training import TrainingSetError
from mlops_drift.policy.decision import Decision
from mlops_drift.registry.memory import MemoryRegistry
from mlops_drift_tests.tiny import SPEC, day

DECISION = Decision("retrain", "too old", day(2), "tiny-v1-x", "age", ("model_age",), 1)


@pytest.fixture
def model(lake):
    return ModelContext.of(lake, ModelSpec(**SPEC), MemoryRegistry())


def test_a_step_by_hand_names_what_has_to_be_there_first(model):
    run = RetrainingRun(model, "a run")
    with pytest.raises(TrainingSetError, match="tiny has no features yet"):
        run.build_training_set()
    with pytest.raises(TrainingSetError, match="tiny/training_set has never been materialized"):
        run.train()
    with pytest.raises(TrainingSetError, match="tiny/challenger has never been materialized"):
        run.judge_gates()
    assert model.store.decisions.records() == []


def test_data_that_nothing_can_be_learned_from_reject_the_decision(model):
    model.store.decisions.record(DECISION)
    reported = []
    RetrainingRun(model, DECISION.id, reported.append).carry_out()
    assert reported == [DECISION.id]
    record = model.store.decisions.get(DECISION.id)
    assert (record.status, record.outcome.day) == ("rejected", day(2))
    assert record.outcome_reason.startswith("tiny: 0 events from")


@pytest.mark.parametrize(
    ("error", "status"),
    [(KeyError("a"), "failed"), (OSError(28, "No space left"), None)],
    ids=["a bug", "a full disk"],
)
def test_a_bug_ends_a_decision_and_a_full_disk_leaves_it_under_way(
    model, monkeypatch, error, status
):
    def broken(*arguments):
        raise error

    monkeypatch.setattr(retraining, "build_training_set", broken)
    model.store.decisions.record(DECISION)
    with pytest.raises(type(error)):
        RetrainingRun(model, DECISION.id).build_training_set()
    record = model.store.decisions.get(DECISION.id)
    assert record.status == status
    if record.outcome:
        assert (record.outcome_reason, bool(record.outcome.digest)) == ("KeyError: 'a'", True)
