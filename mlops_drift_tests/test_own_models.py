"""Models over data that the project does not know: from YAML and CSV to a version made again."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.datasets import load_diabetes, load_wine

from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import find_model
from mlops_drift.lifecycle.rebuild import rebuild
from mlops_drift.pipeline.gates import model_gates
from mlops_drift.resources import open_registry
from mlops_drift.simulation.historical_run import HistoricalRun
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
    "single_row_latency",
    "batch_latency",
    "artifact_size",
    "documented",
    "fresh_process",
]


@dataclass(frozen=True)
class Own:
    """A table of somebody, and how they describe it.

    Attributes:
        table: features and the label, in the column `target`.
        target: of the YAML.
        training: of the YAML.
        limits: of the metrics of the test split.
        a_day: rows a day; their labels arrive on the next one.
        first_rows: labelled rows for the first version.
        served: days that it scores.
        judged: columns of the predictions whose drift is measured.
    """

    table: pd.DataFrame
    target: dict
    training: dict
    limits: dict
    a_day: int
    first_rows: int
    served: list
    judged: set


def diabetes():
    """A regression: 442 patients, how far their illness went on within a year."""
    return Own(
        load_diabetes(as_frame=True, scaled=False).frame,
        {"kind": "regression"},
        {"metric": "mae", "test_share": 0.3},
        {"mae": 60},
        a_day=111,
        first_rows=222,
        served=[3],
        judged={"score"},
    )


def wine():
    """Three classes: 178 wines of three growers; a column's name has a slash."""
    found = load_wine(as_frame=True)
    growers = np.array(["north", "south", "west"])[found.target]
    return Own(
        found.data.assign(target=growers),
        {"kind": "multiclass", "classes": ["north", "south", "west"]},
        {"metric": "f1_macro", "test_share": 0.5},
        {"f1_macro": 0.85, "accuracy": 0.85},
        a_day=65,
        first_rows=65,
        served=[2],
        judged={"score", "prediction"},
    )


OWN = {"diabetes": diabetes, "wine": wine}


