"""Dagster resources: the lake, the registry, and the MLflow run of a retraining."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource
from pydantic import PrivateAttr

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.gateways import open_lake, places_of_registry, prepared
from mlops_drift.registry.base import VersionRegistry
from mlops_drift.registry.registry import Registry
from mlops_drift.settings import isolated
from mlops_drift.store.lake import Lake

# The keys, which nobody else's resources have; functions name them as their parameters.
LAKE, REGISTRY = "mlops_drift_lake", "mlops_drift_registry"

# What stays open until the process ends.
_opened = ExitStack()


@cache
def _duckdb() -> duckdb.DuckDBPyConnection:
    """One for all runs and ticks of a process."""
    database = DuckDBResource(database=":memory:").get_connection()
    return prepared(_opened.enter_context(database))


class LakeResource(dg.ConfigurableResource["LakeResource"]):
    """Opens the lake, where the environment says, for the time of a run or a tick."""

    _lake: Lake | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["LakeResource"]:
        """Opens the lake, and closes it when the run ends."""
        with open_lake(database=_duckdb()) as self._lake:
            yield self

    def of(self, spec: ModelSpec, registry: VersionRegistry | None = None) -> ModelContext:
        """A model whose tables lie in the lake."""
        if self._lake is None:
            raise RuntimeError("the lake is open only inside a run or a tick")
        return ModelContext.of(self._lake, spec, registry)


_shared_registry = cache(Registry)


@dg.resource(description="The MLflow registry.")
def registry_resource(context: dg.InitResourceContext) -> Iterator[Registry]:
    """The process's gateway, which keeps loaded pipelines from run to run.

    While it is open no environment variable of a library changes what a run does.
    """
    with isolated():
        yield _shared_registry(*places_of_registry())


def mlflow_key(model: str) -> str:
    """The key of the resource `mlflow_run` of a model."""
    return f"mlops_drift_mlflow_{model}"


def mlflow_run(model: str) -> dg.ResourceDefinition:
    """The MLflow run of a retraining, opened through dagster-mlflow in the model's experiment.

    dagster-mlflow finds the run again by the Dagster run's id, and marks it failed when the
    training raises. It is imported here, since it imports MLflow.
    """

    @dg.resource(
        required_resource_keys={REGISTRY},
        description=f"The MLflow run of a retraining of {model}.",
    )
    def run(context: dg.InitResourceContext) -> Iterator[object]:
        from dagster_mlflow import mlflow_tracking

        registry: Registry = getattr(context.resources, REGISTRY)
        registry.prepare(model)
        # `dagster job execute` opens the resources once more when the run is over.
        if registry.runs_of(model, context.run_id or "", "FINISHED"):
            yield None
            return
        configured = context.replace_config(
            {
                "experiment_name": model,
                "mlflow_tracking_uri": registry.tracking_uri,
                "parent_run_id": None,
                "mlflow_run_id": None,
                "env": {},
                "env_to_tag": [],
                "extra_tags": {"model": model},
            }
        )
        with contextmanager(mlflow_tracking.resource_fn)(configured) as mlflow:
            yield mlflow
        mlflow.end_run()

    return run


@cache
def default_resources() -> dict[str, object]:
    """The resources of every model; the same objects, as definitions that are merged need them."""
    return {LAKE: LakeResource(), REGISTRY: registry_resource}
