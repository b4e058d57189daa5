"""A run that is killed at several moments and goes on, in a checkout of its own."""

import importlib
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import dagster as dg
import pytest

from mlops_drift import project, settings
from mlops_drift.gateways import open_registry
from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests.processes import predict_apart, run_alone

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


def run_from(checkout, folder, environment, told):
    """Runs the model of a checkout again and again: each run but the last dies, the hard way.

    Each is a fork of this process, which has imported all and has done nothing else.
    """
    os.environ.pop("DAGSTER_HOME", None)
    os.environ.update(environment)
    os.chdir(folder)
    sys.dont_write_bytecode = True
    # Other packages are here already, and this one is to come from the checkout.
    for name in [name for name in sys.modules if name.partition(".")[0] == "mlops_drift"]:
        del sys.modules[name]
    sys.path.insert(0, str(checkout))
    command_line = _imported()
    if not Path(command_line.__file__).is_relative_to(checkout):
        sys.exit(f"not of the checkout: {command_line.__file__}")
    main = command_line.main
    for place in CALLS.values():
        child = os.fork()
        if not child:
            die_at(*place)
            main(["run", "tiny"])
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != -signal.SIGKILL:
            sys.exit(f"came through: {place}")
    os.dup2(os.open(told, os.O_WRONLY | os.O_CREAT), 1)
    main(["run", "tiny", "--format", "json"])


def _imported():
    """The command line, with what it imports late."""
    for name in (
        "dagster._core.storage.sqlite_storage",
        "dagster_mlflow",
        "git",
        "mlops_drift.cli.views.progress",
        "mlops_drift.definitions",
        "mlops_drift.learning.families.linear",
        "mlops_drift.learning.model",
        "mlops_drift.learning.window_choice",
        "mlops_drift.simulation.historical_run",
        "mlops_drift.storage.event_log",
        "optuna.storages",
        "pyarrow.dataset",
    ):
        importlib.import_module(name)
    importlib.import_module("mlops_drift.registry.stored_model").run_apart = predict_apart
    return importlib.import_module("mlops_drift.cli.main")


def die_at(module, owner, name, moment, argument):
    """Lets this process die before or after a call, with an argument if there is one."""
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


class Checkout:
    """A copy of the project, from which the command line is run."""

    def __init__(self, root):
        self.folder = root / "checkout"
        self.elsewhere = root / "elsewhere"
        self.elsewhere.mkdir()
        # With its compiled files, or each process compiles it all.
        shutil.copytree(project.CHECKOUT / "mlops_drift", self.folder / "mlops_drift")
        shutil.copy(project.CHECKOUT / "dagster.yaml", self.folder)

    def files(self):
        return {file: file.stat().st_mtime_ns for file in self.folder.rglob("*")}


@pytest.fixture(scope="module")
def killed(begin, tmp_path_factory):
    """A story that had begun, was killed at every place, and went on to its end."""
    root = tmp_path_factory.mktemp("killed")
    checkout, world, told = Checkout(root), begin("resumed"), root / "told.json"
    before = checkout.files()
    environment = {
        settings.DATA_VARIABLE: str(world.data),
        settings.DEFS_VARIABLE: str(world.defs),
    }
    assert not run_alone(run_from, checkout.folder, checkout.elsewhere, environment, told)
    return checkout, before, world, json.loads(told.read_text())


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
        assert registry.alias("tiny", "challenger") is None
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
        "reports",
        "studies.db",
    }
    assert list(world.data.glob("dagster/**/runs.db"))
    assert {item.name for item in (world.defs / "tiny").iterdir()} == {
        "defs.yaml",
        "events.csv",
        "labels.parquet",
    }
