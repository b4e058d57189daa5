from datetime import date

from mlops_drift.notifications.base import LONGEST_REASON
from mlops_drift.notifications.history import History
from mlops_drift.notifications.kinds.decision import Decision
from mlops_drift.notifications.kinds.promotion import Promotion
from mlops_drift.policy.decision import DecisionRecord, Outcome

DAY = date(2024, 10, 1)


def decided(reason="no champion", **changes):
    return DecisionRecord("retrain", reason, DAY, "shop-v0-x", **changes)


def messages(kind, *entries):
    return list(kind.messages(History("shop", decisions=entries)))


def test_a_decision_and_its_promotion_are_two_messages():
    record = decided(outcome=Outcome("promoted", DAY, "all gates passed", 1))
    [begun] = messages(Decision(), record)
    [promoted] = messages(Promotion(), record)
    assert (begun.kind, promoted.kind) == ("decision", "promotion")
    assert begun.id != promoted.id
    assert begun.body == "First version, on 2024-10-01.\nno champion"
    assert promoted.body == "It serves after 2024-10-01 as the first version.\nall gates passed"


def test_a_challenger_that_waits_and_is_then_rejected_has_two_messages():
    outcomes = [
        Outcome("waiting", DAY, "all gates passed", 2),
        Outcome("rejected", DAY, "it was not better"),
    ]
    records = [decided(outcome=outcome) for outcome in outcomes]
    _, waits, _, rejected = messages(Decision(), *records)
    assert waits.id != rejected.id
    assert waits.title == "shop: version 2 waits for approval"
    assert rejected.title == "shop: the challenger is rejected"
    assert rejected.body.startswith("it was not better\n")


def test_messages_say_what_triggered_a_decision_and_what_to_do():
    triggered = {"triggers": ("performance_drop",), "version": 3}
    waiting = decided("it fell", outcome=Outcome("waiting", DAY, "gates passed", 4), **triggered)
    begun, waits = messages(Decision(), waiting)
    assert begun.title == "shop: retraining begins"
    assert begun.body == "Version 3, on 2024-10-01, triggered by performance_drop.\nit fell"
    assert waits.body == (
        "gates passed\nApprove or reject it: mlops-drift approve shop, or materialize champion."
    )
    promoted = decided("it fell", outcome=Outcome("promoted", DAY, "gates passed", 4), **triggered)
    [message] = messages(Promotion(), promoted)
    assert message.title == "shop: version 4 is champion"
    assert message.body == (
        "It serves after 2024-10-01 in place of version 3, triggered by performance_drop.\n"
        "gates passed"
    )


def test_a_manual_decision_has_only_its_outcome():
    assert messages(Decision(), decided(kind="by_hand")) == []


def test_a_long_reason_is_cut():
    [message] = messages(Decision(), decided(reason="word " * 1000))
    assert len(message.body) < 4 * LONGEST_REASON
