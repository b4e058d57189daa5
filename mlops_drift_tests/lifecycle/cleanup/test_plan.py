"""The plan of a cleanup: what goes, and each reason to stay."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_drift.lifecycle.cleanup.rules import (
    landing_needs,
    last_scored,
    metrics_needs,
    plan_cleanup,
)
from mlops_drift.lifecycle.cleanup.things import Days, Need, Stored, Thing
from mlops_drift.policy.retention import Lookback, Retention
from mlops_drift.store.records import Promotion

TODAY = date(2024, 6, 30)
LOOKBACK = Lookback(predictions=10, season=0, window=20, delay=5, history=0)
SHORT = Retention(
    versions=1, training_sets_days=5, predictions_days=10, landing_days=30, metrics_days=10
)


def ago(days):
    return TODAY - timedelta(days=days)


def version(number, **facts):
    """A version of long ago, trained in the order of the numbers."""
    return Thing(
        "version", str(number), **{"used": ago(100 - number), "started": number * 10, **facts}
    )


def training_set(name, *versions, age=100, **facts):
    return Thing("training set", name, used=ago(age), versions=frozenset(versions), **facts)


def run(name, started, *needed_by):
    return Thing("training run", name, started=started, needed_by=needed_by)


def table(group, *numbers, **facts):
    return Days(group, group, {ago(number): 10 for number in numbers}, **facts)


def promotion(version, age):
    return Promotion(1, ago(age), version, None, "", "", "")


SETS = [training_set(f"s{number}", number) for number in range(1, 5)]
VERSIONS = [version(1), version(2, needed_by=("champion",)), version(3), version(4)]
OLD = Stored(TODAY, [*VERSIONS, *SETS])


def going(*things, retention=SHORT, **facts):
    """What goes, as kind and name."""
    plan = plan_cleanup(replace(OLD, things=things, **facts), retention)
    return {(item.kind, item.name) for item in plan.items}


def versions_going(*versions, retention=SHORT):
    return {int(name) for _, name in going(*versions, retention=retention)}


def why_kept(name, *things, retention=SHORT):
    plan = plan_cleanup(replace(OLD, things=things), retention)
    return "; ".join(reason for kept in plan.kept if kept.name == name for reason in kept.needed_by)


def first_kept(days, *needs, retention=SHORT, others=(), **facts):
    """The first day of a table that stays, in days before today; None if nothing goes."""
    stored = replace(OLD, things=(), days=[days, *others], needs={days.group: needs}, **facts)
    for item in plan_cleanup(stored, retention).items:
        if item.name == days.table:
            return (TODAY - item.before).days
    return None


# Versions


def test_a_version_that_nothing_needs_goes_with_its_training_set():
    assert going(*OLD.things) == {
        ("version", "1"),
        ("version", "3"),
        ("training set", "s1"),
        ("training set", "s3"),
    }
    assert "champion" in why_kept("2", *OLD.things)


def test_without_a_limit_nothing_goes():
    assert going(*OLD.things, retention=Retention()) == set()


def test_without_a_day_nothing_has_an_age():
    assert going(*OLD.things, day=None) == set()


def test_the_newest_versions_stay():
    two = SHORT.model_copy(update={"versions": 2})
    assert versions_going(*VERSIONS, retention=two) == {1}
    assert "one of the 1 newest" in why_kept("4", *VERSIONS)


@pytest.mark.parametrize(("age", "kept"), [(5, True), (6, False)])
def test_a_version_that_was_used_lately_stays(age, kept):
    assert (3 not in versions_going(version(3, used=ago(age)), version(4))) == kept


@pytest.mark.parametrize(("age", "kept"), [(10, True), (11, False)])
def test_a_version_stays_as_long_as_its_predictions_do(age, kept):
    assert (1 not in versions_going(version(1, scored=ago(age)), version(4))) == kept


def test_a_version_whose_predictions_are_kept_for_ever_stays_for_ever():
    scored, for_ever = version(1, scored=ago(90)), Retention(versions=1)
    assert versions_going(scored, version(4), retention=for_ever) == set()
    kept = why_kept("1", scored, version(4), retention=for_ever)
    assert f"its predictions up to {ago(90)} are kept" in kept


def test_a_version_scores_until_the_next_champion_does():
    promotions = [promotion(1, 90), promotion(3, 50), promotion(2, 10)]
    found = [last_scored(number, promotions, TODAY) for number in (1, 2, 3, 4)]
    assert found == [ago(50), TODAY, ago(10), None]
    assert last_scored(1, [], TODAY) is None


def test_what_an_interrupted_removal_left_of_a_version_goes_whatever_the_limits():
    left = version(1, reason="its removal was interrupted", paths=("baseline",), size=7)
    plan = plan_cleanup(Stored(TODAY, [left, version(4)]), Retention())
    assert list(plan.items) == [left]


# Training sets


@pytest.mark.parametrize(("age", "kept"), [(5, True), (6, False)])
def test_a_set_without_a_version_goes_by_its_last_event(age, kept):
    assert (going(training_set("lost", age=age)) == set()) == kept


def test_a_set_that_something_needs_stays():
    lost = training_set("lost", needed_by=("decision d is under way",))
    assert going(lost) == set()
    assert why_kept("lost", lost) == "decision d is under way"


def test_a_set_of_a_version_that_stays_does():
    assert ("training set", "s1") not in going(*VERSIONS, training_set("s1", 1, 2))


def test_a_set_goes_once_its_versions_are_on_record_as_removed():
    # Versions that are nowhere, as after the loss of MLflow's database, were not removed.
    assert going(version(4), SETS[0]) == set()
    assert going(version(4), SETS[0], removed=frozenset({1})) == {("training set", "s1")}


# Runs without a version


def test_a_run_without_version_goes_with_the_versions_of_its_time():
    found = going(*VERSIONS, run("early", 5), run("late", 45), run("active", 5, "under way"))
    assert {name for kind, name in found if kind == "training run"} == {"early"}
    assert going(run("early", 5)) == set()


# Days


def test_days_go_by_their_age():
    stored = Stored(TODAY, days=[table("predictions", 9, 10, 11, 12)])
    [item] = plan_cleanup(stored, SHORT).items
    assert (item.name, item.before, item.size) == ("predictions", ago(10), 20)


def test_the_page_of_a_day_goes_by_its_age():
    pages = [Thing("report", f"report of {age} days", used=ago(age)) for age in (9, 10, 11)]
    assert going(*pages) == {("report", "report of 11 days")}
    assert going(*pages, retention=Retention()) == set()


def test_days_that_are_needed_stay():
    days = table("metrics", 5, 100)
    assert first_kept(days, Need(ago(40), "who")) == 40
    assert first_kept(days, Need(ago(9), "who")) == 10
    assert first_kept(days, Need(date.min, "who")) is None


def test_features_stay_as_long_as_their_predictions():
    stored = Stored(
        TODAY, days=[table("landing", 5, 100)], needs={"predictions": [Need(ago(49), "who")]}
    )
    plan = plan_cleanup(stored, SHORT)
    assert [item.before for item in plan.items] == [ago(49)]
    assert {kept.name: kept.needed_by for kept in plan.kept} == {
        "predictions": (f"from {ago(49)} on: who",),
        "landing": (f"from {ago(49)} on: predictions are kept",),
    }


def test_an_event_outlives_its_features_until_the_last_label_of_it_goes():
    events = Days("events", "landing", {ago(5): 1, ago(100): 1}, are_events=True)
    about = {ago(10): ago(41), ago(31): ago(99)}
    needs = {"others": [table("landing", 5, 100)], "events_of_labels": about}
    assert first_kept(events, **needs) == 41
    assert first_kept(table("landing", 5, 100), **{**needs, "others": [events]}) == 30


def test_numbers_that_decisions_and_messages_rest_on_are_needed():
    first, second, third = promotion(1, 90), promotion(2, 9), promotion(3, 7)
    assert [need.first for need in metrics_needs([first])] == [date.min]
    assert [need.first for need in metrics_needs([first, second])] == [ago(89)]
    assert [need.first for need in metrics_needs([first, second, third])] == [ago(8)]


TWO = (promotion(1, 90), promotion(2, 50))


def needed(promotions=TWO, labelled=5, history=0, **facts):
    """The first day that a training may read, in days before today."""
    facts = {"under_way": [], "since_change": False, **facts}
    lookback = replace(LOOKBACK, history=history)
    last = None if labelled is None else ago(labelled)
    first = min(need.first for need in landing_needs(promotions, lookback, last, **facts))
    return None if first == date.min else (TODAY - first).days


def test_features_that_a_training_may_take_are_needed():
    assert needed() == 24
    # Labels may be late.
    assert (needed(labelled=40), needed(labelled=40, history=7)) == (59, 66)
    assert needed(since_change=True) == 49
    again = [promotion(1, 90), promotion(2, 50), promotion(1, 20)]
    assert needed(again, since_change=True) == 89
    assert needed(under_way=[Need(ago(70), "d")], history=2) == 72
    assert needed(under_way=[Need(date.min, "d")], history=2) is None
    # Until a first version serves, and has labels.
    assert needed(promotions=[]) is None
    assert needed(labelled=None) is None


# Whatever is stored

numbers = st.integers(1, 6)
moments = st.integers(0, 60).map(ago)
needs = st.lists(st.builds(Need, moments, st.just("who")), max_size=2)
needed_by = st.sampled_from([(), (), ("who",)])


@st.composite
def stores(draw):
    known = sorted(draw(st.sets(numbers, max_size=6)))
    found = [
        version(
            number, used=draw(moments), scored=draw(st.none() | moments), needed_by=draw(needed_by)
        )
        for number in known
    ]
    sets = [
        training_set(
            f"s{name}",
            *(number for number in known if number % 3 == name),
            age=draw(st.integers(0, 60)),
            needed_by=draw(needed_by),
        )
        for name in range(3)
    ]
    return Stored(
        TODAY,
        [*found, *sets, run("x", draw(st.integers(0, 70)), *draw(needed_by))],
        [table("landing", *range(60)), table("predictions", *range(60))],
        {"landing": draw(needs), "predictions": draw(needs), "metrics": draw(needs)},
    )


limits = st.builds(
    Retention,
    versions=st.none() | st.integers(1, 4),
    training_sets_days=st.none() | st.integers(1, 40),
    predictions_days=st.none() | st.integers(10, 40),
    landing_days=st.none() | st.integers(25, 50),
    metrics_days=st.none() | st.integers(1, 40),
)


@settings(max_examples=40)
@given(stores(), limits)
def test_nothing_goes_that_something_needs_now_or_at_the_next_cleanup(stored, retention):
    plan = plan_cleanup(stored, retention)
    gone = {(item.kind, item.name) for item in plan.items}
    assert not [thing for thing in stored.things if thing.needed_by and key(thing) in gone]
    versions = [int(thing.name) for thing in stored.of("version")]
    kept = {number for number in versions if ("version", str(number)) not in gone}
    assert set(sorted(versions, reverse=True)[: retention.versions]) <= kept
    before = {item.name: item.before for item in plan.items if item.kind == "days"}
    for thing in stored.of("training set"):
        assert key(thing) not in gone or not thing.versions & kept
    for thing in stored.of("version"):
        is_scored = thing.scored and thing.scored >= before.get("predictions", date.min)
        assert not (is_scored and key(thing) in gone)
    for group, first in before.items():
        assert all(first <= need.first for need in stored.needs[group])
    if "landing" in before and retention.predictions_days:
        assert before["landing"] <= before["predictions"]
    left = replace(
        stored,
        things=[thing for thing in stored.things if key(thing) not in gone],
        removed=frozenset(versions) - kept,
        days=[
            replace(
                one,
                sizes={
                    day: size
                    for day, size in one.sizes.items()
                    if day >= before.get(one.table, date.min)
                },
            )
            for one in stored.days
        ],
    )
    assert plan_cleanup(left, retention).items == []


def key(thing):
    return thing.kind, thing.name


def test_what_a_kill_left_goes_in_any_case():
    left = Thing("leftover", ".removing-x", 5, "killed", paths=(".removing-x",))
    for stored in (Stored(TODAY, [left]), Stored(None, [left])):
        assert left in plan_cleanup(stored, Retention()).items
