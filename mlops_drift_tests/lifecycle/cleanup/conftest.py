"""A world before its cleanup and after it, made once in a session; each process has a copy."""

import pytest

from mlops_drift.gateways import open_lake
from mlops_drift.lifecycle import promotion as moves
from mlops_drift_tests.lifecycle.cleanup.aged import ANN, MODEL, clean, context, do_days, parts_of
from mlops_drift_tests.store.test_disk import age
from mlops_drift_tests.tiny import World, write_days


@pytest.fixture(scope="session")
def aged(once, three_versions, tmp_path_factory):
    """A world of 15 days with versions 1 to 3, each the champion for a while, all long ago."""

    def make(root):
        world = three_versions.copy(root)
        write_days(world.write_model(MODEL), 19)
        with world.active(), open_lake() as lake:
            parts = parts_of(world, lake)
            for version, first in ((1, 6), (2, 8), (3, 10)):
                moves.approve(context(parts), ANN, version)
                do_days(parts, first, first + 1)
            do_days(parts, 12, 14)
        for folder in (world.data / "lake" / "training" / "tiny").iterdir():
            age(folder)

    return World(once("aged", make)[0]).copy(tmp_path_factory.mktemp("aged"))


@pytest.fixture
def free(aged, tmp_path):
    """A copy of that world, to be changed."""
    world = aged.copy(tmp_path)
    with world.active(), open_lake() as lake:
        yield parts_of(world, lake)


@pytest.fixture
def before(aged):
    """That world, to look at only."""
    with aged.active(), open_lake() as lake:
        yield parts_of(aged, lake)


@pytest.fixture(scope="session")
def cleanup(once, aged, tmp_path_factory):
    """A copy of that world after its cleanup, and what went."""

    def make(root):
        world = aged.copy(root)
        with world.active(), open_lake() as lake:
            return clean(parts_of(world, lake))

    root, plan = once("cleaned", make)
    return World(root).copy(tmp_path_factory.mktemp("cleaned")), plan


@pytest.fixture
def after(cleanup):
    """The world after its cleanup, to look at only."""
    with cleanup[0].active(), open_lake() as lake:
        yield parts_of(cleanup[0], lake)


@pytest.fixture
def cleaned(cleanup, tmp_path):
    """A copy of the world after its cleanup, to be changed."""
    world = cleanup[0].copy(tmp_path)
    with world.active(), open_lake() as lake:
        yield parts_of(world, lake)
