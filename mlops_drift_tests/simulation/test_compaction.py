"""A run compacts by itself, and is the same run with and without."""

from mlops_drift.lifecycle.timeline import read_timeline
from mlops_drift.store import compaction
from mlops_drift_tests.conftest import empty_world
from mlops_drift_tests.steps import opened
from mlops_drift_tests.story import Story, write_story
from mlops_drift_tests.tiny import day


def test_a_run_that_compacts_decides_and_stores_what_one_without_does(
    tmp_path, empty_data, begun_story, monkeypatch
):
    monkeypatch.setattr(compaction, "MOST_FILES", 0)
    story = Story(empty_world(tmp_path, empty_data))
    write_story(story.world)
    story.tell(until=day(3))
    assert story.steps == begun_story.steps
    assert story.world.tables() == begun_story.world.tables()
    (files, timeline), (files_without, without) = map(seen, (story.world, begun_story.world))
    assert files < files_without
    assert timeline == without


def seen(world):
    """How many files the features have, and what `run` prints of the days."""
    with world.active(), opened(world) as about:
        files = about.store.lake.files(about.store.tables.features)
        return len(files), read_timeline(about, day(0), day(3))
