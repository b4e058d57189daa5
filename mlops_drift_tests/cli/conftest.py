"""Worlds of commands."""

import pytest


@pytest.fixture
def nothing_yet(new_world):
    """A model that has never been run."""
    world = new_world("nothing_yet")
    world.write_model({"end_date": None})
    with world.active():
        yield world
