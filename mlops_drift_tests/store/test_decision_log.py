"""What the log keeps of decisions, their evidence and their outcomes."""

from dataclasses import replace

from mlops_drift.learning.windows import WindowChoice, WindowScore
from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.policy.decision import Decision, Outcome
from mlops_drift_tests.store.model_samples import day

FAILED = CheckEvaluation(
    check="feature_drift",
    day=day(3),
    production_day=day(2),
    version=1,
    subject="x",
    window=7,
    verdict="fail",
    code="beyond_limit",
    reason="x has drifted",
    value=0.4,
    threshold=0.1,
    n=30,
)


def decide(model, decision="churn-0003", number=3, **others):
    asked = Decision("retrain", "it drifted", day(number), decision, "drift", ("feature_drift",), 1)
    return model.decisions.record(replace(asked, **others))


def end(model, status, number, **facts):
    return model.decisions.record_outcome("churn-0003", Outcome(status, day(number), **facts))


def test_a_decision_is_recorded_once_and_gets_its_outcome(model):
    asked = {"candidates": {"since_change": day(1), "everything": None}, "labelled": 40}
    assert decide(model, evidence=(FAILED,), **asked)
    assert not decide(model, reason="another reason")
    (pending,) = model.decisions.records()
    assert (pending.outcome, pending.challenger, pending.outcome_reason) == (None, None, "")
    assert (pending.reason, pending.kind, pending.rules) == (
        "it drifted",
        "drift",
        ("feature_drift",),
    )
    assert (pending.candidates, pending.labelled) == (asked["candidates"], 40)
    assert (pending.window, pending.since, pending.scores) == (None, None, ())
    assert pending.evidence == (FAILED,)

    scores = (
        WindowScore("everything", None, 90, 0.7),
        WindowScore("since_change", day(1), 60, 0.8),
    )
    chosen = WindowChoice("since_change", day(1), scores, 60)
    model.decisions.record_window("churn-0003", day(3), chosen, "it predicts best")
    other = replace(chosen, name="everything")
    model.decisions.record_window("churn-0003", day(3), other, "it is longer")
    (pending,) = model.decisions.records()
    assert (pending.window, pending.since, pending.scores) == ("since_change", day(1), scores)
    assert pending.reason == "it drifted"

    assert end(model, "waiting", 4, challenger=2, reason="waits")
    (waiting,) = model.decisions.records()
    assert (waiting.status, waiting.challenger) == ("waiting", 2)

    assert end(model, "rejected", 4, challenger=2, reason="no better", failed_gates=("f1",))
    assert decide(model, "churn-0005", 5)
    rejected, pending = model.decisions.records()
    assert rejected.outcome == Outcome("rejected", day(4), "no better", 2, ("f1",))
    assert (pending.id, pending.outcome) == ("churn-0005", None)
    assert not end(model, "promoted", 4, challenger=2, reason="better")
    assert model.decisions.rejections() == {1: [(day(4), day(3))]}


def test_decisions_of_a_day_are_those_of_the_policy_and_then_those_of_people(model):
    for name, sequence in (("b", 2), ("c", 0), ("a", 10)):
        decide(model, name, sequence=sequence)
    decide(model, "z", 2)
    assert [record.id for record in model.decisions.records()] == ["z", "c", "b", "a"]


def test_a_retraining_finds_what_it_has_made_or_else_what_was_made_last(model):
    log = model.decisions
    assert log.training_set("first") is None
    for name, built in (("first", "s1"), ("second", "s2"), ("second", "s3")):
        log.record_training_set(name, day(3), built)
    log.record_challenger("first", day(3), 7)
    found = {name: log.training_set(name).training_set for name in ("first", "second", "by hand")}
    assert found == {"first": "s1", "second": "s3", "by hand": "s3"}
    assert (log.challenger("second").challenger, log.challenger("second").day) == (7, day(3))
    assert log.records() == []


def test_what_is_built_again_by_hand_leaves_no_row(model):
    for name in ("first", "again"):
        model.decisions.record_training_set(name, day(3), "s1")
    assert model.lake.read(model.tables.decisions).num_rows == 1


def test_decisions_to_do_nothing_are_read_from_a_day_on_those_that_acted_always(model):
    decide(model)
    end(model, "promoted", 3, reason="it is better", challenger=2)
    for number in (2, 4, 6):
        decide(model, f"idle-{number}", number, action="wait", kind="none", triggers=())
    of = model.decisions.records
    assert [record.day for record in of()] == [day(2), day(3), day(4), day(6)]
    assert [record.day for record in of(idle_since=day(4))] == [day(3), day(4), day(6)]
    assert [record.day for record in of(idle=False)] == [day(3)]
    assert of(idle_since=day(4))[0].status == "promoted"
