"""Dagster's pages as they ask for what they show: GraphQL over an instance, in this process."""

import asyncio
import time
from functools import cache

from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceRequestContext
from dagster._core.workspace.workspace import (
    CodeLocationEntry,
    CodeLocationLoadStatus,
    CurrentWorkspace,
    DefinitionsSource,
)

from mlops_drift.project import CODE_LOCATION


@cache
def _schema():
    from dagster_graphql.schema import create_schema

    return create_schema()


REPOSITORY = "__repository__"
# What Dagster loads by its name.
shown = None


def ask(world, instance, query, **variables):
    """The data that a query gets of the models of a world; only while it is active."""
    global shown
    shown = world.definitions
    target = LoadableTargetOrigin(module_name=__name__, attribute="shown")
    origin = InProcessCodeLocationOrigin(target, location_name=CODE_LOCATION)
    location = origin.create_location(instance)
    entry = CodeLocationEntry(
        origin=origin,
        code_location=location,
        load_error=None,
        load_status=CodeLocationLoadStatus.LOADED,
        display_metadata={},
        update_timestamp=time.time(),
        version_key="now",
        definitions_source=DefinitionsSource.CODE_SERVER,
    )
    context = WorkspaceRequestContext(
        instance=instance,
        current_workspace=CurrentWorkspace(code_location_entries={CODE_LOCATION: entry}),
        process_context=None,
        version=None,
        source=None,
        read_only=True,
    )
    answer = asyncio.run(
        _schema().execute_async(query, context_value=context, variable_values=variables)
    )
    assert not answer.errors, answer.errors
    return answer.data


_CHECKS = """
query($group: AssetGroupSelector!) {
  assetNodes(group: $group) {
    assetKey { path }
    assetChecksOrError {
      ... on AssetChecks {
        checks {
          name
          executionForLatestMaterialization { evaluation { success severity description } }
        }
      }
    }
  }
}
"""


def latest_checks(world, instance, model="tiny"):
    """By asset and check, what the page of the asset shows as its latest result; None without."""
    group = {
        "groupName": model,
        "repositoryName": REPOSITORY,
        "repositoryLocationName": CODE_LOCATION,
    }
    found = {}
    for node in ask(world, instance, _CHECKS, group=group)["assetNodes"]:
        for check in node["assetChecksOrError"].get("checks", []):
            latest = check["executionForLatestMaterialization"]
            found[node["assetKey"]["path"][-1], check["name"]] = latest and latest["evaluation"]
    return found
