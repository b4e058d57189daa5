import pytest
from pydantic import ValidationError

from mlops_drift.learning.gates.config import Gates, require_fitting
from mlops_drift_tests.learning.gates.candidates import BINARY, COLUMNS, NUMBER, THREE


def test_every_field_is_described():
    assert all(field.description for field in Gates.model_fields.values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metrics": {}}, "metrics"),
        ({"metrics": {"gini": 0.5}}, "gini"),
        ({"comparison": "equal"}, "'better' or 'not_worse'"),
        ({"tolerance": -1}, "tolerance"),
        ({"min_rows": 0}, "min_rows"),
        ({"max_false_negative_rate": 2}, "max_false_negative_rate"),
        ({"min_class_f1": {"yes": 2}}, "min_class_f1"),
        ({"max_share_deviation": 0}, "max_share_deviation"),
        ({"max_feature_auc": 0.5}, "max_feature_auc"),
        ({"slices": ["a", "a"]}, "each may be named once, found a"),
        ({"minimum": 0.5}, "minimum"),
    ],
)
def test_a_mistake_names_its_field(change, message):
    with pytest.raises(ValidationError, match=message):
        Gates.model_validate({"metrics": {"accuracy": 0.8}} | change)


@pytest.mark.parametrize(
    ("target", "change", "message"),
    [
        (THREE, {"metrics": {"auc": 0.5}}, "gates.metrics: metric 'auc' is not defined"),
        (
            BINARY,
            {"metrics": {"f1": 55}},
            "gates.metrics.f1 is 55, which the metric never reaches; use a value up to 1",
        ),
        (
            BINARY,
            {"metrics": {"f1": -1}},
            "f1 is -1, which the metric never reaches; use a value from 0",
        ),
        (THREE, {"max_false_negative_rate": 0.5}, "needs a binary target, found multiclass"),
        (NUMBER, {"metrics": {"mae": 1}, "min_class_f1": 0.5}, "min_class_f1 needs classes"),
        (NUMBER, {"metrics": {"mae": 1}, "min_class_share": 0.1}, "min_class_share needs classes"),
        (BINARY, {"min_class_f1": {"maybe": 0.5}}, "names maybe; the classes are no, yes"),
        (THREE, {"min_class_share": 0.4}, "3 classes cannot all have; use at most 0.333"),
        (BINARY, {"trusted_columns": ["w"]}, "trusted_columns names w; the columns are x, z"),
    ],
)
def test_what_does_not_fit_the_target_says_what_would(target, change, message):
    gates = Gates.model_validate({"metrics": {"accuracy": 0.8}} | change)
    with pytest.raises(ValueError, match=message):
        require_fitting(gates, target, COLUMNS)


@pytest.mark.parametrize(
    ("target", "change"),
    [
        (BINARY, {"max_false_negative_rate": 0.5, "min_class_f1": 0.5, "min_class_share": 0.1}),
        (THREE, {"min_class_f1": {"low": 0.5}, "min_class_share": 0.3}),
        (NUMBER, {"metrics": {"r2": -1, "rmse": 200}}),
        (BINARY, {"metrics": {"log_loss": 3}, "trusted_columns": ["x"]}),
    ],
)
def test_what_fits_is_taken(target, change):
    require_fitting(Gates.model_validate({"metrics": {"accuracy": 0.8}} | change), target, COLUMNS)
