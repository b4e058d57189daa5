import math

import pyarrow as pa
import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.decisions import (
    decide_days,
    decide_now,
    gather_evidence,
    inputs_digest,
    plan_digest,
    published,
)
from mlops_drift.policy.decision import Champion, Decision, Outcome
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Promotion
from mlops_drift_tests.tiny import SPEC, day, merged

POLICY = {
    "first_training_rows": 20,
    "rows_since_change": 20,
    "min_new_labels": 10,
    "cooldown_days": 0,
    "confirm_days": 1,
}
NUMBERS = ("lower", "upper", "p", "q")
SPEC_HERE = ModelSpec(**merged(SPEC, {"gates": {"min_rows": 5}, "policy": POLICY}))


@pytest.fixture
def model(lake):
    return ModelStore(lake, "tiny", SPEC_HERE.tables, SPEC_HERE.key, SPEC_HERE.target)


def put(model, table, number, rows):
    """Rows of one day of a table; what they do not say is null."""
    checked = table is model.tables.checks
    about = {"production_day": day(number), **dict.fromkeys(NUMBERS, math.nan)} if checked else {}
    given = [{"day": day(number), **about, **row} for row in rows]
    model.lake.replace_days(
        table, day(number), day(number), pa.Table.from_pylist(given, schema=table.schema)
    )


def put_features(model, number, n=10):
    put(model, model.tables.features, number, [{"id": number * 100 + i} for i in range(n)])


def put_labels(model, number, labels, of=None):
    """Labels that arrive on a day, of the events of another, the day before unless it is said."""
    first = 100 * (number - 1 if of is None else of)
    rows = [{"id": first + i, "y": label} for i, label in enumerate(labels)]
    put(model, model.tables.labels, number, rows)


def evidence_at(model, when, spec=SPEC_HERE):
    """What was known at the end of a day."""
    history = model.decisions.records(idle=False)
    [evidence] = gather_evidence(ModelContext(spec, model), when, when, history)
    return evidence


def promote(model, number, version):
    promotion = Promotion(version, day(number), version, None, "set", "reference", f"d{version}")
    model.versions.add_promotion(promotion)


def drift(version, verdict="fail", **row):
    return {
        "asset": "drift_metrics",
        "version": version,
        "check": "feature_drift",
        "subject": "a",
        "window": 1,
        "code": "",
        "n": 30,
        "value": 0.4,
        "threshold": 0.1,
        "verdict": verdict,
        "reason": "a has drifted",
        **row,
    }


def drop(version, number, verdict="fail", **row):
    return {
        "asset": "performance_metrics",
        "check": "performance_drop",
        "production_day": day(number),
        "window": 1,
        "code": "",
        "version": version,
        "subject": "accuracy",
        "value": 0.5,
        "n": 30,
        "threshold": 0.7,
        "verdict": verdict,
        "reason": "accuracy is low",
        **row,
    }


def decided(model, name, number, **fields):
    defaults = {"kind": "drift", "triggers": ("feature_drift",), "version": 1}
    decision = Decision("retrain", "because", day(number), name, **{**defaults, **fields})
    model.decisions.record(decision)


def ended(model, name, number, status, **fields):
    model.decisions.record_outcome(name, Outcome(status, day(number), "because", **fields))


def test_nothing_is_known_of_an_empty_lake(model):
    evidence = evidence_at(model, day(0))
    assert evidence.champion is None
    assert evidence.failed == ()
    assert evidence.labelled == {}
    assert evidence.missing_classes == ["no", "yes"]
    assert model.decisions.records() == []
    assert decide_now(ModelContext(SPEC_HERE, model), day(0)).action == "wait"


def test_labelled_rows_are_counted_by_the_day_of_their_event_as_known_on_a_day(model):
    for number in range(3):
        put_features(model, number)
    put_labels(model, 1, ["no"] * 4)
    put_labels(model, 2, ["no"] * 9 + ["yes"])
    assert evidence_at(model, day(0)).labelled == {}
    early = evidence_at(model, day(1))
    assert (early.labelled, early.missing_classes) == ({day(0): 4}, ["yes"])
    late = evidence_at(model, day(2))
    assert (late.labelled, late.missing_classes) == ({day(0): 4, day(1): 10}, [])


def test_a_corrected_label_is_one_label_and_a_label_before_its_event_is_none(model):
    put_features(model, 0, n=2)
    put_features(model, 3, n=2)
    put_labels(model, 1, ["no", "no"], of=0)
    put_labels(model, 2, ["yes", "yes"], of=3)
    put_labels(model, 4, ["yes", "no"], of=0)
    evidence = evidence_at(model, day(5))
    assert evidence.labelled == {day(0): 2}
    assert evidence.missing_classes == []


