"""Promotion: once a decision, and never back to what was replaced."""

import pytest

from mlops_drift.loading import find_model
from mlops_drift.resources import model_lake, open_lake, open_registry
from mlops_drift.steps.training import PromotionError, promote


@pytest.fixture
def parts(story):
    spec = find_model("tiny").spec
    with open_lake() as lake:
        yield spec, model_lake(lake, spec), open_registry()


def aliases(registry):
    return dict(registry.client.get_registered_model("tiny").aliases)


def test_a_decision_that_was_followed_by_another_is_not_carried_out_again(parts):
    spec, model, registry = parts
    first, *_, last = model.promotions()
    before = aliases(registry)
    with pytest.raises(PromotionError, match=f"version {last.version} has followed it"):
        promote(spec, model, registry, first.version, first.as_of, first.decision)
    assert aliases(registry) == before


def test_the_last_decision_can_be_carried_out_again_and_changes_nothing(parts):
    spec, model, registry = parts
    promotions, before = model.promotions(), aliases(registry)
    last = promotions[-1]
    assert promote(spec, model, registry, last.version, last.as_of, last.decision) == last
    assert (model.promotions(), aliases(registry)) == (promotions, before)


def test_a_version_of_an_earlier_day_does_not_replace_the_champion(parts):
    spec, model, registry = parts
    first = model.promotions()[0]
    with pytest.raises(PromotionError, match="build a training set as of a later day"):
        promote(spec, model, registry, first.version, first.as_of, "tiny-manual-1")


def test_a_decision_has_one_outcome(parts):
    _, model, _ = parts
    done = model.promotions()[-1]
    again = model.add_decision(
        decision=done.decision,
        stage="rejected",
        day=done.as_of,
        rules=[],
        version=None,
        reason="too late",
    )
    assert not again
    assert model.decisions()[-1]["outcome"] == "promoted"
