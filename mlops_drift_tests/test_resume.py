"""A run that is killed at several moments and goes on, in a checkout of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import dagster as dg
import pytest
from deltalake import DeltaTable

from mlops_drift import settings
from mlops_drift.replay import open_instance
from mlops_drift.resources import open_registry
from mlops_drift_tests.conftest import write_story
from mlops_drift_tests.tiny import World

COMMAND = "from mlops_drift.cli.main import main; main()"
# Kills the process itself the hard way, just before or after a call.
DYING = """
import importlib, os, signal
module, owner, name, moment, argument = {place}
home = getattr(importlib.import_module(module), owner)
original = getattr(home, name)

def dying(*arguments, **named):
    mine = argument in (None, *arguments)
    if mine and moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = original(*arguments, **named)
    if mine:
        os.kill(os.getpid(), signal.SIGKILL)
    return result

setattr(home, name, dying)
"""
DEADLINE = 60


def exists(data, pattern):
    return any(data.glob(pattern))


def rows(data, table):
    folder = data / "lake" / table
    if not (folder / "_delta_log").exists():
        return 0
    return DeltaTable(folder).to_pyarrow_table().num_rows


# The moments of the kills: each is waited for, then the process is killed at once.
MOMENTS = {
    "in the first day": lambda data: rows(data, "landing/tiny_events") > 0,
    "in the training": lambda data: exists(data, "lake/training/tiny/*/manifest.json"),
}


CLIENT = ("mlflow", "MlflowClient", "create_model_version")
# Calls at which the process kills itself, in the order in which a retraining comes to them.
CALLS = {
    "in logging, before the version is registered": (*CLIENT, "before", None),
    "between registration and alias": (*CLIENT, "after", None),
    "between the table of promotions and the alias": (
        *("mlops_drift.lake.model_lake", "ModelLake", "add_promotion", "after", None),
    ),
    "between alias and record": (
        *("mlops_drift.registry.registry", "Registry", "set_alias", "after", "champion"),
    ),
}


class Checkout:
    """A copy of the project, from which the command line is run."""

    def __init__(self, root):
        self.folder = root / "checkout"
        self.elsewhere = root / "elsewhere"
        self.elsewhere.mkdir()
        shutil.copytree(
            settings.PROJECT_ROOT / "mlops_drift",
            self.folder / "mlops_drift",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        shutil.copy(settings.PROJECT_ROOT / "dagster.yaml", self.folder)

    def start(self, *arguments, dying_at=None):
        code = DYING.format(place=dying_at) + COMMAND if dying_at else COMMAND
        environment = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=self.elsewhere,
            env={
                **environment,
                "PYTHONPATH": str(self.folder),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def files(self):
        return {file: file.stat().st_mtime_ns for file in self.folder.rglob("*")}


def kill_at(process, data, reached):
    """Kills a process the hard way as soon as a moment is reached."""
    give_up = time.monotonic() + DEADLINE
    while not reached(data):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < give_up
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A world after a run that was killed at every moment, and went on to its end."""
    root = tmp_path_factory.mktemp("killed")
    checkout, world = Checkout(root), World(root)
    write_story(world)
    before = checkout.files()
    with world.active():
        for reached in MOMENTS.values():
            kill_at(checkout.start("run", "tiny"), world.data, reached)
        # Version 2 is still to come: each call of its retraining is the last of a process.
        for place in CALLS.values():
            process = checkout.start("run", "tiny", dying_at=place)
            _, err = process.communicate(timeout=DEADLINE)
            assert process.returncode == -signal.SIGKILL, err
        last = checkout.start("run", "tiny", "--format", "json")
        out, err = last.communicate(timeout=DEADLINE)
        assert last.returncode == 0, err
    return checkout, before, world, json.loads(out)


def test_a_killed_run_ends_with_the_tables_of_an_undisturbed_one(killed, told_story):
    world = killed[2]
    with told_story.world.active():
        undisturbed = told_story.world.tables()
    with world.active():
        resumed = world.tables()
    assert resumed.keys() == undisturbed.keys()
    for name, content in undisturbed.items():
        assert resumed[name] == content, name


def test_two_data_folders_hold_the_same_training_sets_and_births(killed, told_story):
    def stored(world):
        root = world.data / "lake" / "training" / "tiny"
        return {
            str(file.relative_to(root)): file.read_bytes()
            for file in root.glob("[0-9a-f]*/**/*")
            if file.is_file()
        }

    mine, theirs = stored(killed[2]), stored(told_story.world)
    assert len(mine) == 2 * (3 + 5)
    assert mine == theirs


def test_a_killed_run_leaves_no_run_open_and_no_version_twice(killed):
    world = killed[2]
    with world.active():
        with open_instance() as instance:
            runs = instance.get_runs()
        client = open_registry().client
        assert len(client.search_model_versions("name = 'tiny'")) == 2
        experiment = client.get_experiment_by_name("tiny").experiment_id
        assert "RUNNING" not in {run.info.status for run in client.search_runs([experiment])}
    assert all(run.is_finished for run in runs)
    cancelled = [run for run in runs if run.status == dg.DagsterRunStatus.CANCELED]
    assert len(CALLS) <= len(cancelled) <= len(MOMENTS) + len(CALLS)
    assert {run.status for run in runs} == {
        dg.DagsterRunStatus.CANCELED,
        dg.DagsterRunStatus.SUCCESS,
    }


def test_after_all_kills_aliases_tables_and_record_agree(killed):
    world = killed[2]
    with world.active():
        registry = open_registry()
        aliases = {name: registry.alias("tiny", name) for name in ("champion", "previous")}
        assert aliases == {"champion": 2, "previous": 1}
        assert registry.alias("tiny", "challenger") == 2
        with world.lake() as model:
            assert [item.version for item in model.promotions()] == [1, 2]
            assert [row["outcome"] for row in model.log.entries(idle=False)] == ["promoted"] * 2
            assert [record.version for record in model.versions()] == [1, 2]


def test_a_resumed_run_reports_the_whole_story(killed):
    told = killed[3]
    assert [row["version"] for row in told["versions"]] == [1, 2]
    assert [row["outcome"] for row in told["decisions"]] == ["promoted", "promoted"]


def test_all_state_lies_in_the_data_folder(killed):
    checkout, before, world, _ = killed
    assert checkout.files() == before
    assert list(checkout.elsewhere.iterdir()) == []
    # A killed search leaves what SQLite had not moved into its file yet.
    beside = {"studies.db-shm", "studies.db-wal"}
    assert {item.name for item in world.data.iterdir()} - beside == {
        "dagster",
        "lake",
        "locks",
        "mlartifacts",
        "mlflow.db",
        "studies.db",
    }
    assert exists(world.data, "dagster/**/runs.db")
    assert {item.name for item in (world.defs / "tiny").iterdir()} == {
        "defs.yaml",
        "events.csv",
        "labels.parquet",
    }
