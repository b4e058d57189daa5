"""Fixtures that several folders share. What is slow is made once in a session."""

import os
import pickle
import shutil
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

import duckdb
import pytest
from _pytest.doctest import DoctestModule
from alembic.script import ScriptDirectory
from dagster._core.execution.compute_logs import redirect_to_file
from dagster._core.storage import local_compute_log_manager
from dagster.components.core import decl
from filelock import FileLock
from hypothesis import settings

from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import find_model
from mlops_drift.gateways import open_lake, open_registry
from mlops_drift.registry import stored_model
from mlops_drift.simulation.instance import open_instance
from mlops_drift.store.delta import DeltaLake
from mlops_drift.store.memory import MemoryLake
from mlops_drift_tests import elsewhere, s3, steps
from mlops_drift_tests.processes import Processes, predict_apart
from mlops_drift_tests.registries import registry_in
from mlops_drift_tests.story import Story, write_story
from mlops_drift_tests.tiny import World, day, write_days

# A busy machine is no failure, and what 40 random inputs do not show, 100 seldom do.
settings.register_profile("any machine", deadline=None, max_examples=40)
settings.load_profile("any machine")

# Where tests run in several processes, these inherit a width from the library that reads lines.
os.environ.pop("COLUMNS", None)
# Tests write no runs where whoever starts them keeps theirs.
os.environ.pop("DAGSTER_HOME", None)
# Else each of the many processes compiles the project, and pytest its assertions, once more.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.hookimpl(wrapper=True)
def pytest_collect_file():
    """Looks for doctests in the package alone: the tests have none, and to look costs seconds."""
    return [found for found in (yield) if not isinstance(found, DoctestModule)]


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """Makes a folder once for all processes of a test run; the others wait for it."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent

    def folder_of(name, make):
        folder = root / f"once_{name}"
        made = folder / "complete"
        with FileLock(root / f"{name}.lock"):
            if not made.exists():
                folder.mkdir()
                made.write_bytes(pickle.dumps(make(folder)))
        return folder, pickle.loads(made.read_bytes())

    return folder_of


@pytest.fixture(scope="session")
def mlflow_database(once):
    """An MLflow database with its tables: making one takes seconds, copying it none."""

    def make(root):
        registry_in(root).make_database()

    return once("mlflow", make)[0] / "mlflow.db"


@pytest.fixture(scope="session")
def empty_data(once, mlflow_database):
    """A data folder with the empty databases of MLflow and of Dagster."""

    def make(root):
        with World(root).active(), open_instance():
            shutil.copy(mlflow_database, root / "data" / "mlflow.db")

    return once("empty", make)[0] / "data"


@pytest.fixture(scope="session")
def new_world(tmp_path_factory, empty_data):
    """Makes an empty world with empty databases."""

    def make(name):
        return empty_world(tmp_path_factory.mktemp(name), empty_data)

    return make


def empty_world(root, empty_data):
    world = World(root)
    shutil.copytree(empty_data, world.data)
    return world


@pytest.fixture(scope="session")
def begun_story(once, empty_data):
    """The story up to day 3: version 1 serves, and no label has told yet of the turned rule."""

    def make(root):
        story = Story(empty_world(root, empty_data))
        write_story(story.world)
        story.tell(until=day(3))
        return story.steps

    root, steps = once("begun", make)
    return Story(World(root), steps)


@pytest.fixture(scope="session")
def begin(begun_story, tmp_path_factory):
    """Makes a world in which the story has begun, to go its own way."""

    def make(name):
        return begun_story.world.copy(tmp_path_factory.mktemp(name))

    return make


@pytest.fixture(scope="session")
def told_story(once, begun_story, tmp_path_factory):
    def make(root):
        story = Story(begun_story.world.copy(root), list(begun_story.steps))
        story.tell(until=day(6))
        return story.steps, story.ticks

    root, (steps, ticks) = once("told", make)
    return Story(World(root).copy(tmp_path_factory.mktemp("story")), steps, ticks)


@pytest.fixture
def story(told_story):
    """The told story, in its world."""
    with told_story.world.active():
        yield told_story


@pytest.fixture
def instance(story):
    """The Dagster instance of the story."""
    with open_instance() as opened:
        yield opened


@pytest.fixture(scope="session")
def three_versions(once, empty_data):
    """A model with manual approval and three versions, each of a day more; none serves yet."""

    def make(root):
        world = empty_world(root, empty_data)
        policy = {"approval": "manual", "first_training_rows": 9999}
        write_days(world.write_model({"policy": policy}), 6)
        with world.active(), steps.opened(world) as about:
            steps.do_days(world, about, 0, 5)
            for number in range(3, 6):
                trained = steps.train(about, day(number), name=f"by hand on day {number}")
                trained.judge_gates()
                trained.record_baseline()

    return World(once("trained", make)[0])


@pytest.fixture(scope="session")
def database():
    """A DuckDB in memory, to read many lakes with."""
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def lake(tmp_path, database):
    """An empty lake."""
    return DeltaLake(tmp_path / "lake", database)


@pytest.fixture
def memory_lake(tmp_path, database):
    """An empty lake in memory, which answers as one on disk does."""
    return MemoryLake(tmp_path / "lake", database)


@pytest.fixture(scope="session")
def processes():
    """Processes that run a function at the same moment."""
    started = Processes()
    yield started
    started.close()


@pytest.fixture(scope="session", autouse=True)
def fast_fresh_processes():
    """The gate `fresh_process` gets its new process as a fork, where forks are safe."""
    with pytest.MonkeyPatch.context() as patch:
        if sys.platform == "linux":
            patch.setattr(stored_model, "run_apart", predict_apart)
        yield


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server of its own, on loopback."""
    pytest.importorskip("psycopg", reason="no driver for PostgreSQL: psycopg is not installed")
    from mlops_drift_tests.postgres import Postgres, programs

    if programs() is None:
        pytest.skip("no PostgreSQL: initdb was not found")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = Postgres(Path(folder))
        yield server
        server.stop()


