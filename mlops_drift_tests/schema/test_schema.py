import pytest
import yaml
from pydantic import ValidationError

from mlops_drift.schema.columns import Column, Target
from mlops_drift.schema.fields import as_limit


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, ["type", "Field required"]),
        ({"type": "float"}, ["type", "'float'", "'number', 'integer', 'boolean' or 'category'"]),
        ({"type": "number", "nulable": True}, ["nulable", "Extra inputs are not permitted"]),
        ({"type": "number", "derived": True, "min": 0}, ["derived column has no constraints"]),
        (
            {"type": "number", "derived": True, "nullable": False},
            ["derived column has no constraints", "null instead"],
        ),
        ({"type": "category", "min": 0}, ["min 0.0", "number or integer", "category"]),
        ({"type": "boolean", "max": 1}, ["max 1.0", "number or integer", "boolean"]),
        ({"type": "number", "min": 3, "max": 2}, ["min 3.0", "max 2.0"]),
        ({"type": "number", "min": float("nan")}, ["min", "nan", "finite number"]),
        ({"type": "number", "max": float("inf")}, ["max", "inf", "finite number"]),
        ({"type": "number", "allowed": ["1"]}, ["allowed ['1']", "category", "number"]),
        ({"type": "category", "allowed": []}, ["allowed", "at least 1 item", "[]"]),
        ({"type": "category", "allowed": [1.5]}, ["allowed.0", "1.5", "valid string"]),
    ],
)
def test_a_wrong_column_names_the_field_the_value_and_what_would_be_right(fields, told):
    with pytest.raises(ValidationError) as caught:
        Column(**fields)
    for fragment in told:
        assert fragment in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"kind": "ranking"}, ["kind", "'ranking'", "'binary', 'multiclass' or 'regression'"]),
        ({"kind": "binary"}, ["binary", "exactly 2 classes", "[]"]),
        ({"kind": "binary", "classes": ["a"]}, ["exactly 2 classes", "['a']"]),
        ({"kind": "binary", "classes": ["a", "b", "c"]}, ["exactly 2", "['a', 'b', 'c']"]),
        ({"kind": "multiclass", "classes": ["a", "b"]}, ["at least 3 classes", "['a', 'b']"]),
        (
            {"kind": "multiclass", "classes": ["a", "b", "a"]},
            ["classes", "named once, found a more often"],
        ),
        ({"kind": "binary", "classes": ["a", "b"]}, ["positive", "['a', 'b']", "None"]),
        ({"kind": "binary", "classes": ["a", "b"], "positive": "c"}, ["positive", "'c'"]),
        (
            {"kind": "multiclass", "classes": ["a", "b", "c"], "positive": "a"},
            ["positive 'a'", "binary", "multiclass"],
        ),
        ({"kind": "regression", "classes": ["a"]}, ["regression", "neither classes", "['a']"]),
        ({"kind": "regression", "positive": "a"}, ["regression", "nor positive", "'a'"]),
        ({"kind": "regression", "label_delay_days": -1}, ["label_delay_days", "-1", "0"]),
    ],
)
def test_a_wrong_target_names_the_field_the_value_and_what_would_be_right(fields, told):
    with pytest.raises(ValidationError) as caught:
        Target(column="y", **fields)
    for fragment in told:
        assert fragment in str(caught.value)


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("[0, 1]", ["0", "1"]),
        ("[false, true]", ["false", "true"]),
        ("['no', 'yes']", ["no", "yes"]),
    ],
)
def test_classes_of_a_yaml_file_are_texts(text, classes):
    written = yaml.safe_load(text)
    target = Target(column="y", kind="binary", classes=written, positive=written[1])
    assert target.classes == classes
    assert target.positive == classes[1]


def test_integers_and_booleans_may_be_allowed_categories():
    for odd in (" de", "de\t", "", " "):
        with pytest.raises(ValidationError, match=r"space around them|is a missing one"):
            Column(type="category", allowed=["x", odd])
    assert Column(type="category", allowed=[1, True, "x"]).allowed == ["1", "true", "x"]


def test_a_description_cannot_be_changed():
    column = Column(type="number")
    with pytest.raises(ValidationError, match="frozen"):
        column.nullable = False


@pytest.mark.parametrize(
    ("kind", "numeric"),
    [("number", True), ("integer", True), ("boolean", False), ("category", False)],
)
def test_numbers_and_integers_have_an_order(kind, numeric):
    assert Column(type=kind).is_numeric is numeric


def test_every_field_is_described():
    for model in (Column, Target):
        for name, field in model.model_fields.items():
            assert field.description, name


@pytest.mark.parametrize(
    ("written", "limit"),
    [
        (0.05, 0.05),
        ("5 %", 0.05),
        ("5%", 0.05),
        ("5.2 %", 0.052),
        (".5%", 0.005),
        ("0.05", 0.05),
        ("100 %", 1.0),
        (1, 1),
        ("default", "default"),
    ],
)
def test_a_limit_is_a_number_or_a_percentage(written, limit):
    assert as_limit(written) == limit


@pytest.mark.parametrize(
    "written",
    [
        *("5 % of", "105%", "-5 %", "0 %", "five", "%", "5 %%", "5,5 %", "nan", "1e-2 %", ""),
        *(-1, 0, 1.05, True, None, float("nan"), float("inf"), [0.05]),
    ],
)
def test_another_limit_is_answered_with_what_would_be_right(written):
    with pytest.raises(ValueError, match=r"greater than 0 and up to 1, .* such as 0\.05 or 5 %"):
        as_limit(written)


def test_no_difference_at_all_is_a_limit_where_it_is_said():
    assert as_limit("0 %", zero=True) == 0
