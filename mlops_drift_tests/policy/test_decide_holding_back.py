"""What keeps a failed check from a training: cooldowns, budgets, pauses, approvals, failures."""

from dataclasses import replace

import pytest

from mlops_drift.policy.config import Budget
from mlops_drift.policy.decision import Champion
from mlops_drift_tests.policy.decisions import POLICY, day, decided, evidence, failed, past


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
