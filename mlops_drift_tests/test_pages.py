"""What Dagster's pages show of a model, asked for as the pages do."""

import tomllib

import pytest
import yaml

from mlops_drift import project
from mlops_drift.project import CODE_LOCATION
from mlops_drift_tests.pages import REPOSITORY, ask

OF_REPOSITORY = f"{REPOSITORY}@{CODE_LOCATION}"

TIMELINE = """
query($filter: RunsFilter!) {
  runsOrError(filter: $filter, limit: 100) {
    ... on Runs {
      results {
        runId pipelineName startTime endTime
        repositoryOrigin { repositoryName repositoryLocationName }
        tags { key value }
      }
    }
  }
}
"""

JOBS = """
query($repository: RepositorySelector!) {
  repositoryOrError(repositorySelector: $repository) {
    ... on Repository { pipelines { name runs(limit: 100) { runId } } }
  }
}
"""


@pytest.fixture
def runs(story, instance):
    """The runs of the repository, as the timeline and the lists of runs of a job find them."""
    of_repository = {"tags": [{"key": ".dagster/repository", "value": OF_REPOSITORY}]}
    answer = ask(story.world, instance, TIMELINE, filter=of_repository)
    return answer["runsOrError"]["results"]


def test_the_timeline_has_every_run_of_the_command_line_with_its_job(runs, instance):
    assert len(runs) == instance.get_runs_count() > 7
    place = {"repositoryName": REPOSITORY, "repositoryLocationName": CODE_LOCATION}
    assert all(run["repositoryOrigin"] == place for run in runs)
    assert {"tiny_daily", "tiny_retraining"} <= {run["pipelineName"] for run in runs}
    assert all(run["startTime"] <= run["endTime"] for run in runs)


def test_a_job_has_its_runs(story, instance, runs):
    repository = {"repositoryName": REPOSITORY, "repositoryLocationName": CODE_LOCATION}
    answer = ask(story.world, instance, JOBS, repository=repository)
    found = {job["name"]: len(job["runs"]) for job in answer["repositoryOrError"]["pipelines"]}
    for job in ("tiny_daily", "tiny_retraining"):
        assert found[job] == sum(run["pipelineName"] == job for run in runs) > 0


def test_a_run_that_has_an_origin_keeps_it(story, instance, runs):
    """As those of the pages do: only what has none gets the one of the command line."""
    run = instance.get_run_by_id(runs[0]["runId"])
    elsewhere = run.remote_job_origin.repository_origin.get_job_origin("another")
    kept = instance.add_run(run._replace(run_id="other").with_job_origin(elsewhere))
    assert instance.get_run_by_id(kept.run_id).remote_job_origin == elsewhere
    instance.delete_run(kept.run_id)


def test_what_dagster_dev_loads_has_the_name_of_the_code_location():
    workspace = yaml.safe_load((project.CHECKOUT / "workspace.yaml").read_text())
    (loaded,) = workspace["load_from"]
    assert loaded["python_module"]["location_name"] == CODE_LOCATION
    described = tomllib.loads((project.CHECKOUT / "pyproject.toml").read_text())
    assert described["tool"]["dg"]["project"]["code_location_name"] == CODE_LOCATION
