"""What the exporter reads of the tables of a model."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlops_drift.errors import UserError
from mlops_drift.exporter.metrics import (
    CHALLENGER_WAITING,
    CHAMPION_INFO,
    CHECK_STATUS,
    DRIFT_LIMIT,
    DRIFT_SCORE,
    END_DATE,
    LAST_DAY,
    METRIC_LIMIT,
    METRIC_VALUE,
)
from mlops_drift.exporter.reading import ModelReading
from mlops_drift.store.delta import DeltaLake
from mlops_drift_tests.exporter import judged_model as tiny
from mlops_drift_tests.exporter.judged_model import found, judge, land
from mlops_drift_tests.tiny import day, wait

BUSINESS = {"unit": "EUR", "outcomes": [{"truth": "yes", "prediction": "yes", "value": 2}]}


@pytest.fixture
def spec():
    return tiny.tiny_spec(monitors={"performance": {"business": BUSINESS}})


@pytest.fixture
def store(lake, spec):
    return tiny.store_of(spec, lake)


@pytest.fixture
def reading(spec, store):
    return ModelReading(spec, store)


def series(reading, metric):
    """The values of a metric by its labels after the model."""
    samples = [one for one in reading.samples() if one.metric == metric]
    assert all(len(one.labels) == len(metric.labels) - 1 for one in samples)
    return {
        one.labels if len(one.labels) > 1 else "".join(one.labels): one.value for one in samples
    }


def end_of(number):
    return datetime.combine(day(number + 1), datetime.min.time(), UTC).timestamp()


def test_the_status_of_a_check_is_that_of_its_worst_subject_and_unknown_is_one(reading, store):
    tiny.fill(store)
    assert series(reading, CHECK_STATUS) == {
        "feature_drift": 2,
        "label_drift": 1,
        "null_spike": 0,
        "performance_drop": 2,
        "prediction_drift": 0,
        "volume": 0,
    }


def test_a_check_that_only_judged_an_earlier_day_is_unknown(reading, store):
    land(store, 0)
    judge(store, 0, found(0, "feature_drift", verdict="fail", value=0.4, threshold=0.2))
    assert series(reading, CHECK_STATUS) == {"feature_drift": 2}
    land(store, 1)
    assert series(reading, CHECK_STATUS) == {"feature_drift": 1}
    assert series(reading, DRIFT_SCORE) == {}


def test_a_check_that_the_model_no_longer_has_has_no_series(lake, store):
    tiny.fill(store)
    spec = tiny.tiny_spec(monitors={"volume": None})
    statuses = series(ModelReading(spec, tiny.store_of(spec, lake)), CHECK_STATUS)
    assert "feature_drift" in statuses
    assert "volume" not in statuses


def test_a_model_without_days_has_no_series_of_what_was_never_measured(reading):
    assert {one.metric: one.value for one in reading.samples()} == {
        CHALLENGER_WAITING: 0,
        END_DATE: end_of(6),
    }


def test_drift_is_given_beside_its_limit_for_columns_that_could_be_judged(reading, store):
    tiny.fill(store)
    assert series(reading, DRIFT_SCORE) == {("a", "1"): 0.4, ("b", "1"): 0.1, ("score", "1"): 0.05}
    assert set(series(reading, DRIFT_LIMIT).values()) == {0.2}
    land(store, 2)
    labels = found(2, "label_drift", "PSI of y", value=0.3, threshold=0.25, window=3)
    judge(store, 2, labels, asset="performance_metrics")
    assert series(reading, DRIFT_SCORE) == {("y", "3"): 0.3}


def test_performance_is_that_of_the_champion_on_the_newest_days_with_labels(reading, store):
    land(store, 0)
    tiny.promote(store, 1)
    tiny.promote(store, 2)
    drop = {"check": "performance_drop", "subject": "accuracy", "version": 2}
    judge(
        store,
        0,
        found(0, **drop, value=0.8, threshold=0.7),
        found(0, **drop, value=0.9, threshold=0.7, production_day=day(-1)),
        found(0, **drop, value=0.7, window=3),
        found(0, **drop, window=7),
        found(0, **drop | {"version": 1}, value=0.5, window=30),
        found(0, "business_value", "business value in EUR", version=2, value=12.5, threshold=10),
        asset="performance_metrics",
    )
    assert series(reading, METRIC_VALUE) == {
        ("accuracy", "1"): 0.8,
        ("accuracy", "3"): 0.7,
        ("business_value", "1"): 12.5,
    }
    limits = {("accuracy", "1"): 0.7, ("business_value", "1"): 10}
    assert series(reading, METRIC_LIMIT) == limits


def test_the_version_promoted_last_is_the_champion_and_a_challenger_may_wait(reading, store):
    tiny.promote(store, 1)
    tiny.promote(store, 2)
    assert series(reading, CHAMPION_INFO) == {("2", "set2"): 1}
    assert series(reading, CHALLENGER_WAITING) == {"": 0}
    wait(store, 3, "decision-3")
    assert series(reading, CHALLENGER_WAITING) == {"": 1}


def test_each_asset_has_the_end_of_its_last_day(reading, store):
    tiny.fill(store)
    land(store, 2, labels=False)
    assert series(reading, LAST_DAY) == {
        "events": end_of(2),
        "labels": end_of(1),
        "features": end_of(2),
        "production_predictions": end_of(1),
        "drift_metrics": end_of(1),
        "performance_metrics": end_of(1),
    }


def test_nothing_is_read_again_without_a_commit_and_only_the_last_days_after_one(
    reading, store, monkeypatch
):
    tiny.fill(store)
    before = reading.samples()
    asked, ask = [], DeltaLake.rows

    def rows(lake, sql, /, **scans):
        asked.extend(scans.values())
        return ask(lake, sql, **scans)

    monkeypatch.setattr(DeltaLake, "rows", rows)
    assert reading.samples() == before
    assert asked == []
    land(store, 2)
    judge(store, 2, found(2, "volume", "events"), asset="events")
    assert series(reading, CHECK_STATUS)["feature_drift"] == 1
    since = {scan.table.name: scan.since for scan in asked if hasattr(scan, "since")}
    assert since == {"monitoring.tiny_checks": day(1), "landing.tiny_files": day(1)}


def test_a_lake_that_is_gone_is_no_lake_of_a_model_that_never_ran(reading, store, lake):
    tiny.fill(store)
    before = reading.samples()
    root = Path(lake.root)
    away = root.rename(root.with_name("away"))
    for _ in range(2):
        with pytest.raises(UserError, match="the lake has no promotion of tiny any more"):
            reading.samples()
    away.rename(root)
    assert reading.samples() == before


def test_a_model_that_was_reset_begins_again_with_its_first_promotion(reading, store, lake):
    tiny.fill(store)
    assert series(reading, LAST_DAY)
    shutil.rmtree(lake.root)
    land(store, 0)
    judge(store, 0, found(0, "volume", "events"), asset="events")
    with pytest.raises(UserError, match="after a reset"):
        reading.samples()
    tiny.promote(store)
    assert series(reading, CHECK_STATUS) == {"volume": 0}
