"""Transitions by a person: each is whole or was not; of two people at once one wins."""

from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import find_model
from mlops_drift.errors import UserError
from mlops_drift.gateways import open_lake, open_registry
from mlops_drift.lifecycle import promotion, transitions
from mlops_drift.lifecycle.promotion import approve, promote, reject_challenger, rollback
from mlops_drift.lifecycle.retraining import RetrainingRun
from mlops_drift.lifecycle.transitions import Person, reconcile_interrupted, transition
from mlops_drift.policy.decision import Decision
from mlops_drift.registry.base import RegistryError, training_lock
from mlops_drift_tests.lifecycle.people import (
    ANN,
    BOB,
    aliases,
    opened,
    record_of,
    story_of,
    versions_of,
)
from mlops_drift_tests.processes import meet
from mlops_drift_tests.tiny import World, day, wait


@pytest.fixture(scope="module")
def served(three_versions, tmp_path_factory):
    """Worlds in which ann has approved one version, two, and all three, by their number."""
    worlds = {0: three_versions}
    for version in (1, 2, 3):
        root = tmp_path_factory.mktemp(f"served_{version}")
        with opened(worlds[version - 1], root) as about:
            approve(about, ANN, version)
        worlds[version] = World(root)
    return worlds


@pytest.fixture
def serving(served, tmp_path):
    """Opens the world in which a version is the champion, after those before it."""
    with ExitStack() as worlds:
        yield lambda version: worlds.enter_context(opened(served[version], tmp_path))


def test_a_person_has_a_name_and_a_reason():
    with pytest.raises(UserError, match=r"needs a name and a reason.*name '' and reason 'x'"):
        Person("", "x")
    with pytest.raises(UserError, match="reason '  '"):
        Person("ann", "  ")


def test_approve_reject_roll_back_and_approve_again(about):
    model, registry = about.store, about.registry
    approve(about, ANN, 1)
    wait(model, 2, "d2")
    rejected = reject_challenger(about, BOB)
    assert rejected.outcome_reason == "rejected by bob: customers complained"
    wait(model, 3, "d3")
    approve(about, ANN)
    back = rollback(about, BOB)
    again = approve(about, ANN, 3)

    assert versions_of(model) == [
        (1, None, "ann"),
        (3, 1, "ann"),
        (1, 3, "bob"),
        (3, 1, "ann"),
    ]
    assert (back.version, again.version) == (1, 3)
    assert sorted(story_of(model)) == sorted(
        [
            ("promote", "promoted", 1, "ann"),
            ("retrain", "rejected", 2, "bob"),
            ("retrain", "promoted", 3, "ann"),
            ("rollback", "promoted", 1, "bob"),
            ("promote", "promoted", 3, "ann"),
        ]
    )
    assert aliases(registry) == {"champion": 3, "previous": 1}


def test_there_is_a_champion_at_every_moment_of_a_transition(serving, monkeypatch):
    about = serving(1)
    model, registry = about.store, about.registry
    seen = []
    for target, name in (
        (model.versions, "add_promotion"),
        (registry, "set_alias"),
        (model.decisions, "record_outcome"),
    ):
        original = getattr(target, name)

        def watch(*arguments, _original=original, **named):
            seen.append(
                (registry.alias("tiny", "champion"), model.versions.promotions()[-1].version)
            )
            result = _original(*arguments, **named)
            seen.append(
                (registry.alias("tiny", "champion"), model.versions.promotions()[-1].version)
            )
            return result

        monkeypatch.setattr(target, name, watch)
    approve(about, ANN, 2)
    rollback(about, BOB)
    assert len(seen) > 10
    assert {champion for pair in seen for champion in pair} == {1, 2}


def test_a_transition_serves_from_the_day_after_the_last_that_has_features(serving):
    about = serving(1)
    model = about.store
    [promoted] = model.versions.promotions()
    assert (model.versions.get(1).as_of, promoted.as_of) == (day(3), day(5))


