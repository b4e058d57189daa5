"""The sensor of compactions: it asks for one when there are too many files."""

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from mlops_drift.jobs import compaction_job_name
from mlops_drift.store import compaction


@pytest.fixture
def look(begun_story, monkeypatch):
    """Looks once, at tables that may have so many files."""
    world = begun_story.world
    with world.active(), dg.DagsterInstance.ephemeral() as instance:

        def tick(most, *statuses):
            monkeypatch.setattr(compaction, "MOST_FILES", most)
            for status in statuses:
                create_run_for_test(instance, job_name=compaction_job_name("tiny"), status=status)
            return world.look(instance, sensor="tiny_compaction_sensor")

        yield tick


def test_few_files_are_left_alone(look):
    assert look(compaction.MOST_FILES).skip_message == "no table has too many files"


def test_too_many_files_are_put_together_and_the_run_says_of_which_table(look):
    [request] = look(1, dg.DagsterRunStatus.SUCCESS).run_requests
    assert "features.tiny" in request.tags["mlops_drift/reason"]


def test_a_compaction_that_is_queued_or_running_is_not_asked_for_again(look):
    status = dg.DagsterRunStatus.STARTED
    assert look(1, status).skip_message == "a compaction is queued or running"