@pytest.fixture
def parts(story):
    """The description, the tables and the registry of the story."""
    spec = find_model("tiny").spec
    with open_lake() as lake:
        yield spec, ModelContext.of(lake, spec).store, open_registry()


@pytest.fixture(scope="session")
def rejected_story(once, begun_story):
    """The begun story, whose next version no gate would let through, up to its rejection."""

    def make(root):
        world = begun_story.world.copy(root)
        never = {"gates": {"metrics": {"log_loss": 0}}, "policy": {"min_new_labels": 100}}
        world.write_model(never)
        with world.active(), open_instance() as instance:
            world.replay(instance, until=day(4))

    return World(once("rejected", make)[0])


@pytest.fixture(scope="session", autouse=True)
def yaml_parsed_once():
    """Dagster parses a file of definitions that says the same as before only once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            decl,
            "parse_yamls_with_source_position",
            lru_cache(maxsize=64)(decl.parse_yamls_with_source_position),
        )
        yield


@pytest.fixture(scope="session", autouse=True)
def migrations_read_once():
    """MLflow and Dagster read all their migrations whenever they open a database."""
    from_config, found = ScriptDirectory.from_config, {}

    def read(config):
        folder = config.get_main_option("script_location")
        if folder not in found:
            found[folder] = from_config(config)
        return found[folder]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptDirectory, "from_config", read)
        yield


@pytest.fixture(scope="session", autouse=True)
def nothing_is_echoed():
    """Dagster starts four processes for each run, which show what its steps print."""

    def kept(stream, path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return redirect_to_file(stream, path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_compute_log_manager, "mirror_stream_to_file", kept)
        yield


@pytest.fixture(scope="session")
def begun_elsewhere(once, empty_data):
    """A model that is predicted elsewhere, up to the day before its world changes."""

    def make(root):
        world = empty_world(root, empty_data)
        # Nothing of it is in MLflow.
        (world.data / "mlflow.db").unlink()
        elsewhere.write(world.write_model(elsewhere.CHANGES))
        with world.active(), open_instance() as instance:
            world.replay(instance, until=day(elsewhere.CHANGED - 1), step=3)

    return World(once("elsewhere", make)[0])


@pytest.fixture(scope="session")
def s3_endpoint():
    """The address of an S3 server on loopback."""
    pytest.importorskip("moto.server", reason="moto, the S3 server of the tests, is not installed")
    with s3.s3_server() as endpoint:
        yield endpoint


@pytest.fixture
def bucket(s3_endpoint, monkeypatch):
    """A bucket of an S3 server that the environment names."""
    for name, value in s3.variables(s3_endpoint).items():
        monkeypatch.setenv(name, value)
    return s3.Bucket(s3_endpoint)
