"""Decisions by evidence and history: `decide`, `evidence`, `situation`."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.policy.config import Budget, RetrainingPolicy
from mlops_drift.policy.decide import decide
from mlops_drift.policy.decision import NO_CHAMPION, Champion, DecisionRecord, Outcome, kind_of
from mlops_drift.policy.situation import Evidence

START = date(2024, 10, 1)
POLICY = RetrainingPolicy(
    first_training_rows=100,
    rows_since_change=60,
    min_new_labels=30,
    cooldown_days=0,
    confirm_days=1,
)


def day(number):
    return START + timedelta(days=number)


def failed(check="performance_drop", on=12, about=None, version=1, **changes):
    fields = {
        "check": check,
        "day": day(on),
        "production_day": day(on if about is None else about),
        "version": version,
        "window": 1,
        "verdict": "fail",
        "code": "beyond_limit",
        "subject": "accuracy",
        "value": 0.6,
        "threshold": 0.8,
        "n": 100,
        "reason": f"{check} failed on day {on}",
    }
    return CheckEvaluation(**{**fields, **changes})


def evidence(on=12, checks=(), labelled=None, champion=Champion(1, day(5)), **more):  # noqa: B008
    rows = labelled if labelled is not None else {day(n): 20 for n in range(on)}
    return Evidence(day(on), champion, checks, rows, **more)


def past(number=10, outcome=None, version=1, labelled=200, gates=(), **changes):
    triggers = changes.get("triggers", ("performance_drop",))
    fields = {
        "id": f"shop-v{version}-{day(number)}",
        "action": "retrain",
        "reason": "it failed",
        "day": day(number),
        "kind": kind_of(triggers, Evidence.confirm),
        "triggers": triggers,
        "version": version,
        "candidates": {"everything": None},
        "labelled": labelled,
        "outcome": outcome and Outcome(outcome, day(number), "because", failed_gates=gates),
    }
    return DecisionRecord(**{**fields, **changes})


def decided(given, history=(), policy=POLICY):
    return decide("shop", given, history, policy)


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


def test_after_a_performance_drop_the_rows_since_the_change_are_a_candidate_if_they_are_enough():
    checks = [failed(on=11, about=9), failed(on=12, about=10)]
    assert decided(evidence(checks=checks)).candidates == {
        "since_change": day(9),
        "everything": None,
    }
    late = [failed(on=12, about=10)]
    assert decided(evidence(checks=late)).candidates == {"everything": None}
    few = replace(evidence(checks=checks), labelled={day(9): 59, day(1): 500})
    assert decided(few).candidates == {"everything": None}


def test_after_drift_alone_there_is_no_day_of_change():
    drift = [failed("feature_drift", on=9)]
    assert decided(evidence(checks=drift)).candidates == {"everything": None}
    policy = POLICY.model_copy(update={"window_days": 5})
    assert decided(evidence(checks=drift), policy=policy).candidates == {
        "recent": day(7),
        "everything": None,
    }


def test_the_recent_window_counts_back_from_the_last_labelled_day():
    policy = POLICY.model_copy(update={"window_days": 3})
    labelled = {day(0): 100, day(8): 100}
    first = decided(evidence(champion=None, labelled=labelled), policy=policy)
    assert first.candidates == {"recent": day(6)}
    late = [failed(on=12, about=10)]
    decision = decided(evidence(checks=late, labelled=labelled), policy=policy)
    assert decision.candidates["recent"] == day(6)


def test_only_allowed_training_windows_are_candidates():
    checks = [failed(on=11, about=9)]
    policy = POLICY.model_copy(update={"training_windows": ["since_change"]})
    assert decided(evidence(checks=checks), policy=policy).candidates == {"since_change": day(9)}
    few = replace(evidence(checks=checks), labelled={day(9): 59, day(1): 500})
    assert decided(few, policy=policy).candidates == {"everything": None}


def test_in_the_cooldown_after_a_promotion_failures_only_alert():
    policy = POLICY.model_copy(update={"cooldown_days": 6})
    early = decided(evidence(on=11, checks=[failed(on=9), failed(on=11)]), policy=policy)
    assert early.action == "nothing"
    assert early.reason == (
        f"version 1 is in its cooldown until {day(11)}: its failed checks only alert"
    )
    late = decided(evidence(on=12, checks=[failed(on=9), failed(on=12)]), policy=policy)
    assert (late.action, late.evidence) == ("retrain", (failed(on=12),))
    healed = decided(evidence(on=12, checks=[failed(on=9), failed(on=11)]), policy=policy)
    assert healed.action == "nothing"


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


def test_a_retraining_needs_new_labels_since_the_last_training():
    champion = Champion(2, day(5), "shop-v1-then")
    history = [past(4, "promoted", id="shop-v1-then", labelled=220)]
    checks = [failed(version=2)]
    waiting = decided(evidence(champion=champion, checks=checks), history)
    assert (waiting.action, waiting.reason) == (
        "wait",
        "few labels since the last training; 20 of 30 new labels for another",
    )
    more = {day(n): 25 for n in range(12)}
    enough = decided(evidence(champion=champion, checks=checks, labelled=more), history)
    assert enough.action == "retrain"


def test_a_spent_budget_waits_until_the_period_is_over():
    policy = POLICY.model_copy(update={"budget": Budget(retrainings=2, days=10)})
    history = [past(number, "promoted", version=0) for number in (3, 7)]
    spent = decided(evidence(on=12, checks=[failed()]), history, policy)
    assert (spent.action, spent.reason) == (
        "wait",
        f"2 retrainings since {day(2)}: the budget of 10 days is spent",
    )
    over = decided(evidence(on=13, checks=[failed(on=13)]), history, policy)
    assert over.action == "retrain"


def test_after_too_many_rejected_challengers_it_pauses_once_and_asks_for_a_person():
    policy = POLICY.model_copy(update={"give_up_after": 2})
    history = [past(number, "rejected", labelled=10) for number in (8, 10)]
    gave_up = decided(evidence(checks=[failed()]), history, policy)
    assert (gave_up.action, gave_up.version, gave_up.triggers) == (
        "give_up",
        1,
        ("performance_drop",),
    )
    assert gave_up.reason.startswith(
        "paused, needs a person: 2 challengers in place of version 1 were rejected"
    )
    alerted = past(12, id=gave_up.id, action="give_up")
    after = decided(evidence(on=14, checks=[failed(on=14)]), [*history, alerted], policy)
    assert (after.action, "by hand" in after.reason) == ("nothing", True)
    other = decided(
        evidence(on=14, champion=Champion(2, day(12)), checks=[failed(on=14, version=2)]),
        [*history, alerted],
        policy,
    )
    assert other.action == "retrain"


def test_a_first_version_that_is_always_rejected_is_paused_too():
    policy = POLICY.model_copy(update={"give_up_after": 1})
    history = [past(5, "rejected", None, labelled=100, kind="first", triggers=())]
    assert decided(evidence(champion=None), history, policy).action == "give_up"


def test_what_was_paused_for_one_check_is_tried_again_for_another():
    policy = POLICY.model_copy(update={"give_up_after": 2})
    history = [past(number, "rejected", labelled=10, triggers=("model_age",)) for number in (8, 9)]
    history.append(past(10, action="give_up", triggers=("model_age",)))
    aged = failed("model_age")
    assert decided(evidence(checks=[aged]), history, policy).action == "nothing"
    dropped = decided(evidence(checks=[aged, failed()]), history, policy)
    assert (dropped.action, dropped.triggers) == ("retrain", ("model_age", "performance_drop"))


def test_after_a_rejected_challenger_failures_only_alert_for_as_long_as_after_a_promotion():
    policy = POLICY.model_copy(update={"cooldown_days": 5})
    history = [past(10, "rejected", labelled=10)]
    early = decided(evidence(on=15, checks=[failed(on=15)]), history, policy)
    assert (early.action, early.reason) == (
        "nothing",
        f"version 1 is in its cooldown until {day(15)}: its failed checks only alert",
    )
    assert decided(evidence(on=16, checks=[failed(on=16)]), history, policy).action == "retrain"


def test_after_a_rejected_first_version_the_next_waits_for_the_cooldown():
    policy = POLICY.model_copy(update={"cooldown_days": 5})
    history = [past(10, "rejected", None, labelled=100, kind="first", triggers=())]
    early = decided(evidence(on=15, champion=None), history, policy)
    assert (early.action, early.reason) == (
        "wait",
        f"a first version was rejected: the next one is trained after {day(15)}",
    )
    assert decided(evidence(on=16, champion=None), history, policy).action == "retrain"


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


def test_while_a_challenger_waits_for_approval_no_other_is_trained():
    policy = POLICY.model_copy(update={"approval": "manual"})
    history = [past(10, "waiting", labelled=100)]
    waiting = decided(evidence(on=14, checks=[failed(on=14)]), history, policy)
    assert waiting.action == "nothing"
    assert waiting.reason.startswith(f"a challenger waits for approval since {day(10)}")
    promoted = evidence(on=14, champion=Champion(2, day(13)), checks=[failed(on=14, version=2)])
    assert decided(promoted, history, policy).action == "retrain"


def test_while_a_first_version_waits_for_approval_no_other_is_trained():
    policy = POLICY.model_copy(update={"approval": "manual"})
    history = [past(5, "waiting", None, labelled=100)]
    for number in (6, 8):
        waiting = decided(evidence(on=number, champion=None), history, policy)
        assert waiting.action == "nothing"
        assert waiting.reason.startswith(f"a challenger waits for approval since {day(5)}")


def test_in_the_mode_alert_another_check_is_another_episode():
    policy = POLICY.model_copy(
        update={"mode": "alert", "retrain_on": ["model_age", "performance_drop"]}
    )
    aged = [failed("model_age", on=number) for number in (10, 11, 12)]
    alerted = past(10, id="shop-v1-alerted", action="alert", triggers=("model_age",), labelled=0)
    assert decided(evidence(checks=aged), [alerted], policy).action == "nothing"
    news = decided(evidence(checks=[*aged, failed(on=12)]), [alerted], policy)
    assert (news.action, news.triggers) == ("alert", ("performance_drop",))


def test_promotions_by_hand_and_first_versions_spend_no_budget():
    policy = POLICY.model_copy(update={"budget": Budget(retrainings=1, days=30)})
    history = [
        past(3, "promoted", version=None, kind="first", triggers=(), labelled=0),
        past(4, "promoted", version=0, kind="by_hand", triggers=(), labelled=0),
    ]
    assert decided(evidence(checks=[failed()]), history, policy).action == "retrain"


@pytest.mark.parametrize(
    ("against", "action"),
    [(("beats_champion",), "retrain"), (("beats_champion", "test_accuracy"), "give_up")],
)
def test_a_champion_that_no_younger_version_beats_is_no_reason_to_pause(against, action):
    policy = POLICY.model_copy(update={"give_up_after": 2})
    aged = failed("model_age", on=12, subject="days", value=30.0, threshold=30.0)
    rejected = {"triggers": ("model_age",), "gates": against, "labelled": 0}
    history = [past(number, "rejected", **rejected) for number in (9, 10, 11)]
    assert decided(evidence(checks=[aged]), history, policy).action == action


def test_a_day_on_which_nothing_is_done_keeps_what_was_seen():
    policy = POLICY.model_copy(update={"cooldown_days": 10})
    seen = [failed(on=11), failed(on=12)]
    decision = decided(evidence(checks=seen), policy=policy)
    assert (decision.action, decision.evidence) == ("nothing", (seen[1],))


def test_a_single_day_of_drift_is_forgotten_after_four_weeks():
    policy = POLICY.model_copy(update={"confirm_days": 2})
    old = [failed("feature_drift", on=7)]
    assert decided(evidence(on=30, checks=old), policy=policy).action == "wait"
    assert decided(evidence(on=40, checks=old), policy=policy).action == "nothing"


def test_the_change_is_looked_for_in_the_present_episode():
    checks = [failed(on=7, about=6), failed(on=30, about=28), failed(on=31, about=29)]
    given = evidence(on=31, checks=checks, labelled={day(n): 30 for n in range(32)})
    assert decided(given).candidates["since_change"] == day(28)


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


def test_a_rejected_challenger_does_not_make_the_change_later():
    drops = [failed(on=number) for number in (9, 10, 11, 12)]
    given = evidence(checks=drops, labelled={day(n): 20 for n in range(13)})
    rejected = past(number=11, outcome="rejected", labelled=200)
    assert decided(given, [rejected]).candidates["since_change"] == day(9)


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


# A training that failed


def test_a_failed_training_is_followed_by_another_after_the_cooldown_with_new_labels():
    policy = POLICY.model_copy(update={"cooldown_days": 3})
    history = [past(5, "failed", None, labelled=100)]
    found = decided(evidence(on=8, champion=None, labelled={day(0): 140}), history, policy)
    assert (found.action, found.reason) == (
        "wait",
        "a first training failed: the next one starts after 2024-10-09, or when these rows, "
        "the code or the description have changed",
    )
    few, enough = (evidence(on=9, champion=None, labelled={day(0): n}) for n in (129, 130))
    assert decided(few, history, policy).action == "wait"
    assert decided(enough, history, policy).action == "retrain"


def test_a_failed_training_is_tried_again_at_once_under_a_new_id_when_something_has_changed():
    given = evidence(on=10, checks=[failed(on=10)])
    history = [past(10, "failed", labelled=200, id="shop-v1-2024-10-11")]
    assert decided(given, history).action == "nothing"
    history = [replace(history[0], superseded=True)]
    again = decided(given, history)
    assert (again.action, again.id) == ("retrain", "shop-v1-2024-10-11-2")
    history.append(replace(history[0], id=again.id))
    assert decided(given, history).id == "shop-v1-2024-10-11-3"


def test_failed_trainings_end_in_a_call_for_a_person_until_something_changes():
    history = [
        past(n, "failed", None, labelled=100 + n, kind="first", triggers=()) for n in range(5)
    ]
    given = evidence(on=12, champion=None)
    found = decided(given, history)
    assert found.action == "give_up"
    assert "See why 5 of them failed in training" in found.reason
    changed = [replace(one, superseded=True) for one in history]
    assert decided(given, changed).action == "retrain"
