import json
from datetime import date

import pytest

from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.notifications.events import LONGEST_REASON
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


def test_of_a_model_that_is_made_elsewhere_a_version_is_requested():
    [message] = Decision().messages(History("shop", decisions=[decided()], is_external=True))
    assert message.title == "shop: a new version is requested"


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
    assert rejected.body == "it was not better\nNo version serves. The next one needs new labels."


def test_messages_say_what_triggered_a_decision_and_what_to_do():
    triggered = {"triggers": ("performance_drop",), "version": 3}
    waiting = decided("it fell", outcome=Outcome("waiting", DAY, "gates passed", 4), **triggered)
    begun, waits = messages(Decision(), waiting)
    assert begun.title == "shop: retraining begins"
    assert begun.body == "Version 3, on 2024-10-01, triggered by performance_drop.\nit fell"
    assert waits.body == ("gates passed\nVersion 3 serves until a person approves or rejects it.")
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


DROP = CheckEvaluation(
    day=DAY,
    check="performance_drop",
    production_day=date(2024, 9, 30),
    version=3,
    subject="accuracy",
    window=7,
    verdict="fail",
    code="beyond_limit",
    reason="accuracy fell",
    value=0.7,
    threshold=0.8,
    n=400,
)


def events(kind, *entries):
    found = [json.loads(message.event) for message in messages(kind, *entries)]
    return [(one["type"].removeprefix("mlops_drift."), one["data"]) for one in found]


def test_the_event_of_a_decision_has_its_evidence():
    record = decided(
        "accuracy fell",
        kind="performance",
        triggers=("performance_drop",),
        version=3,
        evidence=(DROP,),
    )
    [(name, data)] = events(Decision(), record)
    assert name == "decision.made"
    [evidence] = data.pop("evaluations")
    facts = ("check", "subject", "production_day", "value", "threshold", "n")
    assert [evidence[name] for name in facts] == [
        *("performance_drop", "accuracy", "2024-09-30", 0.7, 0.8, 400)
    ]
    assert data == {
        "model": "shop",
        "day": "2024-10-01",
        "decision": "shop-v0-x",
        "action": "retrain",
        "kind": "performance",
        "triggers": ["performance_drop"],
        "champion": 3,
        "reason": "accuracy fell",
        "more": 0,
        "title": "shop: retraining begins",
        "text": "Version 3, on 2024-10-01, triggered by performance_drop.\naccuracy fell",
    }


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome("waiting", DAY, "gates passed", 4), "version.waiting"),
        (Outcome("rejected", DAY, "not better", 4, ("better",)), "version.rejected"),
        (Outcome("rejected", DAY, "too late", 4, person="ada"), "version.rejected"),
        (Outcome("failed", DAY, "OSError"), "training.failed"),
    ],
)
def test_an_outcome_is_an_event_with_challenger_gates_and_person(outcome, expected):
    _, (name, data) = events(Decision(), decided(version=3, training_set="5e7", outcome=outcome))
    assert name == expected
    facts = ("decision", "champion", "version", "training_set", "failed_gates", "person", "reason")
    assert [data[fact] for fact in facts] == [
        *("shop-v0-x", 3, outcome.challenger, "5e7"),
        *([*outcome.failed_gates], outcome.person, outcome.reason),
    ]


@pytest.mark.parametrize(
    ("action", "person", "expected"),
    [
        ("retrain", None, "version.promoted"),
        ("retrain", "ada", "version.approved"),
        ("promote", "ada", "version.approved"),
        ("promote", None, "version.promoted"),
        ("rollback", "ada", "version.rolled_back"),
    ],
)
def test_a_change_of_who_serves_is_an_event_that_says_how(action, person, expected):
    outcome = Outcome("promoted", DAY, "it serves from the next day on", 4, person=person)
    record = DecisionRecord(action, "why", DAY, "shop-x", version=3, outcome=outcome)
    [(name, data)] = events(Promotion(), record)
    assert name == expected
    facts = ("decision", "action", "version", "previous", "person", "day")
    assert [data[fact] for fact in facts] == ["shop-x", action, 4, 3, person, "2024-10-01"]
