"""A regression through the whole loop, and what was served stays as it was served."""

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import find_model
from mlops_drift.gateways import open_lake, open_registry
from mlops_drift.lifecycle.rebuild import rebuild
from mlops_drift.pipeline.features import make_features
from mlops_drift.pipeline.gates import model_gates
from mlops_drift.pipeline.landing import land_events, land_labels
from mlops_drift.schema.numbers import rounded
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

PRICE = {
    "target": {"kind": "regression", "classes": None, "positive": None},
    "training": {"metric": "rmse"},
    "gates": {"metrics": {"accuracy": ..., "rmse": 0.5}, "tolerance": 0.1},
    "monitors": {"performance": {"drop": 0.2}},
    "end_date": day(DAYS - 1),
}


def price(events, jump):
    noise = np.random.default_rng(int(events["id"].iloc[0])).normal(scale=0.1, size=ROWS)
    return 3 * events["a"] + noise + jump


def write_days(folder):
    """The prices of day 2 are five higher than what decides them says."""
    events = [events_of(number) for number in range(DAYS)]
    labels = [
        labels_of(number).assign(y=price(events[number], jump=5.0 * (number == 2)))
        for number in range(DAYS)
    ]
    pd.concat(events).to_csv(folder / "events.csv", index=False)
    pd.concat(labels).to_parquet(folder / "labels.parquet", index=False)


@pytest.fixture(scope="module")
def told(new_world):
    """Four days; the first version is trained at the end of the second."""
    world = new_world("price")
    write_days(world.write_model(PRICE))
    with world.active(), dg.DagsterInstance.ephemeral() as instance:
        world.replay(instance, step=2)
        yield world, instance


@pytest.fixture
def replayed(told):
    with told[0].active():
        yield told


def rows(world, table):
    with world.lake() as model:
        return model.lake.read(getattr(model.tables, table)).to_pylist()


def test_a_regression_model_trains_and_passes_its_gates(replayed):
    world, instance = replayed
    with world.lake() as model:
        first = model.versions.promotions()[0]
        assert (first.version, first.as_of) == (1, day(1))
        record = model.versions.get(1)
    assert record.metric == "rmse"
    assert record.lower <= record.value <= record.upper
    assert open_registry().alias("tiny", "champion") == 2
    gate = metadata_of(evaluations(instance, "tiny", "challenger", "test_rmse")[0])
    assert (gate["verdict"], gate["value"]) == ("pass", rounded(record.value))


def test_every_gate_of_the_first_version_passed(replayed):
    names = [gate.name for gate in model_gates(find_model("tiny").spec)]
    assert {"test_rmse", "calibration", "refit_consistency", "fresh_process"} <= set(names)
    first = {name: evaluations(replayed[1], "tiny", "challenger", name)[0] for name in names}
    assert all(found.passed for found in first.values())


def test_a_regression_comes_out_again_to_the_last_bit(replayed):
    with replayed[0].lake() as model:
        made = rebuild(ModelContext(find_model("tiny").spec, model, open_registry()), 1)
    assert (made.is_same, made.rows, made.different) == (True, ROWS, 0)


def test_a_regression_model_serves_numbers(replayed):
    served = rows(replayed[0], "predictions")
    assert {type(row["prediction"]) for row in served} == {float}
    assert all(row["prediction"] == row["score"] for row in served)
    numbers = np.array([row["prediction"] for row in served])
    truth = pd.concat([events_of(number) for number in (2, 3)]).set_index("id")["a"] * 3
    wanted = truth.loc[[row["id"] for row in served]].to_numpy()
    assert np.abs(numbers - wanted).mean() < 0.3


def test_drift_is_measured_for_features_and_the_score(replayed):
    found = rows(replayed[0], "checks")
    assert {row["subject"] for row in found if row["check"] == "prediction_drift"} == {"score"}
    assert {row["subject"] for row in found if row["check"] == "feature_drift"} == {"a", "b", "c"}
    assert {row["day"] for row in found if row["check"] == "feature_drift"} == {day(2), day(3)}


def test_an_error_metric_fails_when_it_rises_and_the_model_is_retrained(replayed):
    world, instance = replayed
    (found,) = [
        row
        for row in rows(world, "checks")
        if (row["check"], row["window"]) == ("performance_drop", 1) and row["n"]
    ]
    assert found["verdict"] == "fail"
    assert found["value"] > 4 > found["threshold"]
    failed = evaluations(instance, "tiny", "performance_metrics", "performance_drop")[-1]
    assert not failed.passed
    with world.lake() as model:
        decision = model.decisions.records(idle=False)[-1]
        promotions = model.versions.promotions()
    assert (decision.day, decision.triggers) == (day(3), ("performance_drop",))
    assert decision.since == day(2)
    assert decision.status == "promoted"
    assert promotions[-1].version == 2


def test_materializing_past_days_again_after_a_promotion_changes_nothing(replayed):
    world, instance = replayed
    before, commits = world.tables(), world.commits()["lake/predictions/tiny"]
    result = world.run_days(instance, day(2), day(3))
    assert result.success
    about = materialization(result, "tiny", "production_predictions")
    assert (about["added rows"], about["versions"]) == (0, "1")
    assert about["mlflow version"].endswith(
        "/#/models/tiny/versions/1?workflowType=machine_learning"
    )
    assert world.tables() == before
    assert world.commits()["lake/predictions/tiny"] == commits
    assert not world.look(instance).run_requests


def test_models_of_one_lake_do_not_touch_each_other(replayed):
    world, _ = replayed
    before = world.tables()
    write_days(world.write_model({**PRICE, "name": "other"}, "other"))
    found = find_model("other")
    source = found.spec.source.open(found.folder)
    with open_lake() as lake:
        other = ModelContext.of(lake, found.spec)
        land_events(other, source, day(0), day(1))
        land_labels(other, source, day(0), day(1))
        make_features(other, day(0), day(1))
    after = world.tables()
    assert {name: after[name] for name in before} == before
    added = after.keys() - before.keys()
    assert {name.split(".")[1].split("_")[0] for name in added} == {"other"}
    with world.lake("other") as model:
        assert model.lake.read(model.tables.events).num_rows == 2 * ROWS
        assert model.lake.read(model.tables.labels).num_rows == ROWS
