"""Promotions by a decision: one for each, and none that a later transition came before."""

import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.errors import UserError
from mlops_drift.lifecycle.promotion import approve, promote
from mlops_drift.lifecycle.retraining import RetrainingRun
from mlops_drift.policy.decision import Decision, Outcome
from mlops_drift_tests.lifecycle.people import ANN, aliases, opened, record_of
from mlops_drift_tests.tiny import day


def test_a_decision_that_was_followed_by_another_is_not_carried_out_again(parts):
    about = ModelContext(*parts)
    model, registry = about.store, about.registry
    first, *_, last = model.versions.promotions()
    before = aliases(registry)
    with pytest.raises(UserError, match=f"version {last.version} has followed it"):
        promote(about, first.version, first.as_of, first.decision)
    assert aliases(registry) == before


def test_the_last_decision_can_be_carried_out_again_and_changes_nothing(parts):
    about = ModelContext(*parts)
    model, registry = about.store, about.registry
    promotions, before = model.versions.promotions(), aliases(registry)
    last = promotions[-1]
    assert promote(about, last.version, last.as_of, last.decision) == last
    assert (model.versions.promotions(), aliases(registry)) == (promotions, before)


def test_a_version_of_an_earlier_day_does_not_replace_the_champion(parts):
    about = ModelContext(*parts)
    model = about.store
    first = model.versions.promotions()[0]
    with pytest.raises(UserError, match="build a training set as of a later day"):
        promote(about, first.version, first.as_of, "tiny-manual-1")


def test_a_decision_promotes_no_version_that_a_gate_is_against(rejected_story, tmp_path):
    with opened(rejected_story, tmp_path) as about:
        decision = about.store.decisions.records(idle=False)[-1].id
        retraining = RetrainingRun(about, decision)
        for again in (lambda: promote(about, 2, day(4), decision), retraining.promote):
            with pytest.raises(UserError, match=r"version 2 .* may not .*log_loss is fail"):
                again()
        assert [item.version for item in about.store.versions.promotions()] == [1]


def test_a_decision_has_one_outcome(parts):
    model = parts[1]
    done = model.versions.promotions()[-1]
    again = Outcome("rejected", done.as_of, "too late")
    assert not model.decisions.record_outcome(done.decision, again)
    assert model.decisions.records(idle=False)[-1].status == "promoted"


def test_a_decision_that_a_later_transition_came_before_ends_without_its_version(about):
    model = about.store
    approve(about, ANN, 3)
    model.decisions.record(Decision("retrain", "none", day(4), "tiny-v0-y", "first"))
    model.decisions.record_challenger("tiny-v0-y", day(4), 2)
    assert RetrainingRun(about, "tiny-v0-y").promote() is None
    assert record_of(model, "tiny-v0-y").status == "rejected"
    assert (
        "a day that a later champion served would change"
        in record_of(model, "tiny-v0-y").outcome_reason
    )
    assert [item.version for item in model.versions.promotions()] == [3]
