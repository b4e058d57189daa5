"""Dagster's own storage, kept with all other state.

`dagster.yaml` names these classes, because a path in it could not follow `MLOPS_DRIFT_DATA`.
"""

from collections.abc import Mapping
from typing import Any, Self

from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.root import LocalArtifactStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData

from mlops_drift import settings


class RunStorage(DagsterSqliteStorage):
    """Runs, events and schedules in SQLite under the data folder."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Opens the storage at its place."""
        return cls(base_dir=str(settings.dagster_root()), inst_data=inst_data)


class ArtifactStorage(LocalArtifactStorage):
    """Dagster's own files under the data folder."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Opens the storage at its place."""
        return cls(base_dir=str(settings.dagster_root()), inst_data=inst_data)


class ComputeLogs(LocalComputeLogManager):
    """What steps print, under the data folder."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Opens the storage at its place."""
        return cls(base_dir=str(settings.dagster_root() / "compute_logs"), inst_data=inst_data)