def test_there_is_nothing_to_approve_or_to_reject_without_a_challenger_that_waits(about):
    model = about.store
    with pytest.raises(UserError, match=r"^no challenger of tiny waits for approval$"):
        approve(about, ANN)
    with pytest.raises(UserError, match="no challenger of version 2 of tiny waits"):
        reject_challenger(about, ANN, 2)
    wait(model, 2, "d2")
    approve(about, ANN)
    with pytest.raises(UserError, match="the last one: version 2 approved by ann: better on"):
        approve(about, BOB)
    with pytest.raises(UserError, match=r"version 2 is the champion of tiny already .*by ann"):
        approve(about, BOB, 2)


def test_a_version_that_is_not_there_is_not_approved(about):
    with pytest.raises(UserError, match="tiny has no version 9; its versions are 1, 2, 3"):
        approve(about, ANN, 9)


def test_rolling_back_needs_an_earlier_champion(about):
    with pytest.raises(UserError, match="no earlier champion to go back to: no version has"):
        rollback(about, BOB)


def test_rolling_back_needs_another_champion_than_the_first(serving):
    about = serving(1)
    with pytest.raises(UserError, match="only version 1 has served"):
        rollback(about, BOB)


def test_rolling_back_goes_to_a_version_that_has_served_and_does_not_serve(serving):
    about = serving(2)
    with pytest.raises(UserError, match=r"version 3 of tiny has never served; .* are 1, 2"):
        rollback(about, BOB, to=3)
    with pytest.raises(UserError, match="version 2 is the champion of tiny already"):
        rollback(about, BOB, to=2)


def test_rolling_back_twice_goes_back_further_and_not_to_what_was_taken_back(serving):
    about = serving(3)
    assert rollback(about, BOB).version == 2
    assert rollback(about, BOB).version == 1
    with pytest.raises(UserError, match="no champion of tiny before version 1 is left"):
        rollback(about, BOB)
    assert rollback(about, BOB, to=3).version == 3


def test_what_was_taken_back_is_promoted_by_a_person_only(serving):
    about = serving(2)
    model = about.store
    rollback(about, BOB)
    with pytest.raises(UserError, match=r"version 2 of tiny was taken back .*only a person"):
        promote(about, 2, day(5), "tiny-v1-x")
    model.decisions.record(
        Decision("retrain", "old", day(5), "tiny-v1-y", "age", ("model_age",), version=1)
    )
    model.decisions.record_challenger("tiny-v1-y", day(5), 2)
    assert RetrainingRun(about, "tiny-v1-y").promote() is None
    assert record_of(model, "tiny-v1-y").status == "rejected"
    assert "was taken back" in record_of(model, "tiny-v1-y").outcome_reason

    approve(about, ANN, 2)
    approve(about, ANN, 3)
    assert promote(about, 2, day(5), "tiny-v3-x").version == 2


@pytest.mark.parametrize("cut", ["add_promotion", "set_alias", "record_promotion"])
def test_an_interrupted_transition_is_completed_by_the_next(serving, monkeypatch, cut):
    about = serving(1)
    model, registry = about.store, about.registry
    wait(model, 2, "d2")
    target = {
        "add_promotion": model.versions,
        "set_alias": registry,
        "record_promotion": transitions,
    }[cut]
    original = getattr(target, cut)

    def die_once_moved(*arguments, **named):
        if model.versions.promotions()[-1].version == 2:
            raise KeyboardInterrupt
        original(*arguments, **named)
        if cut == "add_promotion":
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(target, cut, die_once_moved)
        with pytest.raises(KeyboardInterrupt):
            transition(about, 2, decision="d2", person=ANN)
    assert record_of(model, "d2").status == "waiting"

    assert reconcile_interrupted(about).version == 2
    assert reconcile_interrupted(about) is None
    assert versions_of(model) == [(1, None, "ann"), (2, 1, "ann")]
    finished = record_of(model, "d2")
    assert (finished.status, finished.outcome.person) == ("promoted", "ann")
    assert (registry.alias("tiny", "champion"), registry.alias("tiny", "previous")) == (2, 1)


