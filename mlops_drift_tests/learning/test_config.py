import pytest
from pydantic import ValidationError

from mlops_drift.learning.config import BusinessValue, Training
from mlops_drift.schema.columns import Target
from mlops_drift_tests.learning.samples import BINARY, NUMBER, THREE


def test_every_field_is_described():
    assert all(field.description for field in Training.model_fields.values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": "gini"}, "metric"),
        ({"families": []}, "families"),
        ({"families": ["linear", "linear"]}, "each may be named once, found linear"),
        ({"trials": 0}, "trials"),
        ({"folds": 1}, "folds"),
        ({"test_share": 0.6}, "test_share"),
        ({"trails": 5}, "trails"),
        ({"validation": "random"}, "validation"),
        ({"time_budget_seconds": 0}, "time_budget_seconds"),
        ({"class_weights": []}, "class_weights"),
        ({"class_weights": ["none", "none"]}, "each may be named once, found none"),
        ({"decision_threshold": 0}, "decision_threshold"),
        ({"decision_threshold": 1.0}, "decision_threshold"),
        ({"decision_threshold": "best"}, "decision_threshold"),
        (
            {"metric": "precision", "decision_threshold": "search"},
            "decision_threshold search needs the metric accuracy, .*found precision",
        ),
    ],
)
def test_a_training_that_cannot_work_names_its_field(change, message):
    with pytest.raises(ValidationError, match=message):
        Training.model_validate({"metric": "accuracy"} | change)


@pytest.mark.parametrize(
    ("target", "change", "message"),
    [
        (NUMBER, {"class_weights": ["none", "balanced"]}, "class_weights .*found a regression"),
        (NUMBER, {"decision_threshold": 0.4}, r"decision_threshold 0\.4 .*found a regression one"),
        (THREE, {"decision_threshold": 0.4}, r"decision_threshold 0\.4 .*found a multiclass one"),
        (THREE, {"decision_threshold": "search"}, "decision_threshold search needs a binary"),
    ],
)
def test_weights_and_thresholds_need_classes_to_choose_between(target, change, message):
    training = Training(metric="accuracy", **change)
    with pytest.raises(ValueError, match=message):
        training.require_fit(target)
    if target == THREE:
        Training(metric="accuracy", class_weights=["balanced"]).require_fit(target)
    training.require_fit(BINARY)


def test_a_limit_of_rows_leaves_each_class_a_row_in_each_fold():
    classes = [f"class {number}" for number in range(30)]
    many = Target(column="y", kind="multiclass", classes=classes)
    Training(metric="accuracy", max_rows=120).require_fit(many)
    with pytest.raises(ValueError, match=r"training.max_rows 119 .*training.folds 4; .*120"):
        Training(metric="accuracy", max_rows=119).require_fit(many)
    Training(metric="mae", max_rows=100).require_fit(NUMBER)


def test_a_metric_must_be_chosen():
    with pytest.raises(ValidationError, match="metric"):
        Training.model_validate({})


def test_an_outcome_has_one_value():
    outcomes = [
        {"truth": "yes", "prediction": "no", "value": value, **names}
        for value, names in ((-4, {}), (1, {"prediction": "yes"}), (-5, {}))
    ]
    assert len(BusinessValue(outcomes=outcomes[:2]).outcomes) == 2
    with pytest.raises(ValidationError, match="gives truth yes, prediction no two values"):
        BusinessValue(outcomes=outcomes)
