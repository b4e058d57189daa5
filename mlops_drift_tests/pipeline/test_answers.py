"""Rows by the reason of the rules: of days that were served, and of the test split."""

import pytest

from mlops_drift.lifecycle.publishing import describe
from mlops_drift.pipeline.answers import ServedAnswers
from mlops_drift.store.records import Removal
from mlops_drift_tests.pipeline.place import day
from mlops_drift_tests.pipeline.service_days import DESCRIBED, ServiceDays, features_of

RULES = {
    "conditions": [{"c": {"missing": True}}],
    "min_probability": 0.99,
    "answers": [{"answer": "no"}],
}


@pytest.fixture
def service(tmp_path):
    made = ServiceDays(tmp_path, rules=RULES)
    made.promote()
    return made


def test_answers_are_counted_by_day_version_and_reason(service):
    service.serve(2)
    first = service.reasons()
    service.serve(3, service.promote(on=2), n=30)
    service.run(2, 3)
    answers = ServedAnswers(service.model, day(3))
    assert answers.of(day(3), day(3), 1) == {}
    assert answers.of(day(2), day(3), 1) == {day(2): first}
    assert first["c_missing"] == 2
    assert sum(answers.of(day(2), day(3), 2)[day(3)].values()) == 30
    assert answers.of(day(0), day(1), 1) == {}


def test_the_test_split_is_answered_by_the_present_rules(service):
    tested = ServedAnswers(service.model, day(2)).tested(1)
    rows = features_of(service.spec, 21, 200)
    record = service.store.versions.get(1)
    predicted = service.store.training_sets.read_test_predictions(record.training_set, 1)
    assert sum(tested.values()) == 200
    assert tested["c_missing"] == rows["c"].null_count
    unsure = [max(one) < 0.99 for one in predicted["probabilities"].to_pylist()]
    missing = rows["c"].is_null().to_pylist()
    assert tested["low_probability"] == sum(
        one and not no for one, no in zip(unsure, missing, strict=True)
    )
    service.store.versions.add_removal(Removal(1, day(2), record.training_set, "old"))
    assert ServedAnswers(service.model, day(2)).tested(1) is None


def test_without_rules_the_version_answers_the_whole_test_split(tmp_path):
    service = ServiceDays(tmp_path)
    service.promote()
    assert ServedAnswers(service.model, day(2)).tested(1) == {None: 200}


def test_what_only_rules_read_is_that_of_the_events_of_the_test_split(tmp_path):
    rules = {"conditions": [{"x": {"missing": True}}], "answers": [{"answer": "no"}]}
    service = ServiceDays(tmp_path, rules=rules)
    service.promote()
    # The events of its test split have not landed.
    assert ServedAnswers(service.model, day(2)).tested(1) is None
    service.land_tested(1)
    tested = ServedAnswers(service.model, day(2)).tested(1)
    third = features_of(service.spec, 21, 200)["third"]
    assert tested == {"x_missing": third.null_count, None: 200 - third.null_count}


def test_a_day_with_more_rules_than_the_test_split_fails(service):
    service.serve(2, n=100, c=None)
    found = {one.window: one for one in service.run(2).of_check("rules_share")}
    assert (found[1].verdict, found[1].value) == ("fail", 1.0)
    assert found[1].reason.startswith(
        "rules answered 100.0 % of 100 rows on 2024-03-03 (c_missing 100.0 %)"
    )


OTHERS = {
    "a new column": {"d": {"missing": True}},
    "a column of another type": {"c": {"above": 3}},
    "a value that was never missing": {"n": {"missing": True}},
}


@pytest.mark.parametrize("what", OTHERS)
def test_rules_may_be_about_what_only_later_versions_know(tmp_path, what):
    columns = DESCRIBED["columns"]
    known = {**columns, "n": {"type": "integer", "nullable": False}}
    service = ServiceDays(tmp_path, columns=known)
    version = service.promote()
    service.land_tested(version)
    others = {"c": {"type": "number"}, "d": {"type": "category"}}
    rules = {"conditions": [OTHERS[what]], "answers": [{"answer": "no"}]}
    service.redescribe(columns={**columns, **others}, rules=rules)
    # Of a new column requests say something; no row has another type, or lacks what none may.
    is_new = what == "a new column"
    assert ServedAnswers(service.model, day(2)).tested(version) == (
        {"d_missing": 200} if is_new else {None: 200}
    )
    conditions = describe(service.model, version).rules["conditions"]
    assert [one["reason"] for one in conditions] == (["d_missing"] if is_new else [])