@pytest.mark.parametrize("kind", ["approve", "rollback"])
def test_a_transition_interrupted_before_its_commit_never_was(serving, monkeypatch, kind):
    about = serving(2)
    model = about.store
    before, outcomes = versions_of(model), story_of(model)

    def die(made):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(model.versions, "add_promotion", die)
        with pytest.raises(KeyboardInterrupt):
            getattr(promotion, kind)(about, ANN, 3 if kind == "approve" else 1)
    assert (versions_of(model), story_of(model)) == (before, outcomes)

    rollback(about, BOB)
    assert record_of(model, "tiny-rollback-3-v1").reason.startswith("version 2 taken back by bob")


def first(move, registry, patched):
    """Lets a transition come first, of whoever waits for the lock at the same moment."""
    lock = registry.lock

    def after_it(name):
        patched.undo()
        move()
        return lock(name)

    patched.setattr(registry, "lock", after_it)


def test_of_two_rollbacks_at_the_same_moment_one_wins(serving, monkeypatch):
    about = serving(3)
    first(lambda: rollback(about, BOB), about.registry, monkeypatch)
    with pytest.raises(UserError, match=r"another transition came first: version 2 .* by bob"):
        rollback(about, ANN)
    assert versions_of(about.store)[-1] == (2, 3, "bob")


def test_a_rollback_that_came_first_stops_an_approval(serving, monkeypatch):
    about = serving(2)
    first(lambda: rollback(about, BOB), about.registry, monkeypatch)
    with pytest.raises(UserError, match=r"another transition came first: version 1 .* by bob"):
        approve(about, ANN, 3)
    assert approve(about, ANN, 3).version == 3


def test_a_champion_that_was_deleted_from_the_registry_can_be_taken_back(serving):
    about = serving(2)
    registry = about.registry
    registry.client.delete_model_version("tiny", "2")
    assert rollback(about, BOB).version == 1
    assert registry.alias("tiny", "champion") == 1
    with pytest.raises(RegistryError, match="no version 2 of tiny"):
        approve(about, ANN, 2)


def approve_at_once(root, name, parties):
    """Approves in a process of its own; the message of what came of it."""
    with World(Path(root)).active(), open_lake() as lake:
        registry = open_registry()
        about = ModelContext.of(lake, find_model("tiny").spec, registry)
        _ = registry.client
        meet(parties)
        try:
            promoted = approve(about, Person(name, "at once"))
        except UserError as error:
            return str(error)
        return f"{promoted.person} won"


def test_of_approvals_at_the_same_moment_one_wins(about, processes, tmp_path):
    model = about.store
    wait(model, 2, "d2")
    people = ((str(tmp_path), name, 2) for name in ("ann", "bob"))
    said = sorted(processes.run(approve_at_once, *people))
    (winner,) = [text.split()[0] for text in said if text.endswith("won")]
    (told,) = [text for text in said if not text.endswith("won")]
    assert (
        f"no challenger of tiny waits for approval; the last one: version 2 approved by {winner}"
        in told
    )
    assert versions_of(model) == [(2, None, winner)]


def test_an_emergency_rollback_is_dated_to_the_second_and_waits_for_no_training(about):
    store, at = about.store, datetime(2024, 3, 9, 12, 30, 5)
    approve(about, ANN, 1)
    champion = approve(about, ANN, 2)
    with about.registry.lock(training_lock("tiny")):
        back = rollback(about, BOB, at=at)
    assert (back.at, back.previous) == (at, champion.version)
    assert store.versions.promotions()[-1] == back
    reason = store.decisions.get(back.decision).outcome_reason
    assert reason.endswith("it serves since 2024-03-09 12:30:05 UTC")
    # Days in batch are served as by any rollback.
    [served] = store.versions.champions(*[back.as_of + timedelta(days=1)] * 2).values()
    assert served == back
