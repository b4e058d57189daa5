"""Decisions as people read them: those that did something, and waits as one span each."""

from dataclasses import replace

from mlops_drift.lifecycle.spans import acted_and_waited, sentence_of
from mlops_drift.policy.decision import DecisionRecord, Outcome
from mlops_drift_tests.policy.decisions import POLICY, day, decided, evidence, failed, past


def idle(action, number, reason="300 of 500 new labels", **changes):
    facts = {"triggers": ("feature_drift",), "kind": "drift", "version": 1, **changes}
    return DecisionRecord(action, reason, day(number), f"shop-{day(number)}-{action}", **facts)


def told(*records):
    return [(span.action, span.first, span.last) for span in acted_and_waited(records)]


def test_consecutive_waits_are_one_span_with_the_last_reason_and_all_triggers():
    waits = [
        idle("wait", 3, "0 of 500 new labels"),
        idle("wait", 4, "200 of 500 new labels", triggers=("label_drift",)),
        idle("wait", 7),
    ]
    (span,) = acted_and_waited([idle("nothing", 2), *waits, idle("nothing", 8)])
    assert (span.first, span.last, span.action) == (day(3), day(7), "wait")
    assert span.reason == "300 of 500 new labels"
    assert span.triggers == ("feature_drift", "label_drift")
    assert (span.kind, span.record) == ("drift", waits[-1])


def test_a_day_with_nothing_to_do_ends_a_wait_but_not_beside_a_wait_of_the_same_day():
    assert told(idle("wait", 3), idle("nothing", 4), idle("wait", 5)) == [
        ("wait", day(3), day(3)),
        ("wait", day(5), day(5)),
    ]
    both = (idle("nothing", 4), idle("wait", 4))
    assert told(idle("wait", 3), *both, idle("wait", 5)) == [("wait", day(3), day(5))]


def test_what_was_done_ends_a_wait_and_what_waits_on_that_day_follows_it():
    again = idle("wait", 5, "a challenger was rejected; 0 of 30 new labels for another")
    assert told(idle("wait", 4), again, past(5, "rejected"), idle("wait", 6)) == [
        ("wait", day(4), day(4)),
        ("retrain", day(5), day(5)),
        ("wait", day(5), day(6)),
    ]


def test_a_wait_of_another_champion_is_another_span():
    assert told(idle("wait", 4), idle("wait", 5, version=2)) == [
        ("wait", day(4), day(4)),
        ("wait", day(5), day(5)),
    ]


def test_what_was_done_keeps_its_record_with_the_outcome():
    promoted = replace(past(5), outcome=Outcome("promoted", day(5), "it passed", 3))
    (span,) = acted_and_waited([promoted])
    assert (span.record.challenger, span.triggers) == (3, ("performance_drop",))
    assert acted_and_waited([]) == []


def test_the_policy_says_what_a_wait_is_about():
    drifted = failed("feature_drift", on=12)
    unconfirmed = decided(
        evidence(checks=[drifted]), policy=POLICY.model_copy(update={"confirm_days": 2})
    )
    (span,) = acted_and_waited([DecisionRecord(**vars(unconfirmed))])
    assert (span.action, span.kind, span.triggers) == ("wait", "drift", ("feature_drift",))
    first = decided(evidence(champion=None, labelled={day(1): 40}))
    assert (first.action, first.kind, first.cause) == ("wait", "first", "first training")


def test_a_decision_in_one_line_has_its_numbers_and_what_became_of_it():
    numbers = (failed(value=0.677), failed("model_age", value=30, threshold=30, subject="days"))
    triggers = ("model_age", "performance_drop")
    asked = past(5, triggers=triggers, evidence=numbers)
    line = "retrain: model_age 30 ≥ 30; performance_drop 0.677 < 0.800"
    assert sentence_of(asked) == line
    outcomes = {
        "promoted v3": Outcome("promoted", day(5), "it passed", 3),
        "promoted v3 by ann": Outcome("promoted", day(5), "approved", 3, person="ann"),
        "rejected by ann": Outcome("rejected", day(5), "no", 3, person="ann"),
        "v3 waits for approval": Outcome("waiting", day(5), "it waits", 3),
        "failed": Outcome("failed", day(5), "out of memory"),
    }
    for words, outcome in outcomes.items():
        assert sentence_of(replace(asked, outcome=outcome)) == f"{line} → {words}"
    assert sentence_of(idle("nothing", 5, "no failed check")) == "nothing: no failed check"
