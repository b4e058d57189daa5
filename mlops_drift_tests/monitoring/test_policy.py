from dataclasses import replace
from datetime import date, timedelta

import pytest

from mlops_drift.monitoring.config import RetrainingPolicy
from mlops_drift.monitoring.policy import (
    MANUAL,
    NO_CHAMPION,
    Champion,
    Evidence,
    FailedCheck,
    PastDecision,
    decide,
)

START = date(2024, 10, 1)
POLICY = RetrainingPolicy(first_training_rows=100, rows_since_change=60, min_new_labels=30)


def day(number):
    return START + timedelta(days=number)


def failed(check="performance_drop", on=12, about=None, version=1, **changes):
    fields = {
        "check": check,
        "day": day(on),
        "production_day": day(on if about is None else about),
        "version": version,
        "column": "accuracy",
        "value": 0.6,
        "threshold": 0.8,
        "n": 100,
        "reason": f"{check} failed on day {on}",
    }
    return FailedCheck(**{**fields, **changes})


def evidence(on=12, checks=(), labelled=None, champion=Champion(1, day(5)), **more):  # noqa: B008
    rows = labelled if labelled is not None else {day(n): 20 for n in range(on)}
    return Evidence(day(on), champion, checks, rows, **more)


def past(number=10, outcome=None, version=1, labelled=200, **changes):
    fields = {
        "id": f"shop-v{version}-{day(number)}",
        "day": day(number),
        "rules": ("performance_drop",),
        "version": version,
        "since": None,
        "labelled": labelled,
        "outcome": outcome,
    }
    return PastDecision(**{**fields, **changes})


def decided(given, history=(), policy=POLICY):
    return decide("shop", given, history, policy)


def test_the_first_version_waits_for_enough_labelled_rows():
    waiting = decided(evidence(on=4, champion=None))
    assert (waiting.action, waiting.reason) == (
        "wait",
        "80 of 100 labelled rows for a first version",
    )
    first = decided(evidence(on=5, champion=None))
    assert (first.action, first.rules, first.labelled) == ("retrain", (NO_CHAMPION,), 100)
    assert (first.day, first.version, first.since) == (day(5), None, None)
    assert first.id == "shop-v0-2024-10-06"


def test_no_version_is_trained_while_a_class_is_missing():
    given = evidence(champion=None, missing_classes=["left", "gone"])
    assert decided(given).reason == "no labelled row of class left, gone yet"
    given = evidence(checks=[failed()], missing_classes=["left"])
    assert decided(given).action == "wait"


def test_a_refused_first_version_waits_for_new_labels():
    history = [past(5, "rejected", None, labelled=100), past(6, "rejected", None, labelled=120)]
    waiting = decided(evidence(on=7, champion=None), history)
    assert waiting.reason == "140 of 150 labelled rows for a first version"
    assert decided(evidence(on=8, champion=None), history).id == "shop-v0-2024-10-09"


def test_nothing_failed_is_nothing_to_do():
    decision = decided(evidence())
    assert (decision.action, decision.id) == ("nothing", "")
    assert decision.reason == "no failed check of version 1"


def test_a_failed_check_retrains_with_its_evidence():
    check = failed(on=12, about=10)
    decision = decided(evidence(checks=[check]))
    assert decision.action == "retrain"
    assert (decision.day, decision.version, decision.labelled) == (day(12), 1, 240)
    assert decision.id == "shop-v1-2024-10-13"
    assert decision.rules == ("performance_drop",)
    assert decision.reason == check.reason
    assert decision.evidence == (check,)


def test_an_episode_is_named_by_its_first_day_and_carries_all_its_failures():
    checks = [
        failed("feature_drift", on=10, column="age"),
        failed("performance_drop", on=12),
        failed("feature_drift", on=12, column="miles", value=0.9, threshold=0.1, reason="miles"),
    ]
    decision = decided(evidence(checks=checks))
    assert decision.id == "shop-v1-2024-10-11"
    assert decision.rules == ("feature_drift", "performance_drop")
    assert decision.reason == "miles; performance_drop failed on day 12"
    assert decision.evidence == tuple(checks)


@pytest.mark.parametrize(
    "check",
    [
        failed(on=5),
        failed(on=3),
        failed(on=13),
        failed(version=2),
        failed("data_quality"),
        failed("feature_drift"),
    ],
    ids=["promotion day", "before", "after the day", "other version", "quality", "not wanted"],
)
def test_only_wanted_failures_of_the_champion_since_its_promotion_count(check):
    policy = POLICY.model_copy(update={"retrain_on": ["performance_drop"]})
    assert decided(evidence(checks=[check]), policy=policy).action == "nothing"


