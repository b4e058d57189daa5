"""Every kind of target through the whole loop, and what was served stays as it was served."""

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from mlops_drift.resources import open_registry
from mlops_drift_tests.tiny import (
    ROWS,
    day,
    evaluations,
    events_of,
    labels_of,
    materialization,
    metadata_of,
)

DAYS = 4

MODELS = {
    "grade": {
        "target": {
            "kind": "multiclass",
            "classes": ["high", "low", "middle"],
            "positive": None,
        },
        "training": {"metric": "f1_macro"},
        "gates": {"metrics": {"accuracy": ..., "f1_macro": 0.6}},
    },
    "price": {
        "target": {"kind": "regression", "classes": None, "positive": None},
        "training": {"metric": "rmse"},
        "gates": {"metrics": {"accuracy": ..., "rmse": 0.5}, "tolerance": 0.1},
        "monitors": {"performance": {"drop": 0.2}},
    },
}


def truth(model, events, jump=0.0):
    if model == "price":
        noise = np.random.default_rng(int(events["id"].iloc[0])).normal(scale=0.1, size=ROWS)
        return 3 * events["a"] + noise + jump
    return np.select([events["a"] > 0.4, events["a"] > -0.4], ["high", "middle"], "low")


def write_days(folder, model):
    """The prices of day 2 are five higher than what decides them says."""
    events = [events_of(number) for number in range(DAYS)]
    labels = [
        labels_of(number).assign(y=truth(model, events[number], jump=5.0 * (number == 2)))
        for number in range(DAYS)
    ]
    pd.concat(events).to_csv(folder / "events.csv", index=False)
    pd.concat(labels).to_parquet(folder / "labels.parquet", index=False)


@pytest.fixture(scope="module")
def kinds(new_world):
    """A multiclass and a regression model after four days."""
    world = new_world("kinds")
    for model, changes in MODELS.items():
        write_days(world.write_model({**changes, "end_date": day(DAYS - 1)}, model), model)
    with world.active(), dg.DagsterInstance.ephemeral() as instance:
        for model in MODELS:
            world.replay(instance, model)
        yield world, instance


@pytest.fixture
def replayed(kinds):
    with kinds[0].active():
        yield kinds


def rows(world, model, table):
    with world.lake(model) as lake:
        return lake.lake.read(getattr(lake.tables, table)).to_pylist()


@pytest.mark.parametrize("model", MODELS)
def test_every_kind_of_target_trains_and_passes_its_gates(replayed, model):
    world, instance = replayed
    with world.lake(model) as lake:
        first = lake.versions.promotions()[0]
        assert (first.version, first.as_of) == (1, day(1))
        record = lake.versions.get(1)
    assert record.metric == MODELS[model]["training"]["metric"]
    assert record.lower <= record.value <= record.upper
    assert open_registry().alias(model, "champion") is not None
    gate = metadata_of(evaluations(instance, model, "challenger", f"test_{record.metric}")[0])
    assert (gate["verdict"], gate["value"]) == ("pass", pytest.approx(record.value))


def test_a_multiclass_model_serves_classes_with_the_probability_of_the_served_one(replayed):
    served = rows(replayed[0], "grade", "predictions")
    assert len(served) == 2 * ROWS
    assert {row["prediction"] for row in served} <= {"high", "low", "middle"}
    assert all(1 / 3 <= row["score"] <= 1 for row in served)


def test_a_regression_model_serves_numbers(replayed):
    served = rows(replayed[0], "price", "predictions")
    assert {type(row["prediction"]) for row in served} == {float}
    assert all(row["prediction"] == row["score"] for row in served)


@pytest.mark.parametrize(
    ("model", "columns"), [("grade", {"score", "prediction"}), ("price", {"score"})]
)
def test_drift_is_measured_for_features_and_what_the_kind_serves(replayed, model, columns):
    found = rows(replayed[0], model, "checks")
    assert {row["subject"] for row in found if row["check"] == "prediction_drift"} == columns
    assert {row["subject"] for row in found if row["check"] == "feature_drift"} == {"a", "b", "c"}
    assert {row["day"] for row in found if row["check"] == "feature_drift"} == {day(2), day(3)}


def test_performance_of_a_good_multiclass_day_passes(replayed):
    world, instance = replayed
    (found,) = [
        row
        for row in rows(world, "grade", "checks")
        if (row["check"], row["window"]) == ("performance_drop", 1) and row["n"]
    ]
    assert (found["production_day"], found["day"], found["n"]) == (day(2), day(3), ROWS)
    assert found["verdict"] == "pass"
    latest = evaluations(instance, "grade", "performance_metrics", "performance_drop")[-1]
    assert latest.passed
    assert metadata_of(latest)["subject"] == "f1_macro"


def test_an_error_metric_fails_when_it_rises_and_the_model_is_retrained(replayed):
    world, instance = replayed
    (found,) = [
        row
        for row in rows(world, "price", "checks")
        if (row["check"], row["window"]) == ("performance_drop", 1) and row["n"]
    ]
    assert found["verdict"] == "fail"
    assert found["value"] > 4 > found["threshold"]
    failed = evaluations(instance, "price", "performance_metrics", "performance_drop")[-1]
    assert not failed.passed
    with world.lake("price") as lake:
        decision = lake.decisions.records(idle=False)[-1]
        promotions = lake.versions.promotions()
    assert (decision.day, decision.triggers) == (day(3), ("performance_drop",))
    assert decision.since == day(2)
    assert decision.status == "promoted"
    assert promotions[-1].version == 2


@pytest.mark.parametrize("model", MODELS)
def test_materializing_past_days_again_after_a_promotion_changes_nothing(replayed, model):
    world, instance = replayed
    before, commits = world.tables(), world.commits()[f"lake/predictions/{model}"]
    result = world.run_days(instance, day(2), day(3), model)
    assert result.success
    about = materialization(result, model, "production_predictions")
    assert (about["added rows"], about["versions"]) == (0, "1")
    assert about["mlflow version"].endswith(f"/#/models/{model}/versions/1")
    assert world.tables() == before
    assert world.commits()[f"lake/predictions/{model}"] == commits
    assert not world.look(instance, model).run_requests


def test_models_of_one_lake_do_not_touch_each_other(replayed):
    world, _ = replayed
    with world.lake("grade") as lake:
        names = lake.lake.names()
    assert {name.split(".")[1].split("_")[0] for name in names} == set(MODELS)
    assert len(names) == 2 * 15
    ids = {row["id"] for row in rows(world, "grade", "events")}
    assert len(ids) == DAYS * ROWS
