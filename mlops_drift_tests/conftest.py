"""Fixtures that several folders share. What is slow is made once in a session."""

import shutil
from dataclasses import dataclass, field

import dagster as dg
import duckdb
import pandas as pd
import pytest

from mlops_drift.lake.delta import DeltaLake
from mlops_drift.registry.registry import Registry
from mlops_drift.replay import open_instance
from mlops_drift_tests.processes import Processes
from mlops_drift_tests.tiny import World, day, events_of, labels_of, write_days


@pytest.fixture(scope="session")
def mlflow_database(tmp_path_factory):
    """An MLflow database with its tables: making one takes seconds, copying it none."""
    root = tmp_path_factory.mktemp("mlflow")
    registry = Registry(f"sqlite:///{root / 'mlflow.db'}", root / "mlartifacts", root / "locks")
    _ = registry.client
    return root / "mlflow.db"


@pytest.fixture(scope="session")
def new_world(tmp_path_factory, mlflow_database):
    """Makes an empty world with an empty MLflow database."""

    def make(name):
        world = World(tmp_path_factory.mktemp(name))
        world.data.mkdir()
        shutil.copy(mlflow_database, world.data / "mlflow.db")
        return world

    return make


@dataclass
class Story:
    """A walk through the days of `tiny`, whose rule turns around on day 3.

    Attributes:
        steps: what the replay reported.
        ticks: two looks of the sensor at every day that it asked for a retraining on.
    """

    world: World
    steps: list = field(default_factory=list)
    ticks: dict = field(default_factory=dict)


def tell(story, until):
    """Goes on with a story, to a day."""
    with story.world.active(), open_instance() as instance:

        def on_step(step, what):
            # What another replay has told of is complete at once.
            if (step.last, what) not in story.steps:
                story.steps.append((step.last, what))
            if what.startswith("retraining"):
                story.ticks[step.last] = [story.world.look(instance) for _ in range(2)]

        story.world.replay(instance, until=until, on_step=on_step)


@pytest.fixture(scope="session")
def begun_story(new_world):
    """The story up to day 3: version 1 serves, and no label has told yet of the turned rule."""
    story = Story(new_world("begun"))
    write_story(story.world)
    tell(story, until=day(3))
    return story


@pytest.fixture(scope="session")
def begin(begun_story, tmp_path_factory):
    """Makes a world in which the story has begun, to go its own way."""

    def make(name):
        return begun_story.world.copy(tmp_path_factory.mktemp(name))

    return make


@pytest.fixture(scope="session")
def told_story(begun_story, begin):
    story = Story(begin("story"), list(begun_story.steps), dict(begun_story.ticks))
    tell(story, until=day(6))
    return story


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


def write_story(world):
    """The definition and the files of the story."""
    folder = world.write_model()
    events = pd.concat([events_of(number) for number in range(7)])
    labels = pd.concat([labels_of(number, flipped=number >= 3) for number in range(6)])
    events.to_csv(folder / "events.csv", index=False)
    labels.to_parquet(folder / "labels.parquet", index=False)
    assert day(6) == events["day"].max()


@pytest.fixture(scope="session")
def three_versions(new_world):
    """A model with manual approval and three versions, each of a day more; none serves yet."""
    world = new_world("trained")
    policy = {"approval": "manual", "first_training_rows": 9999}
    write_days(world.write_model({"policy": policy}), 6)
    with world.active(), dg.DagsterInstance.ephemeral() as instance:
        for number in range(3, 6):
            assert world.run_days(instance, day(0 if number == 3 else number), day(number)).success
            selection = ["training_set", "challenger", "test_predictions"]
            assert world.retrain(instance, selection=selection).success
    return world


@pytest.fixture
def lake(tmp_path):
    """An empty lake."""
    with duckdb.connect() as connection:
        yield DeltaLake(tmp_path / "lake", connection)


@pytest.fixture(scope="session")
def processes():
    """Processes that run a function at the same moment."""
    started = Processes()
    yield started
    started.close()
