import pytest
from pydantic import ValidationError

from mlops_drift.drift.config import ColumnMonitor, DriftMonitor, Season
from mlops_drift.drift.metrics.registry import SHIPPED, drift_metric

VALUE_METRICS = [name for name in SHIPPED if drift_metric(name).needs_values]


@pytest.mark.parametrize("model", [DriftMonitor, ColumnMonitor, Season])
def test_every_field_is_described(model):
    assert all(field.description for field in model.model_fields.values())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("windows", []),
        ("windows", [7, 1]),
        ("windows", [1, 1]),
        ("windows", [0, 7]),
        ("bins", 1),
        ("bins", 101),
        ("metric", "chi2"),
        ("threshold", 0),
        ("columns", {"age": {"threshold": -0.1}}),
        ("columns", {"age": {"metric": "wasserstein-2"}}),
        ("columns", {"age": {"alpha": 0.1}}),
        ("columns", {"age": 0.25}),
        ("alpha", 0),
        ("alpha", 1),
        ("min_rows", 0),
        ("null_increase", 0),
        ("null_increase", 1.5),
        ("season", {}),
        ("season", {"period_days": 0}),
        ("season", {"period_days": 7, "periods": 0}),
        ("segments", "region"),
        ("tolerance", 1),
    ],
)
def test_impossible_value_is_refused_and_named(field, value):
    with pytest.raises(ValidationError, match=field):
        DriftMonitor(**{field: value})


def test_the_defaults_are_those_promised():
    monitor = DriftMonitor()
    assert (monitor.windows, monitor.min_rows, monitor.alpha) == ([1, 7, 28], 100, 0.001)
    assert monitor.effect("age") == ("js", 0.1)
    assert (monitor.season, monitor.segments) == (None, [])


@pytest.mark.parametrize("metric", SHIPPED)
def test_every_metric_has_a_threshold_of_its_own(metric):
    expected = (metric, drift_metric(metric).threshold)
    assert DriftMonitor(metric=metric).effect("age") == expected
    assert DriftMonitor(columns={"age": {"metric": metric}}).effect("age") == expected


def test_the_common_threshold_belongs_to_the_common_metric():
    monitor = DriftMonitor(
        metric="psi",
        threshold=0.25,
        columns={
            "bold": {"threshold": 0.5},
            "same": {"metric": "psi"},
            "other": {"metric": "tvd"},
            "both": {"metric": "tvd", "threshold": 0.3},
        },
    )
    assert {name: monitor.effect(name) for name in ("age", *monitor.columns)} == {
        "age": ("psi", 0.25),
        "bold": ("psi", 0.5),
        "same": ("psi", 0.25),
        "other": ("tvd", 0.1),
        "both": ("tvd", 0.3),
    }


@pytest.mark.parametrize("metric", VALUE_METRICS)
def test_a_season_has_counts_only(metric):
    season = {"period_days": 7}
    for options in ({"metric": metric}, {"columns": {"age": {"metric": metric}}}):
        assert DriftMonitor(**options).season is None
        with pytest.raises(ValidationError, match=f"season compares counts.*{metric} needs values"):
            DriftMonitor(season=season, **options)
    assert DriftMonitor(season=season, metric="psi").season == Season(period_days=7)


@pytest.mark.parametrize("metric", VALUE_METRICS)
def test_a_metric_that_needs_an_order_gives_way_where_there_is_none(metric):
    monitor = DriftMonitor(metric=metric, threshold=0.3)
    assert monitor.effect("plan") == (metric, 0.3)
    assert monitor.effect("plan", ordered=False) == ("js", 0.1)
    assert DriftMonitor(threshold=0.3).effect("plan", ordered=False) == ("js", 0.3)