def test_a_regression_misses_no_class(lake):
    changes = {"kind": "regression", "classes": None, "positive": None}
    metrics = {"training": {"metric": "mae"}, "gates": {"metrics": {"accuracy": ..., "mae": 1}}}
    spec = ModelSpec(**merged(SPEC, {"target": changes, **metrics}))
    model = ModelStore(lake, "tiny", spec.tables, spec.key, spec.target)
    put_features(model, 0)
    put_labels(model, 1, [1.5, 2.5])
    evidence = evidence_at(model, day(1), spec)
    assert (evidence.labelled, evidence.missing_classes) == ({day(0): 2}, [])


def test_the_champion_is_the_last_one_promoted_by_the_day(model):
    promote(model, 1, 1)
    promote(model, 3, 2)
    champions = [evidence_at(model, day(number)).champion for number in range(4)]
    first, second = Champion(1, day(1), "d1"), Champion(2, day(3), "d2")
    assert champions == [None, first, first, second]


def test_failures_are_those_of_the_champion_after_its_promotion_and_up_to_the_day(model):
    tables = model.tables
    promote(model, 1, 1)
    promote(model, 2, 2)
    put(model, tables.checks, 2, [drift(2)])
    put(model, tables.checks, 3, [drift(1), drift(2), drift(2, "pass", subject="b")])
    put(model, tables.checks, 4, [drop(2, 3), drop(2, 2, "unknown"), drop(1, 3)])
    put(model, tables.checks, 5, [drift(2)])
    failed = evidence_at(model, day(4)).failed
    assert [(check.check, check.day, check.production_day, check.subject) for check in failed] == [
        ("feature_drift", day(3), day(3), "a"),
        ("performance_drop", day(4), day(3), "accuracy"),
    ]
    assert {check.version for check in failed} == {2}
    assert (failed[1].value, failed[1].threshold, failed[1].n) == (0.5, 0.7, 30)
    assert failed[1].reason == "accuracy is low"
    assert evidence_at(model, day(2)).failed == []


def test_an_infinite_number_of_a_failure_survives_the_lake(model):
    promote(model, 1, 1)
    put(model, model.tables.checks, 2, [drift(1, value=math.inf)])
    assert evidence_at(model, day(2)).failed[0].value == math.inf


def test_past_decisions_have_their_outcome(model):
    asked = {
        "kind": "several",
        "triggers": ("performance_drop", "feature_drift"),
        "candidates": {"since_change": day(2), "everything": None},
        "labelled": 40,
    }
    decided(model, "tiny-v0-x", 1, kind="first", triggers=(), version=None, labelled=20)
    ended(model, "tiny-v0-x", 1, "promoted", challenger=1)
    decided(model, "tiny-v1-x", 3, **asked)
    ended(model, "tiny-v1-x", 3, "rejected", challenger=2)
    decided(model, "tiny-v1-y", 4)
    first, second, third = model.decisions.records(idle=False)
    assert (first.id, first.kind, first.rules) == ("tiny-v0-x", "first", ("no_champion",))
    assert (first.candidates, first.labelled, first.status) == ({}, 20, "promoted")
    assert second.triggers == ("performance_drop", "feature_drift")
    assert (second.day, second.candidates, second.labelled) == (
        day(3),
        {"since_change": day(2), "everything": None},
        40,
    )
    assert (second.version, second.status) == (1, "rejected")
    assert (third.day, third.labelled, third.status) == (day(4), 0, None)


def test_the_first_version_is_asked_for_and_the_decision_is_repeated_while_under_way(model):
    for number in range(2):
        put_features(model, number)
        put_labels(model, number + 1, ["no", "yes"] * 5)
    assert decide_now(ModelContext(SPEC_HERE, model), day(1)).action == "wait"
    decision = decide_now(ModelContext(SPEC_HERE, model), day(2))
    assert (decision.action, decision.labelled) == ("retrain", 20)
    assert model.decisions.record(decision)
    assert not model.decisions.record(decision)
    again = decide_now(ModelContext(SPEC_HERE, model), day(3))
    assert (again.id, again.day, again.kind) == (decision.id, day(2), "first")
    assert (again.action, again.labelled, again.candidates) == (
        "retrain",
        20,
        decision.candidates,
    )


