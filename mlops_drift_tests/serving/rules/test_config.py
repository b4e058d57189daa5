import json

import pytest
from pydantic import ValidationError

from mlops_drift.config.spec import ModelSpec
from mlops_drift_tests.tiny import SPEC, merged

LAST = {"answer": "no"}
LOW = {"a": {"below": 0}}


def spec(rules, **changes):
    return ModelSpec(**merged(SPEC, {"rules": rules, **changes}))


def of_a_regression(rules):
    target = {"column": "y", "kind": "regression", "label_delay_days": 1}
    described = merged(SPEC, {"rules": rules})
    gates = {"metrics": {"mae": 1}, "min_rows": 10}
    described |= {"target": target, "training": {"metric": "mae"}, "gates": gates}
    return ModelSpec(**described)


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({}, ["rules.answers", "Field required"]),
        ({"answers": []}, ["rules.answers", "at least 1"]),
        ({"answers": [{"when": LOW}]}, ["rules.answers.0.answer", "Field required"]),
        ({"answers": [LAST], "failures": []}, ["nothing leads to the rules", "conditions"]),
        ({"answers": [LAST], "failures": ["late"]}, ["rules.failures.0", "'error' or 'timeout'"]),
        ({"answers": [LAST], "failures": ["error", "error"]}, ["named once", "error more often"]),
        ({"answers": [LAST], "conditions": [{}]}, ["conditions.0 holds for every row"]),
        ({"answers": [LAST], "conditions": [{"a": 5}]}, ["rules.conditions.0.a", "5"]),
        (
            {"answers": [LAST], "conditions": [LOW, LOW]},
            ["conditions.1 is never reached: conditions.0 holds wherever it does"],
        ),
        ({"answers": [{"when": LOW, "answer": "no"}]}, ["last of answers must have no `when`"]),
        ({"answers": [LAST, LAST]}, ["answers.1 is never reached: answers.0"]),
        (
            {"answers": [LAST, {"when": LOW, "answer": "yes"}, LAST]},
            ["answers.1 is never reached: answers.0"],
        ),
        (
            {
                "answers": [
                    {"when": LOW, "answer": "yes"},
                    {"when": {"c": {"equals": "x"}, **LOW}, "answer": "no"},
                    LAST,
                ]
            },
            ["answers.1 is never reached: answers.0", "move it up"],
        ),
        (
            {"answers": [LAST], "conditions": [{"agee": {"below": 1}}]},
            ["rules.conditions.0.agee: agee is no column", "a, b, c"],
        ),
        (
            {"answers": [LAST], "conditions": [{"y": {"equals": "no"}}]},
            ["rules.conditions.0.y: y is no column"],
        ),
        (
            {"answers": [{"when": {"c": {"above": 1}}, "answer": "no"}, LAST]},
            ["rules.answers.0.when.c: above needs type number or integer, found category"],
        ),
        (
            {"answers": [LAST], "conditions": [{"a": {"missing": True}}]},
            ["rules.conditions.0.a: missing needs a nullable column"],
        ),
        (
            {"answers": [{"answer": "maybe"}]},
            ["rules.answers.0.answer: found 'maybe'; the classes are no, yes"],
        ),
        ({"answers": [{"answer": 1}]}, ["rules.answers.0.answer: found '1'"]),
        (
            {"answers": [LAST], "min_probability": 0.5},
            ["rules.min_probability", "largest of 2 probabilities", "more than 0.5"],
        ),
        ({"answers": [LAST], "min_probability": 1}, ["rules.min_probability", "less than 1"]),
        ({"answers": [LAST], "min_probability": 0}, ["rules.min_probability", "greater than 0"]),
    ],
)
def test_mistakes_are_reported_with_field_value_and_remedy(rules, told):
    with pytest.raises(ValidationError) as error:
        spec(rules)
    for text in told:
        assert text in str(error.value)


def test_a_regression_answers_with_numbers_and_has_no_probabilities():
    rules = {"answers": [{"when": LOW, "answer": 12.5}, {"answer": 3}]}
    found = of_a_regression(rules)
    plain = found.rules.plain(found.columns, found.target)
    assert [row["answer"] for row in plain["answers"]] == [12.5, 3.0]
    with pytest.raises(ValidationError, match="regression has no probabilities; leave it out"):
        of_a_regression({**rules, "min_probability": 0.5})
    with pytest.raises(ValidationError, match=r"answers\.0\.answer: found 'low', which is not a n"):
        of_a_regression({"answers": [{"answer": "low"}]})


def test_rules_see_a_row_as_it_arrives_inputs_included_and_derived_columns_not():
    made = {
        "columns": {"made": {"type": "number", "derived": True}},
        "inputs": {"raw": {"type": "number"}},
        "features_sql": "SELECT id, raw + 1 AS made FROM events",
    }
    assert spec({"conditions": [{"raw": {"missing": True}}], "answers": [LAST]}, **made).rules
    with pytest.raises(ValidationError, match="made is derived; rules see a row as it arrives"):
        spec({"conditions": [{"made": {"missing": True}}], "answers": [LAST]}, **made)


def test_each_condition_has_a_reason_without_values_of_rows():
    conditions = [
        {"a": {"outside": {"at_least": -3, "below": 3}}},
        {"b": {"missing": True}},
        {"b": {"above": 1, "below": 2}, "c": {"equals": "x"}},
    ]
    found = spec({"conditions": conditions, "answers": [LAST]})
    plain = found.rules.plain(found.columns, found.target)
    reasons = [one["reason"] for one in plain["conditions"]]
    assert reasons == ["a_outside", "b_missing", "b_between_and_c_equals"]
    assert json.loads(json.dumps(plain)) == plain


def test_without_more_the_rules_answer_failures_only():
    found = spec({"answers": [LAST]})
    assert found.rules.plain(found.columns, found.target) == {
        "conditions": [],
        "min_probability": None,
        "failures": ["error", "timeout"],
        "answers": [{"when": {}, "answer": "no"}],
    }
