import pytest
from pydantic import ValidationError

from mlops_drift.drift.config import DriftMonitor


def test_every_field_is_described():
    assert all(field.description for field in DriftMonitor.model_fields.values())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("windows", []),
        ("windows", [7, 1]),
        ("windows", [1, 1]),
        ("windows", [0, 7]),
        ("bins", 1),
        ("bins", 101),
        ("metric", "ks"),
        ("threshold", 0),
        ("column_thresholds", {"age": -0.1}),
        ("alpha", 0),
        ("alpha", 1),
        ("min_rows", 0),
        ("null_increase", 0),
        ("null_increase", 1.5),
        ("tolerance", 1),
    ],
)
def test_impossible_value_is_refused_and_named(field, value):
    with pytest.raises(ValidationError, match=field):
        DriftMonitor(**{field: value})


def test_column_threshold_replaces_the_common_one():
    monitor = DriftMonitor(threshold=0.2, column_thresholds={"age": 0.3})
    assert (monitor.threshold_for("age"), monitor.threshold_for("miles")) == (0.3, 0.2)