@pytest.mark.parametrize("changed", ["nothing", "rows", "description"])
def test_a_failed_decision_stands_until_something_changes(model, changed):
    for number in range(2):
        put_features(model, number)
        put_labels(model, number + 1, ["no", "yes"] * 5)
    decision = decide_now(ModelContext(SPEC_HERE, model), day(2))
    model.decisions.record(decision)
    ended(
        model,
        decision.id,
        2,
        "failed",
        digest=inputs_digest(ModelContext(SPEC_HERE, model), day(2)),
    )
    spec = SPEC_HERE
    if changed == "rows":
        put_labels(model, 1, ["yes", "no"] * 5)
    if changed == "description":
        spec = ModelSpec(**merged(SPEC, {"gates": {"min_rows": 6}, "policy": POLICY}))
    found = decide_now(ModelContext(spec, model), day(2))
    if changed == "nothing":
        assert (found.action, found.reason[:24]) == ("wait", "a first training failed:")
    else:
        assert (found.action, found.id) == ("retrain", f"{decision.id}-2")


def test_a_drop_retrains_on_the_rows_since_its_first_failing_production_day(model):
    for number in range(4):
        put_features(model, number)
        put_labels(model, number + 1, ["no", "yes"] * 5)
    promote(model, 1, 1)
    put(model, model.tables.checks, 3, [drop(1, 2)])
    put(model, model.tables.checks, 4, [drop(1, 3)])
    decision = decide_now(ModelContext(SPEC_HERE, model), day(4))
    assert (decision.action, decision.triggers) == ("retrain", ("performance_drop",))
    assert (decision.candidates["since_change"], decision.labelled) == (day(2), 40)
    assert decision.id == f"tiny-v1-{day(3)}"
    assert [check.day for check in decision.evidence] == [day(3), day(4)]


def test_a_champion_without_a_failure_is_left_alone_and_no_label_is_counted(model):
    put_features(model, 0)
    put_labels(model, 1, ["no", "yes"])
    promote(model, 1, 1)
    evidence = evidence_at(model, day(2))
    assert (evidence.failed, evidence.labelled, evidence.missing_classes) == ([], {}, ())
    assert decide_now(ModelContext(SPEC_HERE, model), day(2)).action == "nothing"


def test_days_decided_together_are_decided_as_one_by_one(model):
    for number in range(6):
        put_features(model, number)
        put_labels(model, number + 1, ["no", "yes"] * 5)
    promote(model, 1, 1)
    put(model, model.tables.checks, 3, [drop(1, 2)])
    put(model, model.tables.checks, 5, [drop(1, 4)])
    together = list(decide_days(ModelContext(SPEC_HERE, model), day(0), day(6)))
    assert together == [
        decide_now(ModelContext(SPEC_HERE, model), day(number)) for number in range(7)
    ]
    assert [decision.action for decision in together] == [
        "wait",
        "nothing",
        "nothing",
        *["retrain"] * 4,
    ]


def test_doing_nothing_is_recorded_once_a_day_and_is_no_history(model):
    promote(model, 1, 1)
    decision = decide_now(ModelContext(SPEC_HERE, model), day(2))
    assert model.decisions.record(decision)
    assert not model.decisions.record(decision)
    [record] = model.decisions.records()
    assert (record.action, record.day, record.reason) == (
        "nothing",
        day(2),
        "no failed check of version 1 that may retrain",
    )
    assert model.decisions.records(idle=False) == []


def test_the_evidence_of_a_decision_is_kept_with_rule_value_threshold_rows_window_and_version(
    model,
):
    for number in range(4):
        put_features(model, number)
        put_labels(model, number + 1, ["no", "yes"] * 5)
    promote(model, 1, 1)
    put(model, model.tables.checks, 3, [drop(1, 2)])
    decision = decide_now(ModelContext(SPEC_HERE, model), day(4))
    model.decisions.record(decision)
    [record] = model.decisions.records(idle=False)
    assert record.evidence == decision.evidence
    [number] = published(record)["evidence"]
    assert number == {
        "check": "performance_drop",
        "day": day(3),
        "production_day": day(2),
        "version": 1,
        "window": 1,
        "column": "accuracy",
        "value": 0.5,
        "threshold": 0.7,
        "n": 30,
        "reason": "accuracy is low",
    }


def test_what_a_retraining_is_made_by_does_not_change_with_the_rules_of_the_service():
    changed = {"rules": {"answers": [{"answer": "no"}]}}
    assert plan_digest(ModelSpec(**merged(SPEC, changed))) == plan_digest(ModelSpec(**SPEC))
    changed = {"training": {"trials": 3}}
    assert plan_digest(ModelSpec(**merged(SPEC, changed))) != plan_digest(ModelSpec(**SPEC))
