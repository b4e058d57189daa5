"""Promotions, once a decision; moves of a person, of which one wins and the other is told."""

from pathlib import Path

import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import find_model
from mlops_drift.lifecycle import promotion as moves
from mlops_drift.lifecycle.promotion import Person, PromotionError, promote
from mlops_drift.lifecycle.retraining import promote_or_reject
from mlops_drift.registry.base import RegistryError
from mlops_drift.resources import open_lake, open_registry
from mlops_drift_tests.processes import meet
from mlops_drift_tests.tiny import World, day, wait

ANN, BOB = Person("ann", "better on paper"), Person("bob", "customers complained")


def aliases(registry):
    return dict(registry.client.get_registered_model("tiny").aliases)


def test_a_decision_that_was_followed_by_another_is_not_carried_out_again(parts):
    spec, model, registry = parts
    first, *_, last = model.versions.promotions()
    before = aliases(registry)
    with pytest.raises(PromotionError, match=f"version {last.version} has followed it"):
        promote(ModelContext(spec, model, registry), first.version, first.as_of, first.decision)
    assert aliases(registry) == before


def test_the_last_decision_can_be_carried_out_again_and_changes_nothing(parts):
    spec, model, registry = parts
    promotions, before = model.versions.promotions(), aliases(registry)
    last = promotions[-1]
    assert (
        promote(ModelContext(spec, model, registry), last.version, last.as_of, last.decision)
        == last
    )
    assert (model.versions.promotions(), aliases(registry)) == (promotions, before)


def test_a_version_of_an_earlier_day_does_not_replace_the_champion(parts):
    spec, model, registry = parts
    first = model.versions.promotions()[0]
    with pytest.raises(PromotionError, match="build a training set as of a later day"):
        promote(ModelContext(spec, model, registry), first.version, first.as_of, "tiny-manual-1")


def test_a_decision_has_one_outcome(parts):
    _, model, _ = parts
    done = model.versions.promotions()[-1]
    again = model.decisions.record(
        decision=done.decision, stage="rejected", day=done.as_of, reason="too late"
    )
    assert not again
    assert model.decisions.entries(idle=False)[-1]["outcome"] == "promoted"


# Moves of a person


@pytest.fixture
def free(three_versions, tmp_path):
    """Three versions that nobody has approved yet, in a world of one's own."""
    world = three_versions.copy(tmp_path)
    with world.active():
        spec = find_model("tiny").spec
        with open_lake() as lake:
            yield spec, ModelContext.of(lake, spec).store, open_registry()


def versions_of(model):
    return [(item.version, item.previous, item.person) for item in model.versions.promotions()]


def story_of(model):
    return [
        (row["action"], row["outcome"], row["challenger"], row["person"])
        for row in model.decisions.entries(idle=False)
    ]


def entry_of(model, decision):
    return {row["decision"]: row for row in model.decisions.entries(idle=False)}[decision]


def test_a_person_has_a_name_and_a_reason():
    with pytest.raises(PromotionError, match=r"who decides, and why.*name '' and reason 'x'"):
        Person("", "x")
    with pytest.raises(PromotionError, match="reason '  '"):
        Person("ann", "  ")


def test_approve_reject_roll_back_and_approve_again(free):
    spec, model, registry = free
    moves.approve(ModelContext(spec, model, registry), ANN, 1)
    wait(model, 2, "d2")
    rejected = moves.reject_challenger(ModelContext(spec, model, registry), BOB)
    assert rejected["outcome_reason"] == "rejected by bob: customers complained"
    wait(model, 3, "d3")
    moves.approve(ModelContext(spec, model, registry), ANN)
    back = moves.rollback(ModelContext(spec, model, registry), BOB)
    again = moves.approve(ModelContext(spec, model, registry), ANN, 3)

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
    assert aliases(registry) == {"champion": 3, "previous": 1, "challenger": 3}


