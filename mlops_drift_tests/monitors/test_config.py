import pytest
from pydantic import ValidationError

from mlops_drift.monitors.config import AgeMonitor, PerformanceMonitor, QualityMonitor
from mlops_drift.policy.config import Budget, RetrainingPolicy


@pytest.mark.parametrize("windows", [[1], [1, 7, 28], [3, 30]])
def test_ascending_windows_are_accepted(windows):
    assert PerformanceMonitor(windows=windows).windows == windows


@pytest.mark.parametrize(
    ("windows", "told"),
    [
        ([], ["windows", "at least 1 item"]),
        ([7, 1], ["windows", "ascending", "[7, 1]"]),
        ([1, 1], ["windows", "without duplicates", "[1, 1]"]),
        ([0, 1], ["windows.0", "greater than 0"]),
        ([1.5], ["windows.0", "1.5", "valid integer"]),
    ],
)
def test_other_windows_are_answered_with_the_rule(windows, told):
    with pytest.raises(ValidationError) as caught:
        PerformanceMonitor(windows=windows)
    for fragment in told:
        assert fragment in str(caught.value)


def test_the_floor_and_the_drop_can_be_switched_off():
    monitor = PerformanceMonitor(floor=None, drop=None)
    assert (monitor.floor, monitor.drop) == (None, None)
    assert monitor.allowance("mae") is None


@pytest.mark.parametrize(
    ("metric", "told"), [("mae", "10 %"), ("log_loss", "10 %"), ("auc", "5 points")]
)
def test_a_drop_that_is_not_set_suits_the_metric_also_when_read_again(metric, told):
    again = PerformanceMonitor.model_validate(PerformanceMonitor().model_dump())
    assert str(again.allowance(metric)) == told


def test_bad_data_is_no_reason_to_retrain_unless_it_is_said():
    assert "data_quality" not in RetrainingPolicy().retrain_on
    assert "null_spike" not in RetrainingPolicy().retrain_on
    assert RetrainingPolicy(retrain_on=["data_quality"]).retrain_on == ["data_quality"]


def test_every_field_is_described():
    for model in (QualityMonitor, PerformanceMonitor, AgeMonitor, Budget, RetrainingPolicy):
        for name, field in model.model_fields.items():
            assert field.description, name


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("limit", ["floor", "drop"])
def test_a_limit_is_a_finite_number(limit, value):
    with pytest.raises(ValidationError, match="finite number"):
        PerformanceMonitor(**{limit: value})


def test_the_recent_window_alone_needs_its_length():
    with pytest.raises(ValidationError, match="needs window_days"):
        RetrainingPolicy(training_windows=["recent"])
    policy = RetrainingPolicy(training_windows=["recent"], window_days=90)
    assert policy.window_days == 90


@pytest.mark.parametrize(
    ("config", "field", "names"),
    [
        (PerformanceMonitor, "slices", ["country", "country"]),
        (RetrainingPolicy, "retrain_on", ["model_age", "model_age"]),
        (RetrainingPolicy, "training_windows", ["everything", "everything"]),
    ],
)
def test_a_list_names_each_thing_once(config, field, names):
    with pytest.raises(ValidationError, match=f"named once, found {names[0]} more often"):
        config(**{field: names})
