"""The churn model on the published Telco data, and on drift that the labels do not show."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml

from mlops_drift import settings
from mlops_drift.simulation.instance import open_instance
from mlops_drift.sources.simulators.churn import inject_drift
from mlops_drift_tests.tiny import evaluations, metadata_of

TELCO = Path(__file__).resolve().parents[2] / "shared" / "data" / "telco"
PROMPT_UNTIL = date(2025, 1, 8)
DRIFT_FROM = date(2025, 1, 15)
LAST = date(2025, 2, 4)
DRIFTED = {"MonthlyCharges", "tenure", "Contract"}


@pytest.fixture(scope="module")
def telco(new_world):
    """The published customers, of whom those from a day on drift; labels stay as they are.

    The labels of the drifting days are brought forward, so that the trigger on performance has
    something to look at.
    """
    if not (TELCO / "events.parquet").is_file():
        pytest.skip(f"{TELCO} is not there: the published Telco data is no part of the project")
    world = new_world("telco")
    folder = world.defs / "telco"
    folder.mkdir()
    shipped = settings.SHIPPED_DEFS / "churn"
    (folder / "features.sql").write_text((shipped / "features.sql").read_text())
    described = yaml.safe_load((shipped / "defs.yaml").read_text())
    described["attributes"] |= {
        "name": "telco",
        "end_date": LAST,
        "source": {
            "kind": "files",
            "events": {"path": "events.parquet", "day_column": "day"},
            "labels": {"path": "labels.parquet", "day_column": "day"},
        },
    }
    described["attributes"]["target"]["label_delay_days"] = 5
    described["attributes"]["training"] |= {"trials": 6, "families": ["lightgbm", "linear"]}
    (folder / "defs.yaml").write_text(yaml.safe_dump(described))
    write(folder)
    with world.active(), open_instance() as instance:
        world.replay(instance, model="telco", until=PROMPT_UNTIL, step=100)
        world.replay(instance, model="telco", step=10)
        yield world, instance


def write(folder):
    events = pq.read_table(TELCO / "events.parquet").replace_schema_metadata()
    labels = pd.read_parquet(TELCO / "labels.parquet")
    parts = []
    for day in sorted(set(events["day"].to_pylist())):
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
    labels.to_parquet(folder / "labels.parquet", index=False)


def test_the_champion_passes_every_gate(telco):
    world, instance = telco
    with world.active(), world.lake("telco") as model:
        (promotion,) = model.versions.promotions()
        record = model.versions.get(promotion.version)
    assert (record.rows, promotion.as_of) == (5000, PROMPT_UNTIL)
    assert record.value >= 0.55
    names = ["test_f1", "test_auc", "test_precision", "false_negative_rate", "calibration"]
    names += ["business_value", "null_robustness", "target_leakage", "fresh_process"]
    for name in names:
        (evaluation,) = evaluations(instance, "telco", "challenger", name)
        assert evaluation.passed, evaluation.description


def test_the_feature_trigger_names_what_drifts_with_value_and_window(telco):
    world, instance = telco
    last = metadata_of(evaluations(instance, "telco", "drift_metrics", "feature_drift")[-1])
    assert last["verdict"] == "fail"
    with world.active(), world.lake("telco") as model:
        failed = model.lake.rows(
            'SELECT day, subject AS "column", "window", value, threshold FROM c '
            "WHERE verdict = 'fail' AND \"check\" = 'feature_drift' ORDER BY day",
            c=model.tables.checks,
        )
    assert {row["column"] for row in failed} >= DRIFTED
    assert {row["column"] for row in failed} <= {*DRIFTED, "price_increase"}
    assert min(row["day"] for row in failed) > DRIFT_FROM
    assert all(row["value"] > row["threshold"] and row["window"] in (7, 28) for row in failed)


def test_the_performance_trigger_stays_silent(telco):
    world, _ = telco
    with world.active(), world.lake("telco") as model:
        judged = model.lake.rows(
            "SELECT verdict, count(*) AS n FROM p WHERE \"check\" = 'performance_drop' "
            "GROUP BY verdict",
            p=model.tables.checks,
        )
    counts = {row["verdict"]: row["n"] for row in judged}
    assert counts.get("pass", 0) > 5
    assert "fail" not in counts