def write(folder, name, own):
    """Writes what the README asks for: two CSV files and a YAML file."""
    order = np.random.default_rng(1).permutation(len(own.table))
    rows = own.table.iloc[order].reset_index(drop=True).rename_axis("id").reset_index()
    days = pd.Series([FIRST + timedelta(days=number // own.a_day) for number in rows["id"]])
    folder.mkdir()
    features = rows.drop(columns="target")
    features.assign(day=days).to_csv(folder / "events.csv", index=False)
    arrival = days + timedelta(days=1)
    rows[["id", "target"]].assign(day=arrival).to_csv(folder / "labels.csv", index=False)
    spec = {
        "name": name,
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
        "target": {"column": "target", "label_delay_days": 1, **own.target},
        "training": {"families": ["linear"], "trials": 2, "folds": 2, **own.training},
        "gates": {"metrics": own.limits},
        "policy": {"first_training_rows": own.first_rows},
        "monitors": {"performance": {"min_rows": 20}},
    }
    content = {"type": "mlops_drift.MonitoredModel", "attributes": spec}
    (folder / "defs.yaml").write_text(yaml.safe_dump(content, sort_keys=False))


@pytest.fixture(scope="module")
def told(new_world):
    """Both models, walked through their days by Dagster."""
    world = new_world("own")
    for name, make in OWN.items():
        write(world.defs / name, name, make())
    with world.active(), open_instance() as instance:
        for name in OWN:
            # Up to the day that the first version is trained on, and the days that it scores.
            HistoricalRun(find_model(name), instance, step=OWN[name]().served[0]).run(
                lambda *said: None
            )
    return world


@pytest.fixture(params=OWN)
def name(told, request):
    with told.active():
        yield request.param


def test_a_version_is_trained_passes_every_gate_and_is_promoted(told, name):
    limits = [f"test_{metric}" for metric in OWN[name]().limits]
    spec = find_model(name).spec
    assert [gate.name for gate in model_gates(spec)] == limits + GATES
    with open_instance() as instance:
        verdicts = {
            gate: [found.passed for found in evaluations(instance, name, "challenger", gate)]
            for gate in limits + GATES
        }
    assert verdicts == {gate: [True] for gate in limits + GATES}
    with told.lake(name) as model:
        assert [record.version for record in model.versions.all()] == [1]
        assert [promotion.version for promotion in model.versions.promotions()] == [1]


def test_the_days_after_it_are_scored_by_it(told, name):
    own = OWN[name]()
    with told.lake(name) as model:
        rows = model.lake.rows("SELECT * FROM p", p=model.tables.predictions)
        measured = model.checks.daily_values(find_model(name).spec.end_date)
    wanted = {
        FIRST + timedelta(days=number): min(own.a_day, len(own.table) - number * own.a_day)
        for number in own.served
    }
    assert Counter(row["day"] for row in rows) == wanted
    assert {row["version"] for row in rows} == {1}
    assert {row["day"]: row["n"] for row in measured} == wanted
    if own.target["kind"] == "regression":
        predictions = np.array([float(row["prediction"]) for row in rows])
        assert np.isfinite(predictions).all()
        assert abs(predictions.mean() - own.table["target"].mean()) < 30 < predictions.std()
    else:
        assert {row["prediction"] for row in rows} == set(own.target["classes"])


def test_the_champion_has_the_metric_of_its_gate(told, name):
    with told.lake(name) as model, open_instance() as instance:
        record = model.versions.get(1)
        (gate,) = evaluations(instance, name, "challenger", f"test_{record.metric}")
    assert record.metric == OWN[name]().training["metric"]
    assert record.lower <= record.value <= record.upper
    assert metadata_of(gate)["value"] == pytest.approx(record.value)
    assert open_registry().alias(name, "champion") == 1


def test_a_multiclass_model_serves_the_probability_of_the_served_class(told):
    with told.active(), told.lake("wine") as model:
        rows = model.lake.rows("SELECT score FROM p", p=model.tables.predictions)
    assert all(1 / 3 <= row["score"] <= 1 for row in rows)


def test_drift_is_measured_for_features_and_what_the_kind_serves(told, name):
    own = OWN[name]()
    with told.lake(name) as model:
        found = model.lake.rows("SELECT * FROM c", c=model.tables.checks)
    judged = {row["subject"] for row in found if row["check"] == "prediction_drift"}
    features = {row["subject"] for row in found if row["check"] == "feature_drift"}
    assert (judged, features) == (own.judged, set(own.table.columns) - {"target"})


def test_performance_of_a_good_multiclass_day_passes(told):
    day = FIRST + timedelta(days=2)
    with told.active(), told.lake("wine") as model, open_instance() as instance:
        found = [item for item in model.checks.find(day) if item.check == "performance_drop"]
        latest = evaluations(instance, "wine", "performance_metrics", "performance_drop")[-1]
    assert {(item.verdict, item.production_day, item.n) for item in found if item.n} == {
        ("pass", day, 48)
    }
    assert latest.passed
    assert metadata_of(latest)["subject"] == "f1_macro"


def test_models_of_one_lake_do_not_touch_each_other(told):
    with told.active(), told.lake("wine") as model:
        names = model.lake.names()
        rows = model.lake.rows("SELECT id FROM e", e=model.tables.events)
    assert {name.split(".")[1].split("_")[0] for name in names} == set(OWN)
    assert len(names) == 2 * 15
    assert len(rows) == len(OWN["wine"]().table)


def test_the_version_comes_out_again_to_the_last_bit(told, name):
    spec = find_model(name).spec
    with told.lake(name) as model:
        made = rebuild(ModelContext(spec, model, open_registry()), 1)
    assert made.is_same
    assert made.same_code
    assert (made.rows, made.different) == (OWN[name]().first_rows, 0)
