"""A model over data that the project does not know: from YAML and CSV to a version made again."""

from collections import Counter
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.datasets import load_wine

from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import find_model
from mlops_drift.gateways import open_registry
from mlops_drift.lifecycle.rebuild import rebuild
from mlops_drift.pipeline.gates import model_gates
from mlops_drift.schema.numbers import rounded
from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests.tiny import evaluations, metadata_of

FIRST = date(2024, 1, 1)

# What a challenger with numeric columns, some of which may be missing, must pass besides its limit.
GATES = [
    "prediction_distribution",
    "calibration",
    "beats_champion",
    "no_key_overlap",
    "no_row_overlap",
    "target_leakage",
    "cv_test_gap",
    "refit_consistency",
    "null_robustness",
    "extreme_value_robustness",
    "compiled_equal",
    "single_row_latency",
    "batch_latency",
    "artifact_size",
    "documented",
    "fresh_process",
]


A_DAY = 65  # rows a day; their labels arrive on the next one


@pytest.fixture(scope="module")
def wines():
    """178 wines of three growers; a column's name has a slash."""
    found = load_wine(as_frame=True)
    growers = np.array(["north", "south", "west"])[found.target]
    return found.data.assign(target=growers)


def write(folder, table):
    """Writes what the README asks for: two CSV files and a YAML file."""
    order = np.random.default_rng(1).permutation(len(table))
    rows = table.iloc[order].reset_index(drop=True).rename_axis("id").reset_index()
    days = pd.Series([FIRST + timedelta(days=number // A_DAY) for number in rows["id"]])
    folder.mkdir()
    features = rows.drop(columns="target")
    features.assign(day=days).to_csv(folder / "events.csv", index=False)
    arrival = days + timedelta(days=1)
    rows[["id", "target"]].assign(day=arrival).to_csv(folder / "labels.csv", index=False)
    target = {"kind": "multiclass", "classes": ["north", "south", "west"]}
    spec = {
        "name": "wine",
        "description": "Rows of a table that was there before the project.",
        "start_date": FIRST,
        "end_date": arrival.max(),
        "source": {
            "kind": "files",
            "events": {"path": "events.csv", "day_column": "day"},
            "labels": {"path": "labels.csv", "day_column": "day"},
        },
        "key": "id",
        "key_type": "integer",
        "columns": {column: {"type": "number"} for column in features.columns[1:]},
        "target": {"column": "target", "label_delay_days": 1, **target},
        "training": {
            "metric": "f1_macro",
            "test_share": 0.5,
            "families": ["linear"],
            "trials": 2,
            "folds": 2,
        },
        "gates": {"metrics": {"f1_macro": 0.85, "accuracy": 0.85}},
        "policy": {"first_training_rows": A_DAY},
        "monitors": {"performance": {"min_rows": 20}},
    }
    content = {"type": "mlops_drift.MonitoredModel", "attributes": spec}
    (folder / "defs.yaml").write_text(yaml.safe_dump(content, sort_keys=False))


@pytest.fixture(scope="module")
def told(new_world, wines):
    """The model, walked through its days by Dagster."""
    world = new_world("own")
    write(world.defs / "wine", wines)
    with world.active(), open_instance() as instance:
        # Up to the day that the first version is trained on, and the days after it.
        world.replay(instance, "wine", step=2)
        yield world, instance


@pytest.fixture
def wine(told):
    """The tables of the model and its Dagster instance."""
    world, instance = told
    with world.active(), world.lake("wine") as model:
        yield model, instance


def test_a_version_is_trained_passes_every_gate_and_is_promoted(wine):
    model, instance = wine
    names = ["test_f1_macro", "test_accuracy", *GATES]
    assert [gate.name for gate in model_gates(find_model("wine").spec)] == names
    verdicts = {
        gate: [found.passed for found in evaluations(instance, "wine", "challenger", gate)]
        for gate in names
    }
    assert verdicts == {gate: [True] for gate in names}
    assert [record.version for record in model.versions.all()] == [1]
    assert [promotion.version for promotion in model.versions.promotions()] == [1]
    assert open_registry().alias("wine", "champion") == 1


def test_the_champion_has_the_value_of_its_gate(wine):
    model, instance = wine
    record = model.versions.get(1)
    (gate,) = evaluations(instance, "wine", "challenger", "test_f1_macro")
    assert record.metric == "f1_macro"
    assert record.lower <= record.value <= record.upper
    assert metadata_of(gate)["value"] == rounded(record.value)


def test_the_days_after_it_are_scored_by_it(wine, wines):
    model, _ = wine
    rows = model.lake.rows("SELECT * FROM p", p=model.tables.predictions)
    measured = model.checks.daily_values(find_model("wine").spec.end_date)
    wanted = {FIRST + timedelta(days=2): len(wines) - 2 * A_DAY}
    assert Counter(row["day"] for row in rows) == wanted
    assert {row["version"] for row in rows} == {1}
    assert {row["day"]: row["n"] for row in measured} == wanted


def test_classes_are_served_with_the_probability_of_the_served_one(wine):
    model, _ = wine
    rows = model.lake.rows("SELECT * FROM p", p=model.tables.predictions)
    assert {row["prediction"] for row in rows} == {"north", "south", "west"}
    assert all(1 / 3 <= row["score"] <= 1 for row in rows)


def test_drift_is_measured_for_features_classes_and_scores(wine, wines):
    model, _ = wine
    found = model.lake.rows("SELECT * FROM c", c=model.tables.checks)
    judged = {row["subject"] for row in found if row["check"] == "prediction_drift"}
    features = {row["subject"] for row in found if row["check"] == "feature_drift"}
    assert (judged, features) == ({"score", "prediction"}, set(wines.columns) - {"target"})


def test_performance_of_a_good_day_passes(wine, wines):
    model, instance = wine
    day = FIRST + timedelta(days=2)
    found = [item for item in model.checks.find(day) if item.check == "performance_drop"]
    assert {(item.verdict, item.production_day, item.n) for item in found if item.n} == {
        ("pass", day, len(wines) - 2 * A_DAY)
    }
    latest = evaluations(instance, "wine", "performance_metrics", "performance_drop")[-1]
    assert latest.passed
    assert metadata_of(latest)["subject"] == "f1_macro"


def test_the_version_comes_out_again_to_the_last_bit(wine):
    model, _ = wine
    made = rebuild(ModelContext(find_model("wine").spec, model, open_registry()), 1)
    assert made.is_same
    assert made.same_code
    assert (made.rows, made.different) == (A_DAY, 0)
