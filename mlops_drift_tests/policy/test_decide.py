"""Decisions by evidence and history: `decide`, `evidence`, `situation`."""

import pytest

from mlops_drift.policy.decision import NO_CHAMPION, Champion
from mlops_drift_tests.policy.decisions import POLICY, day, decided, evidence, failed, past


def test_the_first_version_waits_for_enough_labelled_rows():
    waiting = decided(evidence(on=4, champion=None))
    assert (waiting.action, waiting.reason) == (
        "wait",
        "80 of 100 labelled rows for a first version",
    )
    first = decided(evidence(on=5, champion=None))
    assert (first.action, first.kind, first.labelled) == ("retrain", "first", 100)
    assert (first.day, first.version, first.candidates) == (day(5), None, {"everything": None})
    assert first.id == "shop-v0-2024-10-06"


def test_no_version_is_trained_while_a_class_is_missing():
    given = evidence(champion=None, missing_classes=["left", "gone"])
    assert decided(given).reason == "no labelled row of class left, gone yet"
    given = evidence(checks=[failed()], missing_classes=["left"])
    assert decided(given).action == "wait"


def test_a_rejected_first_version_waits_for_new_labels():
    history = [past(5, "rejected", None, labelled=100), past(6, "rejected", None, labelled=120)]
    waiting = decided(evidence(on=7, champion=None), history)
    assert waiting.reason == "140 of 150 labelled rows for a first version"
    assert decided(evidence(on=8, champion=None), history).id == "shop-v0-2024-10-09"


def test_nothing_failed_is_nothing_to_do():
    decision = decided(evidence())
    assert (decision.action, decision.id) == ("nothing", "shop-2024-10-13-nothing")
    assert decision.reason == "no failed check of version 1 that may retrain"


def test_a_failed_check_retrains_with_its_evidence():
    check = failed(on=12, about=10)
    decision = decided(evidence(checks=[check]))
    assert decision.action == "retrain"
    assert (decision.day, decision.version, decision.labelled) == (day(12), 1, 240)
    assert decision.id == "shop-v1-2024-10-13"
    assert (decision.kind, decision.triggers) == ("performance", ("performance_drop",))
    assert decision.reason == check.reason
    assert decision.evidence == (check,)


def test_an_episode_is_named_by_its_first_day_and_carries_all_its_failures():
    checks = [
        failed("feature_drift", on=10, subject="age"),
        failed("performance_drop", on=12),
        failed("feature_drift", on=12, subject="miles", value=0.9, threshold=0.1, reason="miles"),
    ]
    decision = decided(evidence(checks=checks))
    assert decision.id == "shop-v1-2024-10-11"
    assert (decision.kind, decision.triggers) == ("several", ("feature_drift", "performance_drop"))
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
    mine = past(10, version=version, candidates={"since_change": day(8)}, labelled=190)
    again = decided(evidence(on=14, checks=[failed(on=13)], champion=champion), [mine])
    assert again == mine


def test_an_episode_is_decided_once():
    checks = [failed(on=10)]
    promoted = [past(10, "promoted")]
    assert decided(evidence(checks=checks, champion=Champion(2, day(10))), promoted).action == (
        "nothing"
    )
    assert decided(evidence(checks=checks), [past(10, "rejected")]).action == "nothing"


def test_after_a_rejected_challenger_a_new_failure_needs_new_labels():
    history = [past(10, "rejected", labelled=220)]
    waiting = decided(evidence(checks=[failed(on=10), failed(on=12)]), history)
    assert waiting.action == "wait"
    assert waiting.reason == ("a challenger was rejected; 20 of 30 new labels for another")
    later = decided(evidence(on=13, checks=[failed(on=10), failed(on=12)]), history)
    assert later.action == "retrain"
    assert later.id == "shop-v1-2024-10-13"
    assert later.evidence == (failed(on=12),)


def test_a_corrected_label_of_a_production_day_that_was_decided_about_is_no_new_failure():
    rejected = [past(10, "rejected")]
    before = failed(on=10, about=8, value=0.6)
    corrected = failed(on=12, about=8, value=0.59)
    nothing = decided(evidence(on=12, checks=[before, corrected]), rejected)
    assert (nothing.action, nothing.reason) == (
        "nothing",
        "no new failed check of version 1 since 2024-10-11",
    )
    more_labels = failed(on=12, about=8, n=150)
    assert decided(evidence(on=12, checks=[before, more_labels]), rejected).action == "retrain"
    newly_failed = failed(on=12, about=7)
    assert decided(evidence(on=12, checks=[before, newly_failed]), rejected).action == "retrain"


def test_what_was_rejected_for_another_champion_does_not_hold_back():
    history = [past(4, "rejected", version=0, labelled=1000)]
    assert decided(evidence(checks=[failed()]), history).action == "retrain"


