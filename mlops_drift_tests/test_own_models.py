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
from mlops_drift_tests.tiny import evaluations

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
    """

    table: pd.DataFrame
    target: dict
    training: dict
    limits: dict
    a_day: int
    first_rows: int
    served: list


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


def test_the_version_comes_out_again_to_the_last_bit(told, name):
    spec = find_model(name).spec
    with told.lake(name) as model:
        made = rebuild(ModelContext(spec, model, open_registry()), 1)
    assert made.is_same
    assert made.same_code
    assert (made.rows, made.different) == (OWN[name]().first_rows, 0)