def test_without_wanted_checks_nothing_retrains():
    checks = [failed(), failed("feature_drift"), failed("prediction_drift")]
    policy = POLICY.model_copy(update={"retrain_on": []})
    assert decided(evidence(checks=checks), policy=policy).action == "nothing"


@pytest.mark.parametrize("champion", [None, Champion(1, day(5))])
def test_a_decision_under_way_is_given_again(champion):
    version = champion.version if champion else None
    mine = past(10, version=version, since=day(8), labelled=190)
    again = decided(evidence(on=14, checks=[failed(on=13)], champion=champion), [mine])
    assert again.action == "retrain"
    assert (again.id, again.day, again.since) == (mine.id, mine.day, mine.since)
    assert (again.rules, again.version, again.labelled) == (mine.rules, version, 190)
    assert "under way" in again.reason


def test_an_episode_is_decided_once():
    checks = [failed(on=10)]
    promoted = [past(10, "promoted")]
    assert decided(evidence(checks=checks, champion=Champion(2, day(10))), promoted).action == (
        "nothing"
    )
    assert decided(evidence(checks=checks), [past(10, "rejected")]).action == "nothing"


def test_after_a_refused_challenger_a_new_failure_needs_new_labels():
    history = [past(10, "rejected", labelled=220)]
    waiting = decided(evidence(checks=[failed(on=10), failed(on=12)]), history)
    assert waiting.action == "wait"
    assert waiting.reason == ("a challenger was refused; 20 of 30 new labels for another")
    later = decided(evidence(on=13, checks=[failed(on=10), failed(on=12)]), history)
    assert later.action == "retrain"
    assert later.id == "shop-v1-2024-10-13"
    assert later.evidence == (failed(on=12),)


def test_what_was_refused_for_another_champion_does_not_hold_back():
    history = [past(4, "rejected", version=0, labelled=1000)]
    assert decided(evidence(checks=[failed()]), history).action == "retrain"


def test_a_manual_decision_ends_the_episode_before_it():
    history = [past(11, "rejected", rules=(MANUAL,), labelled=0)]
    assert decided(evidence(checks=[failed(on=11)]), history).action == "nothing"
    assert decided(evidence(checks=[failed(on=12)]), history).action == "retrain"


def test_a_performance_drop_retrains_on_the_rows_since_the_change_if_they_are_enough():
    checks = [failed(on=11, about=9), failed(on=12, about=10)]
    assert decided(evidence(checks=checks)).since == day(9)
    late = [failed(on=12, about=10)]
    assert decided(evidence(checks=late)).since is None
    few = replace(evidence(checks=checks), labelled={day(9): 59, day(1): 500})
    assert decided(few).since is None


def test_drift_alone_retrains_on_the_usual_window():
    drift = [failed("feature_drift", on=9)]
    assert decided(evidence(checks=drift)).since is None
    policy = POLICY.model_copy(update={"window_days": 5})
    assert decided(evidence(checks=drift), policy=policy).since == day(7)


def test_the_window_counts_back_from_the_last_labelled_day():
    policy = POLICY.model_copy(update={"window_days": 3})
    labelled = {day(0): 100, day(8): 100}
    first = decided(evidence(champion=None, labelled=labelled), policy=policy)
    assert first.since == day(6)
    late = [failed(on=12, about=10)]
    assert decided(evidence(checks=late, labelled=labelled), policy=policy).since == day(6)


def test_the_same_evidence_is_the_same_decision():
    given = evidence(checks=[failed()])
    assert decided(given) == decided(given)


def test_a_refused_challenger_does_not_make_the_change_later():
    drops = [failed(on=number) for number in (9, 10, 11, 12)]
    given = evidence(checks=drops, labelled={day(n): 20 for n in range(13)})
    refused = past(number=11, outcome="rejected", labelled=200)
    assert decided(given, [refused]).since == day(9)


def test_a_decision_about_a_replaced_version_has_nothing_left_to_do():
    given = evidence(champion=Champion(2, day(11), "shop-manual-1"))
    assert decided(given, [past(version=1, outcome=None)]).action == "nothing"


def test_a_promotion_that_was_not_recorded_as_an_outcome_is_taken_up_again():
    left_open = past(version=1, outcome=None)
    given = evidence(champion=Champion(2, day(11), left_open.id))
    assert decided(given, [left_open]).id == left_open.id


def test_failures_that_were_decided_on_are_named_as_such():
    given = evidence(checks=[failed(on=9)])
    reason = decided(given, [past(number=10, outcome="rejected")]).reason
    assert reason == f"the failed checks of version 1 were decided on {day(10)}"
