"""A model whose data lie elsewhere learns and decides as from files, also when it is killed."""

import importlib
import os
import signal
import sys

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from mlops_drift import settings
from mlops_drift.store.landing import LandingRepository
from mlops_drift_tests import s3
from mlops_drift_tests.processes import predict_apart, run_alone
from mlops_drift_tests.test_resume import die_at
from mlops_drift_tests.tiny import ROWS, day, events_of, labels_of

LAST = 6
# Calls at which a run dies: reading a day, in the landing of its events, and after its labels.
READ_DELTA = ("mlops_drift.sources.delta_snapshot", "DeltaSnapshot", "rows", "after")
READ_FILE = ("mlops_drift.files.remote", "RemoteFile", "read_bytes", "after", None)
LAND = ("mlops_drift.store.delta", "DeltaLake", "replace_days", "after")
LABELS = ("mlops_drift.store.landing", LandingRepository.__name__, "put_files", "after", "labels")
# Where rows came from differs, and what is seen of other days.
OF_THE_SOURCE = {"landing.tiny_files", "landing.tiny_received"}


def run_until(last, environment, kills):
    """Runs the model again and again; each run but the last dies, the hard way."""
    os.environ.pop("DAGSTER_HOME", None)
    os.environ.update(environment)
    importlib.import_module("mlops_drift.registry.stored_model").run_apart = predict_apart
    main = importlib.import_module("mlops_drift.cli.main").main
    for place in kills:
        child = os.fork()
        if not child:
            die_at(*place)
            main(["run", "tiny", "--until", str(last)])
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != -signal.SIGKILL:
            sys.exit(f"came through: {place}")
    main(["run", "tiny", "--until", str(last)])


def tables():
    """The events and labels of the whole story."""
    events = pd.concat([events_of(number) for number in range(LAST + 1)])
    labels = pd.concat([labels_of(number, flipped=number >= 3) for number in range(LAST)])
    return {"events": events, "labels": labels}


def as_delta(bucket, folder):
    """Delta tables in the store, the events divided by day."""
    for name, rows in tables().items():
        by = {"partition_by": ["day"]} if name == "events" else {}
        data = pa.Table.from_pandas(rows, preserve_index=False)
        write_deltalake(f"{bucket.url}/{name}", data, **by)
    places = {name: {"path": f"{bucket.url}/{name}"} for name in tables()}
    return {"kind": "delta", **places}


def as_daily_files(bucket, folder):
    """A Parquet file of events a day, and one of all labels, in the store."""
    found = tables()
    for when, rows in found["events"].groupby("day"):
        rows.to_parquet(folder / "one.parquet", index=False)
        bucket.put(f"events/day={when}/rows.parquet", folder / "one.parquet")
    found["labels"].to_parquet(folder / "labels.parquet", index=False)
    bucket.put("labels.parquet", folder / "labels.parquet")
    return {
        "events": {"path": f"{bucket.url}/events/day={{day}}/rows.parquet"},
        "labels": {"path": f"{bucket.url}/labels.parquet"},
    }


# One of them to the retraining at the end: what retrains has forgotten where its rows were read.
@pytest.mark.parametrize(
    ("put", "kills", "last", "undisturbed"),
    [
        (as_delta, [(*READ_DELTA, day(4)), (*LAND, day(4)), LABELS], 6, "told_story"),
        (as_daily_files, [READ_FILE, (*LAND, day(2)), LABELS], 3, "begun_story"),
    ],
)
def test_it_ends_with_the_tables_of_files_that_ran_undisturbed(
    new_world, request, bucket, tmp_path, put, kills, last, undisturbed
):
    story, world = request.getfixturevalue(undisturbed), new_world(put.__name__)
    world.write_model({"source": put(bucket, tmp_path)})
    environment = {
        settings.DATA_VARIABLE: str(world.data),
        settings.DEFS_VARIABLE: str(world.defs),
        **s3.variables(bucket.endpoint),
    }
    assert not run_alone(run_until, day(last), environment, kills)
    with story.world.active():
        expected = story.world.tables()
    with world.active():
        found = world.tables()
        with world.lake() as model:
            origins = model.landing.origins("events", day(0), day(last))
            assert all(row["origin"].startswith(bucket.url) for row in origins)
            assert sum(row["n"] for row in origins) == (last + 1) * ROWS
    assert found.keys() == expected.keys()
    for name in found.keys() - OF_THE_SOURCE:
        assert found[name] == expected[name], name
    # Nothing secret went into the state.
    for path in world.data.rglob("*"):
        assert not path.is_file() or s3.SECRET.encode() not in path.read_bytes()
