"""Workers and shippers that are killed at any moment: what was answered is in the lake, once."""

import os
import random
import signal
from threading import Timer

import duckdb

from mlops_drift.config.context import ModelContext
from mlops_drift.pipeline import shipping
from mlops_drift.pipeline.shipping import ship
from mlops_drift.store.delta import DeltaLake
from mlops_drift_tests.pipeline.place import describe, promote
from mlops_drift_tests.processes import run_alone
from mlops_drift_tests.serving.log.samples import files
from mlops_drift_tests.serving.log.test_kills import acknowledged

KILLS = 4


def model_in(root):
    return ModelContext.of(DeltaLake(root / "lake", duckdb.connect()), describe())


def ship_until_killed(root, seconds):
    model = model_in(root)
    # Many commits, each of which may be the last.
    shipping.BATCH_ROWS = 20
    Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
    while True:
        ship(model, root / "log")


def test_no_answer_is_lost_or_doubled_whoever_is_killed(tmp_path):
    rng, told = random.Random(11), []
    promote(model_in(tmp_path))
    for kill in range(KILLS):
        told += acknowledged(tmp_path / "log", f"w{kill}", rng.randrange(100, 600))
        assert run_alone(ship_until_killed, tmp_path, rng.uniform(0.0, 0.3)) == -signal.SIGKILL
    model = model_in(tmp_path)
    ship(model, tmp_path / "log")
    assert files(tmp_path / "log") == []
    served = model.store.lake.read(model.store.tables.served)["request_id"].to_pylist()
    assert len(served) == len(set(served))
    assert {f"request {one}" for one in told} <= set(served)
    assert len(served) - len(told) <= KILLS
