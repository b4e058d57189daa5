import pytest
from pydantic import ValidationError

from mlops_drift.learning.config import BusinessValue, Training


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
    ],
)
def test_a_training_that_cannot_work_names_its_field(change, message):
    with pytest.raises(ValidationError, match=message):
        Training.model_validate({"metric": "accuracy"} | change)


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
