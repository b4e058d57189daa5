"""The churn model on the published Telco data, and on drift that the labels do not show."""

from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml

from mlops_drift import project
from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import find_model
from mlops_drift.lifecycle.decisions import decide_days
from mlops_drift.lifecycle.retraining import RetrainingRun
from mlops_drift.pipeline.features import make_features
from mlops_drift.pipeline.landing import land_events, land_labels
from mlops_drift.pipeline.monitoring import measure_drift, measure_performance
from mlops_drift.pipeline.scoring import score_days
from mlops_drift.registry.memory import MemoryRegistry
from mlops_drift.sources.simulators.churn import inject_drift
from mlops_drift.store.memory import MemoryLake
from mlops_drift_tests.tiny import World

TELCO = Path(__file__).resolve().parents[2] / "shared" / "data" / "telco"
START = date(2024, 12, 5)
PROMPT_UNTIL = date(2025, 1, 8)
DRIFT_FROM = date(2025, 1, 15)
LAST = date(2025, 1, 31)
ROWS = 1750
DRIFTED = {"MonthlyCharges", "tenure", "Contract"}


@pytest.fixture(scope="module")
def telco(tmp_path_factory):
    """The published customers, of whom those from a day on drift; labels stay as they are.

    The labels of the drifting days are brought forward, so that the trigger on performance has
    something to look at.
    """
    if not (TELCO / "events.parquet").is_file():
        pytest.skip(f"{TELCO} is not there: the published Telco data is no part of the project")
    world = World(tmp_path_factory.mktemp("telco"))
    folder = world.defs / "telco"
    folder.mkdir()
    shipped = project.SHIPPED_DEFS / "churn"
    (folder / "features.sql").write_text((shipped / "features.sql").read_text())
    described = yaml.safe_load((shipped / "defs.yaml").read_text())
    described["attributes"] |= {
        "name": "telco",
        "start_date": START,
        "end_date": LAST,
        "source": {
            "kind": "files",
            "events": {"path": "events.parquet", "day_column": "day"},
            "labels": {"path": "labels.parquet", "day_column": "day"},
        },
    }
    described["attributes"]["target"]["label_delay_days"] = 5
    described["attributes"]["policy"]["first_training_rows"] = ROWS
    described["attributes"]["training"] |= {"trials": 1, "folds": 2, "families": ["linear"]}
    (folder / "defs.yaml").write_text(yaml.safe_dump(described))
    write(folder)
    single = duckdb.connect(config={"threads": 1})
    with world.active(), single as connection:
        found = find_model("telco")
        lake = MemoryLake(world.data, connection)
        model = ModelContext.of(lake, found.spec, MemoryRegistry())
        source = found.spec.source.open(folder)
        first = next(walk(model, source, START, PROMPT_UNTIL))
        assert (first.action, first.kind) == ("retrain", "first")
        model.store.decisions.record(first)
        run = RetrainingRun(model, first.id)
        run.build_training_set()
        run.train()
        gates = run.judge_gates()
        run.record_baseline()
        run.promote(gates)
        last = next(walk(model, source, PROMPT_UNTIL + timedelta(days=1), LAST))
        yield model.store, gates, last


def walk(model, source, first, last):
    """Does what the daily job does for some days, and decides at the end of the last one."""
    land_events(model, source, first, last)
    land_labels(model, source, first, last)
    make_features(model, first, last)
    score_days(model, first, last)
    measure_drift(model, first, last)
    measure_performance(model, first, last)
    return decide_days(model, last, last)


def write(folder):
    events = pq.read_table(TELCO / "events.parquet").replace_schema_metadata()
    labels = pd.read_parquet(TELCO / "labels.parquet")
    parts = []
    for day in sorted({day for day in events["day"].to_pylist() if day >= START}):
        rows = events.filter(pc.equal(events["day"], day))
        f = min(13, (day - DRIFT_FROM).days) / 14
        rng = np.random.default_rng(day.toordinal())
        parts.append(inject_drift(rows, f, rng) if f > 0 else rows)
    drifted = pa.concat_tables(parts, promote_options="permissive")
    pq.write_table(drifted, folder / "events.parquet")
    of_event = dict(zip(events["customerID"].to_pylist(), events["day"].to_pylist(), strict=True))
    labels["day"] = [
        day if day <= PROMPT_UNTIL else of_event[key] + pd.Timedelta(days=5)
        for key, day in zip(labels["customerID"], labels["day"], strict=True)
    ]
    labels = labels[[of_event[key] >= START for key in labels["customerID"]]]
    labels.to_parquet(folder / "labels.parquet", index=False)


def test_the_champion_passes_every_gate(telco):
    model, gates, _ = telco
    (promotion,) = model.versions.promotions()
    record = model.versions.get(promotion.version)
    assert (record.rows, promotion.as_of) == (ROWS, PROMPT_UNTIL)
    assert record.value >= 0.55
    assert {gate.name: gate.verdict for gate in gates if gate.verdict != "pass"} == {}
    assert {gate.name for gate in gates} >= {
        *("test_f1", "test_auc", "test_precision", "false_negative_rate", "calibration"),
        *("business_value", "null_robustness", "target_leakage", "fresh_process"),
    }


def test_the_feature_trigger_names_what_drifts_with_value_and_window(telco):
    model, _, _ = telco
    failed = model.lake.rows(
        'SELECT day, subject AS "column", "window", value, threshold FROM c '
        "WHERE verdict = 'fail' AND \"check\" = 'feature_drift' ORDER BY day",
        c=model.tables.checks,
    )
    assert {row["column"] for row in failed} >= DRIFTED
    assert {row["column"] for row in failed} <= {*DRIFTED, "price_increase"}
    assert (
        DRIFT_FROM < min(row["day"] for row in failed) < max(row["day"] for row in failed) == LAST
    )
    assert all(row["value"] > row["threshold"] and row["window"] in (7, 28) for row in failed)


def test_the_performance_trigger_stays_silent(telco):
    model, _, last = telco
    judged = model.lake.rows(
        "SELECT verdict, count(*) AS n FROM p WHERE \"check\" = 'performance_drop' "
        "GROUP BY verdict",
        p=model.tables.checks,
    )
    counts = {row["verdict"]: row["n"] for row in judged}
    assert counts.get("pass", 0) > 5
    assert "fail" not in counts
    assert last.action != "retrain"