def test_there_is_a_champion_at_every_moment_of_a_move(free, monkeypatch):
    spec, model, registry = free
    moves.approve(ModelContext(spec, model, registry), ANN, 1)
    seen = []
    for target, name in (
        (model.versions, "add_promotion"),
        (registry, "set_alias"),
        (model.decisions, "record"),
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
    moves.approve(ModelContext(spec, model, registry), ANN, 2)
    moves.rollback(ModelContext(spec, model, registry), BOB)
    assert len(seen) > 10
    assert {champion for pair in seen for champion in pair} == {1, 2}


def test_a_move_serves_from_the_day_after_the_last_that_has_features(free):
    spec, model, registry = free
    promoted = moves.approve(ModelContext(spec, model, registry), ANN, 1)
    assert (model.versions.get(1).as_of, promoted.as_of) == (day(3), day(5))


def test_there_is_nothing_to_approve_or_to_reject_without_a_challenger_that_waits(free):
    spec, model, registry = free
    with pytest.raises(PromotionError, match=r"^no challenger of tiny waits for approval$"):
        moves.approve(ModelContext(spec, model, registry), ANN)
    with pytest.raises(PromotionError, match="no challenger of version 2 of tiny waits"):
        moves.reject_challenger(ModelContext(spec, model, registry), ANN, 2)
    wait(model, 2, "d2")
    moves.approve(ModelContext(spec, model, registry), ANN)
    with pytest.raises(PromotionError, match="the last one: version 2 approved by ann: better on"):
        moves.approve(ModelContext(spec, model, registry), BOB)
    with pytest.raises(PromotionError, match=r"version 2 is the champion of tiny already .*by ann"):
        moves.approve(ModelContext(spec, model, registry), BOB, 2)


def test_a_version_that_is_not_there_is_not_approved(free):
    spec, model, registry = free
    with pytest.raises(PromotionError, match="tiny has no version 9; its versions are 1, 2, 3"):
        moves.approve(ModelContext(spec, model, registry), ANN, 9)


def test_rolling_back_needs_an_earlier_champion(free):
    spec, model, registry = free
    with pytest.raises(PromotionError, match="no earlier champion to go back to: no version has"):
        moves.rollback(ModelContext(spec, model, registry), BOB)
    moves.approve(ModelContext(spec, model, registry), ANN, 1)
    with pytest.raises(PromotionError, match="only version 1 has served"):
        moves.rollback(ModelContext(spec, model, registry), BOB)
    moves.approve(ModelContext(spec, model, registry), ANN, 2)
    with pytest.raises(PromotionError, match=r"version 3 of tiny has never served; .* are 1, 2"):
        moves.rollback(ModelContext(spec, model, registry), BOB, to=3)
    with pytest.raises(PromotionError, match="version 2 is the champion of tiny already"):
        moves.rollback(ModelContext(spec, model, registry), BOB, to=2)


def test_rolling_back_twice_goes_back_further_and_not_to_what_was_taken_back(free):
    spec, model, registry = free
    for version in (1, 2, 3):
        moves.approve(ModelContext(spec, model, registry), ANN, version)
    assert moves.rollback(ModelContext(spec, model, registry), BOB).version == 2
    assert moves.rollback(ModelContext(spec, model, registry), BOB).version == 1
    with pytest.raises(PromotionError, match="no champion of tiny before version 1 is left"):
        moves.rollback(ModelContext(spec, model, registry), BOB)
    assert moves.rollback(ModelContext(spec, model, registry), BOB, to=3).version == 3


def test_what_was_taken_back_is_promoted_by_a_person_only(free):
    spec, model, registry = free
    moves.approve(ModelContext(spec, model, registry), ANN, 1)
    moves.approve(ModelContext(spec, model, registry), ANN, 2)
    moves.rollback(ModelContext(spec, model, registry), BOB)
    with pytest.raises(PromotionError, match=r"version 2 of tiny was taken back .*only a person"):
        promote(ModelContext(spec, model, registry), 2, day(5), "tiny-v1-x")
    about = {"decision": "tiny-v1-y", "day": day(5)}
    model.decisions.record(**about, stage="decided", rules=["model_age"], version=1, reason="old")
    assert promote_or_reject(ModelContext(spec, model, registry), 2, day(5), "tiny-v1-y") is None
    assert entry_of(model, "tiny-v1-y")["outcome"] == "rejected"
    assert "was taken back" in model.decisions.outcome("tiny-v1-y")

    moves.approve(ModelContext(spec, model, registry), ANN, 2)
    moves.approve(ModelContext(spec, model, registry), ANN, 3)
    assert promote(ModelContext(spec, model, registry), 2, day(5), "tiny-v3-x").version == 2


def test_a_decision_that_a_later_move_came_before_ends_without_its_version(free):
    spec, model, registry = free
    moves.approve(ModelContext(spec, model, registry), ANN, 3)
    about = {"decision": "tiny-v0-y", "day": day(4)}
    model.decisions.record(
        **about, stage="decided", rules=["no_champion"], version=None, reason="none"
    )
    assert promote_or_reject(ModelContext(spec, model, registry), 2, day(4), "tiny-v0-y") is None
    assert entry_of(model, "tiny-v0-y")["outcome"] == "rejected"
    assert "a day that a later champion served would change" in model.decisions.outcome("tiny-v0-y")
    assert [item.version for item in model.versions.promotions()] == [3]


@pytest.mark.parametrize("cut", ["add_promotion", "set_alias", "record_promotion"])
def test_a_move_that_was_cut_short_is_finished_by_the_next(free, monkeypatch, cut):
    spec, model, registry = free
    moves.approve(ModelContext(spec, model, registry), ANN, 1)
    wait(model, 2, "d2")
    target = {"add_promotion": model.versions, "set_alias": registry, "record_promotion": moves}[
        cut
    ]
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
            moves.approve(ModelContext(spec, model, registry), ANN)
    assert entry_of(model, "d2")["outcome"] == "waiting"

    assert moves.finish(ModelContext(spec, model, registry)).version == 2
    assert moves.finish(ModelContext(spec, model, registry)) is None
    assert versions_of(model) == [(1, None, "ann"), (2, 1, "ann")]
    finished = entry_of(model, "d2")
    assert (finished["outcome"], finished["person"]) == ("promoted", "ann")
    assert (registry.alias("tiny", "champion"), registry.alias("tiny", "previous")) == (2, 1)


@pytest.mark.parametrize("move", ["approve", "rollback"])
def test_a_move_that_was_cut_short_before_it_moved_anything_never_was(free, monkeypatch, move):
    spec, model, registry = free
    for version in (1, 2):
        moves.approve(ModelContext(spec, model, registry), ANN, version)
    before, outcomes = versions_of(model), story_of(model)

    def die(promotion):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(model.versions, "add_promotion", die)
        about = ModelContext(spec, model, registry)
        with pytest.raises(KeyboardInterrupt):
            getattr(moves, move)(about, ANN, 3 if move == "approve" else 1)
    assert (versions_of(model), story_of(model)) == (before, outcomes)

    moves.rollback(ModelContext(spec, model, registry), BOB)
    assert entry_of(model, "tiny-rollback-3-v1")["reason"].startswith("version 2 taken back by bob")


def first(move, registry, patched):
    """Lets a move come first, of whoever waits for the lock at the same moment."""
    lock = registry.lock

    def after_it(name):
        patched.undo()
        move()
        return lock(name)

    patched.setattr(registry, "lock", after_it)


def test_of_two_rollbacks_at_the_same_moment_one_goes_back_and_the_other_is_told(free, monkeypatch):
    spec, model, registry = free
    for version in (1, 2, 3):
        moves.approve(ModelContext(spec, model, registry), ANN, version)
    first(lambda: moves.rollback(ModelContext(spec, model, registry), BOB), registry, monkeypatch)
    with pytest.raises(PromotionError, match=r"another move came first: version 2 .* by bob"):
        moves.rollback(ModelContext(spec, model, registry), ANN)
    assert versions_of(model)[-1] == (2, 3, "bob")


def test_an_approval_is_told_of_a_rollback_that_came_first(free, monkeypatch):
    spec, model, registry = free
    for version in (1, 2):
        moves.approve(ModelContext(spec, model, registry), ANN, version)
    first(lambda: moves.rollback(ModelContext(spec, model, registry), BOB), registry, monkeypatch)
    with pytest.raises(PromotionError, match=r"another move came first: version 1 .* by bob"):
        moves.approve(ModelContext(spec, model, registry), ANN, 3)
    assert moves.approve(ModelContext(spec, model, registry), ANN, 3).version == 3


def test_a_champion_that_was_deleted_from_the_registry_can_be_taken_back(free):
    spec, model, registry = free
    for version in (1, 2):
        moves.approve(ModelContext(spec, model, registry), ANN, version)
    registry.client.delete_model_version("tiny", "2")
    assert moves.rollback(ModelContext(spec, model, registry), BOB).version == 1
    assert registry.alias("tiny", "champion") == 1
    with pytest.raises(RegistryError, match="no version 2 of tiny"):
        moves.approve(ModelContext(spec, model, registry), ANN, 2)


def approve_at_once(root, name, parties):
    """Approves in a process of its own; the message of what came of it."""
    with World(Path(root)).active(), open_lake() as lake:
        spec = find_model("tiny").spec
        model, registry = ModelContext.of(lake, spec).store, open_registry()
        _ = registry.client
        meet(parties)
        try:
            promoted = moves.approve(ModelContext(spec, model, registry), Person(name, "at once"))
        except PromotionError as error:
            return str(error)
        return f"{promoted.person} won"


def test_of_approvals_at_the_same_moment_one_wins_and_the_other_is_told(free, processes, tmp_path):
    _, model, _ = free
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
