"""How old a version is, by what is on record about it and its challengers."""

import pytest

from mlops_drift.policy.decision import Decision, Outcome
from mlops_drift.store.records import Promotion
from mlops_drift_tests.pipeline.watched import Watched, events
from mlops_drift_tests.tiny import day


@pytest.fixture
def watched(memory_lake):
    return Watched(memory_lake, {"monitors": {"age": {"max_days": 3}}})


def serve(watched, first):
    watched.serve(*(events(number) for number in range(first, 7)))


def ages(watched, first):
    """Age by day."""
    found = watched.measure(first, 6).of_check("model_age")
    return {(item.day - day(0)).days: item.value for item in found}


def reject(watched, made, known):
    log = watched.model.decisions
    log.record(Decision("retrain", "too old", day(made), "tiny-v1-x", version=1))
    log.record_outcome("tiny-v1-x", Outcome("rejected", day(known), "no better", 2))


def test_a_challenger_that_was_rejected_makes_the_champion_young_again(watched):
    watched.promote(1, on=0)
    serve(watched, 1)
    reject(watched, 3, 3)
    found = watched.measure(1, 6).of_check("model_age")
    # What is rejected at the end of a day is known from the next one on.
    assert [item.value for item in found] == [1, 2, 3, 1, 2, 3]
    assert [item.day for item in found if item.verdict == "fail"] == [day(3), day(6)]
    assert watched.verdicts(3, "model_age") == found[2:3]


def test_a_version_that_was_approved_late_is_as_old_as_its_data(watched):
    watched.promote(1, on=4, trained=1)
    serve(watched, 5)
    assert ages(watched, 5) == {5: 4, 6: 5}


def test_a_look_is_as_old_as_the_data_of_the_challenger_however_late_it_was_rejected(watched):
    watched.promote(1, on=0)
    serve(watched, 1)
    reject(watched, 3, 5)
    assert ages(watched, 4) == {4: 4, 5: 5, 6: 3}


def test_a_version_that_was_brought_back_is_as_good_as_the_one_that_was_taken_back(watched):
    watched.promote(1, on=0)
    watched.promote(2, on=2)
    promoted = watched.model.versions.promotions()[0]
    back = Promotion(
        3, day(4), 1, 2, promoted.training_set, promoted.reference, "back", kind="rollback"
    )
    watched.model.versions.add_promotion(back)
    watched.serve(*(events(number) for number in (5, 6)))
    assert ages(watched, 5) == {5: 3, 6: 4}
