"""The plan of a cleanup: what goes, and each reason to stay."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_drift.lifecycle.cleanup.plan import plan_cleanup
from mlops_drift.lifecycle.cleanup.stored import (
    Item,
    Pointing,
    Stored,
    StoredDays,
    StoredRun,
    StoredSet,
    StoredVersion,
)
from mlops_drift.policy.retention import Lookback, Retention

TODAY = date(2024, 6, 30)
REACH = Lookback(predictions=10, season=0, window=20, delay=5, history=0)
SHORT = Retention(
    versions=1, training_sets_days=5, predictions_days=10, landing_days=30, metrics_days=10
)


def ago(days):
    return TODAY - timedelta(days=days)


def version(number, **facts):
    """A version of long ago; its number is also the name of its training set and run."""
    return StoredVersion(number, ago(100 - number), f"s{number}", f"r{number}", **facts)


def days(table, group, *numbers, **facts):
    return StoredDays(table, group, {ago(number): 10 for number in numbers}, **facts)


OLD = Stored(
    day=TODAY,
    promotions=[(1, ago(90)), (2, ago(50))],
    pointers={2: "champion"},
    versions=[version(number) for number in range(1, 5)],
    sets=[StoredSet(f"s{number}", ago(100), frozenset({number})) for number in range(1, 5)],
    training_starts={1: 10, 2: 20, 3: 30, 4: 40},
    last_labelled=ago(5),
)


def going(stored, retention=SHORT, reach=REACH):
    """What goes, as kind and name."""
    return {(item.kind, item.name) for item in plan_cleanup(stored, retention, reach).items}


def versions_going(stored, retention=SHORT):
    return {int(name) for kind, name in going(stored, retention) if kind == "version"}


def why_kept(stored, name, retention=SHORT, reach=REACH):
    plan = plan_cleanup(stored, retention, reach)
    return "; ".join(kept.reason for kept in plan.kept if kept.name == name)


def first_kept(stored, table, retention=SHORT, reach=REACH):
    """The first day of a table that stays, in days before today; None if nothing goes."""
    for item in plan_cleanup(stored, retention, reach).items:
        if item.name == table:
            return (TODAY - item.before).days
    return None


# Versions


def test_a_version_that_nothing_points_to_goes_with_its_training_set():
    assert going(OLD) == {
        ("version", "1"),
        ("version", "3"),
        ("training set", "s1"),
        ("training set", "s3"),
    }


def test_without_a_limit_nothing_goes():
    assert plan_cleanup(OLD, Retention(), REACH).items == []


def test_without_a_day_nothing_has_an_age():
    assert plan_cleanup(replace(OLD, day=None), SHORT, REACH).items == ()


def test_a_version_that_is_pointed_to_stays():
    assert versions_going(replace(OLD, pointers={1: "alias previous", 2: "champion"})) == {3}
    assert "champion" in why_kept(OLD, "2")


def test_the_newest_versions_stay():
    assert versions_going(OLD, SHORT.model_copy(update={"versions": 2})) == {1}
    assert "one of the 1 newest" in why_kept(OLD, "4")


@pytest.mark.parametrize("how", ["waits", "is under way"])
def test_a_version_of_an_open_decision_stays_however_old_it_is(how):
    decision = Pointing("d", ago(80), frozenset({1}), how)
    assert versions_going(replace(OLD, decisions=[decision])) == {3}


@pytest.mark.parametrize(("age", "kept"), [(5, True), (6, False)])
def test_a_version_that_was_decided_about_lately_stays(age, kept):
    decision = Pointing("d", ago(age), frozenset({3}))
    assert (3 not in versions_going(replace(OLD, decisions=[decision]))) == kept


def test_a_version_that_was_trained_lately_stays():
    young = replace(version(3), as_of=ago(5))
    assert versions_going(replace(OLD, versions=[version(1), young, version(4)])) == {1}


@pytest.mark.parametrize(("last", "kept"), [(10, True), (11, False)])
def test_a_version_stays_as_long_as_its_predictions_do(last, kept):
    served = version(1, served=(ago(60), ago(last)))
    stored = replace(OLD, versions=[served, *OLD.versions[1:]])
    assert (1 not in versions_going(stored)) == kept


def test_a_version_stays_as_long_as_a_day_that_it_served_may_be_scored():
    stored = replace(OLD, promotions=[(1, ago(90)), (3, ago(50)), (2, ago(10))])
    assert versions_going(stored) == {1}
    assert versions_going(
        replace(stored, promotions=[(1, ago(90)), (3, ago(50)), (2, ago(11))])
    ) == {
        1,
        3,
    }


def test_a_version_whose_run_is_under_way_stays():
    active = replace(version(3), active=True)
    assert versions_going(replace(OLD, versions=[version(1), active, version(4)])) == {1}


def test_a_version_whose_predictions_are_kept_for_ever_stays_for_ever():
    stored = replace(OLD, versions=[version(1, served=(ago(95), ago(90))), *OLD.versions[1:]])
    for_ever = Retention(versions=1)
    assert versions_going(stored, for_ever) == {3}
    assert f"its predictions up to {ago(50)} are kept" in why_kept(stored, "1", for_ever)


def test_what_a_killed_removal_left_of_a_version_goes_whatever_the_limits():
    left = version(1, listed=False, removed=ago(1), paths=("baseline",), size=7)
    plan = plan_cleanup(replace(OLD, versions=[left, version(4)]), Retention(), REACH)
    assert [(item.name, item.size, item.paths) for item in plan.items] == [("1", 7, ("baseline",))]


# Training sets


@pytest.mark.parametrize(("age", "kept"), [(5, True), (6, False)])
def test_a_set_that_no_version_came_of_goes_by_its_last_event(age, kept):
    stored = replace(OLD, sets=[StoredSet("lost", ago(age))])
    assert (("training set", "lost") not in going(stored)) == kept


def test_a_set_that_a_training_may_be_about_to_take_stays():
    fresh = [replace(one, in_use=True) for one in OLD.sets]
    assert not {name for kind, name in going(replace(OLD, sets=fresh)) if kind == "training set"}


def test_a_set_of_a_version_that_stays_does():
    shared = StoredSet("s1", ago(100), frozenset({1, 2}))
    assert ("training set", "s1") not in going(replace(OLD, sets=[shared]))


def test_a_set_goes_once_its_versions_are_on_record_as_removed():
    stored = replace(OLD, versions=[version(4)], sets=OLD.sets[:1])
    # Versions that are nowhere, as after the loss of MLflow's database, were not removed.
    assert ("training set", "s1") not in going(stored)
    assert ("training set", "s1") in going(replace(stored, removed=frozenset({1})))


def test_no_set_goes_while_a_decision_is_under_way():
    decision = Pointing("d", ago(0), frozenset(), "is under way", ago(10))
    stored = replace(OLD, decisions=[decision], sets=[StoredSet("lost", ago(50))])
    assert ("training set", "lost") not in going(stored)
    assert why_kept(stored, "lost") == "decision d is under way"


# Runs without a version


def test_a_run_without_version_goes_with_the_versions_of_its_time():
    runs = [StoredRun("early", 5), StoredRun("late", 45)]
    assert ("training run", "early") in going(replace(OLD, runs=runs))
    assert ("training run", "late") not in going(replace(OLD, runs=runs))


def test_a_run_that_is_under_way_is_left_alone():
    stored = replace(OLD, runs=[StoredRun("early", 5, active=True)])
    assert ("training run", "early") not in going(stored)
    assert why_kept(stored, "early") == "it is under way"


# Days


def test_days_go_by_their_age():
    stored = replace(OLD, days=[days("p", "predictions", 9, 10, 11, 12)])
    [item] = [item for item in plan_cleanup(stored, SHORT, REACH).items if item.kind == "days"]
    assert (item.name, item.before, item.size) == ("p", ago(10), 20)


def test_numbers_that_decisions_and_messages_rest_on_stay():
    stored = replace(OLD, days=[days("m", "metrics", 5, 100)])
    assert first_kept(stored, "m") == 89
    assert first_kept(replace(stored, promotions=[(1, ago(90))]), "m") is None
    assert (
        first_kept(replace(stored, promotions=[(1, ago(90)), (2, ago(9)), (3, ago(7))]), "m") == 10
    )


def test_predictions_that_a_detector_of_errors_reads_stay():
    served = [version(2, served=(ago(49), ago(0)))]
    stored = replace(OLD, versions=served, days=[days("p", "predictions", 5, 100)])
    assert first_kept(stored, "p") == 10
    assert first_kept(replace(stored, reads_all_errors=True), "p") == 49


def test_features_that_a_training_window_may_take_stay_when_labels_are_late():
    stored = replace(OLD, days=[days("f", "landing", 5, 100)])
    assert first_kept(stored, "f") == 30
    assert first_kept(replace(stored, last_labelled=ago(40)), "f") == 59
    assert (
        first_kept(replace(stored, last_labelled=ago(40)), "f", reach=replace(REACH, history=7))
        == 66
    )


def test_features_since_a_change_stay():
    stored = replace(OLD, days=[days("f", "landing", 5, 100)], takes_since_change=True)
    assert first_kept(stored, "f") == 49
    back_again = replace(stored, promotions=[(1, ago(90)), (2, ago(50)), (1, ago(20))])
    assert first_kept(back_again, "f") == 89


def test_features_of_a_decision_under_way_stay():
    stored = replace(OLD, days=[days("f", "landing", 5, 100)])
    decision = Pointing("d", ago(0), frozenset(), "is under way", ago(70))
    assert first_kept(replace(stored, decisions=[decision]), "f") == 70
    everything = replace(decision, since=None)
    assert first_kept(replace(stored, decisions=[everything]), "f") is None


def test_features_stay_until_a_first_version_serves():
    stored = replace(OLD, days=[days("f", "landing", 5, 100)], promotions=[], pointers={})
    assert first_kept(stored, "f") is None


def test_features_stay_as_long_as_their_predictions():
    stored = replace(
        OLD,
        days=[days("f", "landing", 5, 100)],
        versions=[version(2, served=(ago(49), ago(0)))],
        reads_all_errors=True,
    )
    assert first_kept(stored, "f") == 49


def test_an_event_outlives_its_features_until_the_last_label_of_it_goes():
    tables = [days("f", "landing", 5, 100), days("e", "landing", 5, 100, outlives=True)]
    stored = replace(OLD, days=tables, events_of_labels={ago(30): ago(41), ago(31): ago(99)})
    assert (first_kept(stored, "f"), first_kept(stored, "e")) == (30, 41)


# Whatever is stored

numbers = st.integers(1, 6)
moments = st.integers(0, 60).map(ago)


@st.composite
def stores(draw):
    known = draw(st.sets(numbers, max_size=6))
    found = [
        StoredVersion(
            number,
            draw(moments),
            f"s{number % 3}",
            f"r{number}",
            served=draw(
                st.none() | st.tuples(moments, moments).map(lambda pair: tuple(sorted(pair)))
            ),
        )
        for number in sorted(known)
    ]
    sets = [
        StoredSet(
            name, draw(moments), frozenset(one.number for one in found if one.training_set == name)
        )
        for name in ("s0", "s1", "s2")
    ]
    decisions = draw(
        st.lists(
            st.builds(
                Pointing,
                st.just("d"),
                moments,
                st.frozensets(numbers, max_size=2),
                st.sampled_from(["", "waits", "is under way"]),
                st.none() | moments,
            ),
            max_size=3,
        )
    )
    return Stored(
        day=TODAY,
        promotions=[(number, draw(moments)) for number in draw(st.lists(numbers, max_size=3))],
        pointers=dict.fromkeys(draw(st.sets(numbers, max_size=3)), "alias"),
        decisions=decisions,
        versions=found,
        sets=sets,
        runs=[StoredRun("x", draw(st.integers(0, 70)), draw(st.booleans()))],
        training_starts={number: number * 10 for number in known},
        days=[days("f", "landing", *range(60)), days("p", "predictions", *range(60))],
        last_labelled=draw(st.none() | moments),
    )


limits = st.builds(
    Retention,
    versions=st.none() | st.integers(1, 4),
    training_sets_days=st.none() | st.integers(1, 40),
    predictions_days=st.none() | st.integers(10, 40),
    landing_days=st.none() | st.integers(25, 50),
    metrics_days=st.none() | st.integers(1, 40),
)


@given(stores(), limits)
def test_nothing_goes_that_something_points_to(stored, retention):
    plan = plan_cleanup(stored, retention, REACH)
    gone = {int(item.name) for item in plan.items if item.kind == "version"}
    kept = {one.number for one in stored.versions} - gone
    still_open = {number for one in stored.decisions if one.open for number in one.versions}
    newest = sorted((one.number for one in stored.versions), reverse=True)[: retention.versions]
    assert not gone & (set(stored.pointers) | still_open | set(newest))
    sets = {item.name for item in plan.items if item.kind == "training set"}
    assert not sets & {one.training_set for one in stored.versions if one.number in kept}
    before = {item.name: item.before for item in plan.items if item.kind == "days"}
    served = [one.served[1] for one in stored.versions if one.number in gone and one.served]
    assert not served or max(served) < before["p"]
    if "f" in before:
        assert "p" not in before or before["f"] <= before["p"]
        assert stored.promotions
        assert before["f"] <= stored.last_labelled - timedelta(days=REACH.window - 1)
        starts = [one.since for one in stored.decisions if one.open == "is under way"]
        assert None not in starts
        assert all(before["f"] <= start for start in starts)
    assert "x" not in {item.name for item in plan.items} or not stored.runs[0].active


@given(stores(), limits)
def test_what_stays_stays_at_the_next_cleanup_too(stored, retention):
    plan = plan_cleanup(stored, retention, REACH)
    gone = {(item.kind, item.name) for item in plan.items}
    before = {item.name: item.before for item in plan.items if item.kind == "days"}
    left = replace(
        stored,
        versions=[one for one in stored.versions if ("version", str(one.number)) not in gone],
        sets=[one for one in stored.sets if ("training set", one.id) not in gone],
        runs=[one for one in stored.runs if ("training run", one.id) not in gone],
        training_starts={
            number: start
            for number, start in stored.training_starts.items()
            if ("version", str(number)) not in gone
        },
        days=[
            replace(
                table,
                sizes={
                    day: size
                    for day, size in table.sizes.items()
                    if day >= before.get(table.table, date.min)
                },
            )
            for table in stored.days
        ],
    )
    assert plan_cleanup(left, retention, REACH).items == []


def test_what_a_kill_left_goes_in_any_case():
    left = Item("leftover", ".removing-x", 5, "killed", (".removing-x",))
    for stored in (replace(OLD, leftovers=[left]), Stored(None, leftovers=[left])):
        assert left in plan_cleanup(stored, Retention(), REACH).items