def test_a_manual_decision_ends_the_episode_before_it():
    history = [past(11, "rejected", kind="by_hand", triggers=(), labelled=0)]
    assert decided(evidence(checks=[failed(on=11)]), history).action == "nothing"
    assert decided(evidence(checks=[failed(on=12)]), history).action == "retrain"


def test_drift_retrains_once_a_second_day_has_confirmed_it():
    policy = POLICY.model_copy(update={"confirm_days": 2})
    single = [failed("feature_drift", on=9), failed("feature_drift", on=9, subject="miles")]
    waiting = decided(evidence(checks=single), policy=policy)
    assert waiting.action == "wait"
    assert waiting.reason.startswith("feature_drift failed on too few days to rule out chance")
    twice = [*single, failed("feature_drift", on=12)]
    decision = decided(evidence(checks=twice), policy=policy)
    assert (decision.action, decision.evidence) == ("retrain", tuple(twice))
    assert decision.id == f"shop-v1-{day(9)}"


def test_two_single_days_far_apart_do_not_confirm_each_other():
    policy = POLICY.model_copy(update={"confirm_days": 2})
    apart = [failed("feature_drift", on=6), failed("feature_drift", on=34)]
    assert decided(evidence(on=34, checks=apart), policy=policy).action == "wait"
    assert (
        decided(
            evidence(on=33, checks=[apart[0], failed("feature_drift", on=33)]), policy=policy
        ).action
        == "retrain"
    )


def test_what_labels_and_age_say_needs_no_confirmation_and_brings_no_unconfirmed_drift_along():
    policy = POLICY.model_copy(update={"confirm_days": 2})
    checks = [failed("feature_drift", on=12), failed("performance_drop", on=12)]
    decision = decided(evidence(checks=checks), policy=policy)
    assert (decision.action, decision.triggers) == ("retrain", ("performance_drop",))


def test_in_the_mode_alert_an_episode_is_reported_once_and_nothing_is_trained():
    policy = POLICY.model_copy(update={"mode": "alert"})
    first = decided(evidence(checks=[failed(on=12)]), policy=policy)
    assert (first.action, first.id) == ("alert", "shop-v1-2024-10-13")
    alerted = past(12, id=first.id, action="alert", labelled=0)
    goes_on = evidence(on=15, checks=[failed(on=number) for number in (12, 13, 15)])
    assert decided(goes_on, [alerted], policy).action == "nothing"
    anew = evidence(on=25, checks=[failed(on=number) for number in (12, 13, 25)])
    again = decided(anew, [alerted], policy)
    assert (again.action, again.id) == ("alert", f"shop-v1-{day(25)}")


def test_in_the_mode_alert_a_missing_first_version_is_reported_once():
    policy = POLICY.model_copy(update={"mode": "alert"})
    first = decided(evidence(on=5, champion=None), policy=policy)
    assert (first.action, first.kind) == ("alert", "first")
    alerted = past(5, version=None, id=first.id, action="alert", labelled=0)
    assert decided(evidence(on=6, champion=None), [alerted], policy).action == "nothing"


def test_in_the_mode_alert_another_check_is_another_episode():
    policy = POLICY.model_copy(
        update={"mode": "alert", "retrain_on": ["model_age", "performance_drop"]}
    )
    aged = [failed("model_age", on=number) for number in (10, 11, 12)]
    alerted = past(10, id="shop-v1-alerted", action="alert", triggers=("model_age",), labelled=0)
    assert decided(evidence(checks=aged), [alerted], policy).action == "nothing"
    news = decided(evidence(checks=[*aged, failed(on=12)]), [alerted], policy)
    assert (news.action, news.triggers) == ("alert", ("performance_drop",))


def test_a_single_day_of_drift_is_forgotten_after_four_weeks():
    policy = POLICY.model_copy(update={"confirm_days": 2})
    old = [failed("feature_drift", on=7)]
    assert decided(evidence(on=30, checks=old), policy=policy).action == "wait"
    assert decided(evidence(on=40, checks=old), policy=policy).action == "nothing"


def test_a_version_that_is_too_old_is_retrained_where_age_asks_for_it():
    aged = failed("model_age", subject="days", value=30.0, threshold=30.0)
    assert decided(evidence(checks=[aged])).triggers == ("model_age",)
    policy = POLICY.model_copy(update={"retrain_on": ["performance_drop"]})
    assert decided(evidence(checks=[aged]), policy=policy).action == "nothing"


def test_the_evidence_for_a_first_version_is_how_many_labels_there_are():
    [number] = decided(evidence(on=5, champion=None)).evidence
    assert (number.check, number.value, number.threshold, number.n) == (NO_CHAMPION, 100, 100, 100)


def test_the_same_evidence_is_the_same_decision():
    given = evidence(checks=[failed()])
    assert decided(given) == decided(given)


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
