"""A list for fields, one value for a list, nothing for a value: what would be right is said."""

import pytest
import yaml

from mlops_drift.config.spec import ModelSpec
from mlops_drift.config.yaml_values import value_mistakes

FIELDS = "fields are expected"
LIST = "a list is expected"
VALUE = "one value is expected"

WRONG = {
    "columns: {b: number}": ("'number'", FIELDS, "write b: {type: number}"),
    "columns: {b: float}": ("'float'", FIELDS, "write b: {type: number}"),
    "columns: {b: }": ("nothing", FIELDS, "write b: {type: number}"),
    "columns: {b: ~}": ("nothing", FIELDS, "write b: {type: number}"),
    "columns: {b: 5}": ("'5'", FIELDS, "write b: {type: number}"),
    "columns: {b: [category]}": ("a list", FIELDS, "write b: {type: category}"),
    "columns: {b: [{type: number}]}": ("a list", FIELDS, "write b: {type: number}"),
    "columns: [a, b]": ("a list", FIELDS, "write columns: {a: {type: number}, b: {type: number}}"),
    "columns: [{a: {type: number}}]": ("a list", FIELDS, "write columns: {a: {type: number}}"),
    "columns: [{name: a, type: number}]": ("a list", FIELDS, "columns: {a: {type: number}}"),
    "columns: a, b": ("'a, b'", FIELDS, "write columns: {a: {type: number}, b: {type: number}}"),
    "columns:": ("nothing", FIELDS, "write columns: {...: {type: number}}"),
    "columns: {b: {type: }}": ("nothing", VALUE, "write type: number or integer or boolean or"),
    "columns: {b: {type: [number]}}": ("a list", VALUE, "write type: number"),
    "columns: {b: {allowed: x}}": ("'x'", LIST, "write allowed: [x]"),
    "columns: {b: {allowed: {x: 1, 2: 3}}}": ("fields", LIST, "write allowed: [x, 2]"),
    "columns: {b: {nullable: }}": ("nothing", VALUE, "write nullable: true or leave nullable out"),
    "inputs: [z]": ("a list", FIELDS, "write inputs: {z: {type: number}}"),
    "target: churn": ("'churn'", FIELDS, "write target: {column: churn, kind: binary}"),
    "target: {kind: [binary]}": ("a list", VALUE, "write kind: binary"),
    "target:\n  classes: no, yes": ("'no, yes'", LIST, 'write classes: ["no", "yes"]'),
    "target: {classes: 'no'}": ("'no'", LIST, 'write classes: ["no"]'),
    "target: {positive: [a]}": ("a list", VALUE, "write positive: a"),
    "key: [id]": ("a list", VALUE, "write key: id"),
    "key:\n  column: id": ("fields", VALUE, "write key: column"),
    "start_date:": ("nothing", VALUE, "write start_date: 2024-10-01"),
    "start_date: [2024-03-01]": ("a list", VALUE, "write start_date: 2024-03-01"),
    "source: files": ("'files'", FIELDS, "write source: {kind: files, events: {path: ...}, labels"),
    "source: {kind: files, events: e.csv}": ("'e.csv'", FIELDS, "write events: {path: e.csv}"),
    "source: {kind: files, events: [e.csv]}": ("a list", FIELDS, "write events: {path: e.csv}"),
    "source: {timezone: [UTC]}": ("a list", VALUE, "write timezone: UTC"),
    "training: {families: linear}": ("'linear'", LIST, "write families: [linear]"),
    "training: {families: {linear: on}}": ("fields", LIST, "write families: [linear]"),
    "training: {families: }": ("nothing", LIST, "families: [...] or leave families out"),
    "training: {families: [[linear]]}": ("a list", VALUE, "write linear"),
    "training: {trials: }": ("nothing", VALUE, "leave trials out"),
    "training: {trials: [3]}": ("a list", VALUE, "write trials: 3"),
    "gates: []": ("a list", FIELDS, "write gates: {metrics: {...: ...}}"),
    "gates:": ("nothing", FIELDS, "write gates: {metrics: {...: ...}}"),
    "gates: {metrics: [f1]}": ("a list", FIELDS, "write metrics: {f1: ...}"),
    "gates: {metrics: f1}": ("'f1'", FIELDS, "write metrics: {f1: ...}"),
    "gates: {metrics: {f1: [0.7]}}": ("a list", VALUE, "write f1: 0.7"),
    "gates: {tolerance: [5 %]}": ("a list", VALUE, "write tolerance: 5 %"),
    "gates: {min_class_f1: [0.5]}": ("a list", "one value or fields are expected", "f1: 0.5"),
    "monitors:": ("nothing", FIELDS, "or leave monitors out"),
    "monitors: {drift: false}": ("'false'", FIELDS, "write drift: {windows: [...]}"),
    "monitors: {drift: {windows: 7}}": ("'7'", LIST, "write windows: [7]"),
    "monitors: {drift: {columns: {a: psi}}}": ("'psi'", FIELDS, "write a: {metric: ...}"),
    "monitors: {performance: {streaming: adwin}}": ("'adwin'", FIELDS, "{detector: adwin}"),
    "policy: {retrain_on: model_age}": ("'model_age'", LIST, "write retrain_on: [model_age]"),
    "notifications: [json://x]": ("a list", FIELDS, "write notifications: {urls: [...]}"),
    "notifications: {webhooks: [http://x]}": (
        "'http://x'",
        FIELDS,
        "write {url: http://x, secret: ...}",
    ),
    "retention: 30": ("'30'", FIELDS, "write retention: {versions: ...}"),
}


@pytest.mark.parametrize("text", WRONG)
def test_another_shape_is_told_with_its_line_and_what_would_be_right(text):
    found, expected, right = WRONG[text]
    (told,) = value_mistakes(yaml.compose(text), ModelSpec)
    line = text.count("\n") + 1
    assert told.startswith(f"line {line}, column ")
    assert f": found {found}, where " in told
    assert expected in told
    assert right in told


@pytest.mark.parametrize(
    "text",
    [
        *("end_date:", "target: {classes: }", "columns: {a: {min: ~, allowed: null}}"),
        *("gates: {min_class_f1: 0.5}", "gates: {min_class_f1: {a: 0.5}}"),
        *("gates: {tolerance: 5 %}", "gates: {tolerance: default}", "unknown: [a, {b: }]"),
        *("columns: {}", "training: {families: []}", "monitors: {}"),
    ],
)
def test_what_has_its_shape_is_left_alone(text):
    assert value_mistakes(yaml.compose(text), ModelSpec) == []
