"""A run that is killed at several moments and goes on, in a checkout of its own."""

import json
import os
import shutil
import subprocess
import sys

import dagster as dg
import pytest

from mlops_drift import settings
from mlops_drift.resources import open_registry
from mlops_drift.simulation.instance import open_instance

# Runs the model again and again: each run but the last dies at a call, the hard way. The imports
# are paid once: each of these runs is a fork of a process that has done nothing else.
DRIVER = """
import importlib, json, os, signal, sys
import dagster._core.storage.sqlite_storage, mlflow.sklearn, optuna, pyarrow.dataset
import mlflow.store.model_registry.sqlalchemy_store, mlflow.store.tracking.sqlalchemy_store
import mlops_drift.definitions, mlops_drift.learning.families.linear
import mlops_drift.simulation.historical_run, mlops_drift.storage.event_log
from mlops_drift.assets import retraining
from mlops_drift.checks import monitors
from mlops_drift.cli.main import main

# Nobody looks at the pictures here.
retraining.gate_pictures = lambda gates: {}
monitors.draw = lambda picture: None

def die_at(module, owner, name, moment, argument):
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

for place in json.loads(sys.argv[1]):
    child = os.fork()
    if not child:
        die_at(*place)
        main(["run", "tiny"])
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != -signal.SIGKILL:
        sys.exit(f"came through: {place}")
main(["run", "tiny", "--format", "json"])
"""
DEADLINE = 600

AFTER = ("after", None)
CLIENT = ("mlflow", "MlflowClient", "create_model_version")
# Calls at which a run ends, in the order in which it comes to them: the retraining that follows the
# turned rule, while version 1 serves.
CALLS = {
    "in the landing of a day": ("mlops_drift.store.delta", "DeltaLake", "replace_days", *AFTER),
    "in the search": ("mlops_drift.registry.studies", "_StudyCache", "keep", *AFTER),
    "in logging, before the version is registered": (*CLIENT, "before", None),
    "between registration and alias": (*CLIENT, *AFTER),
    "between the table of promotions and the alias": (
        *("mlops_drift.store.versions", "VersionRepository", "add_promotion", *AFTER),
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
        # With its compiled files, or each process compiles it all.
        shutil.copytree(settings.PROJECT_ROOT / "mlops_drift", self.folder / "mlops_drift")
        shutil.copy(settings.PROJECT_ROOT / "dagster.yaml", self.folder)

    def run(self):
        environment = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
        return subprocess.run(
            [sys.executable, "-c", DRIVER, json.dumps(list(CALLS.values()))],
            cwd=self.elsewhere,
            env={
                **environment,
                "PYTHONPATH": str(self.folder),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def files(self):
        return {file: file.stat().st_mtime_ns for file in self.folder.rglob("*")}


@pytest.fixture(scope="module")
def killed(begin, tmp_path_factory):
    """A story that had begun, was killed at every place, and went on to its end."""
    checkout, world = Checkout(tmp_path_factory.mktemp("killed")), begin("resumed")
    before = checkout.files()
    with world.active():
        done = checkout.run()
    assert done.returncode == 0, done.stderr
    return checkout, before, world, json.loads(done.stdout)


def test_a_killed_run_ends_with_the_tables_of_an_undisturbed_one(killed, told_story):
    world = killed[2]
    with told_story.world.active():
        undisturbed = told_story.world.tables()
    with world.active():
        resumed = world.tables()
    assert resumed.keys() == undisturbed.keys()
    for name, content in undisturbed.items():
        assert resumed[name] == content, name


def test_two_data_folders_hold_the_same_training_sets_and_baselines(killed, told_story):
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
    # What ended between table and alias is finished before another run: there the last kill falls.
    assert len(cancelled) == len(CALLS) - 1
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
            assert [item.version for item in model.versions.promotions()] == [1, 2]
            assert [record.status for record in model.decisions.records(idle=False)] == [
                "promoted"
            ] * 2
            assert [record.version for record in model.versions.all()] == [1, 2]


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
    assert list(world.data.glob("dagster/**/runs.db"))
    assert {item.name for item in (world.defs / "tiny").iterdir()} == {
        "defs.yaml",
        "events.csv",
        "labels.parquet",
    }
