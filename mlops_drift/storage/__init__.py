"""Dagster's own storage, kept with all other state.

`dagster.yaml` names these classes, because a path in it could not follow `MLOPS_DRIFT_DATA`.
"""

import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.root import LocalArtifactStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from filelock import FileLock

from mlops_drift import settings

# As dagster.yaml of the checkout has it, for what has no dagster.yaml.
OWN: dict[str, object] = {
    "storage": {"custom": {"module": __name__, "class": "RunStorage", "config": {}}},
    "local_artifact_storage": {"module": __name__, "class": "ArtifactStorage", "config": {}},
    "compute_logs": {"module": __name__, "class": "ComputeLogs", "config": {}},
    "telemetry": {"enabled": False},
}


def fast_event_log(own: SqliteEventLogStorage) -> SqliteEventLogStorage:
    """The faster event log in place of Dagster's own, as long as it fits the installed Dagster."""
    try:
        from mlops_drift.storage.event_log import EventLog

        return EventLog(own._base_dir)
    except (ImportError, AttributeError, TypeError) as error:
        warnings.warn(
            f"Dagster {dg.__version__} has changed what the faster event log replaces ({error}); "
            "Dagster's own is used, and a day of a model takes about 0.5 s more",
            RuntimeWarning,
            stacklevel=2,
        )
        return own


class _InDataFolder:
    """A part of Dagster's that has nothing to configure: its place is in the data folder."""

    PLACE = "."

    @classmethod
    def config_type(cls) -> dict[str, object]:
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, object]
    ) -> Any:
        make: Any = cls
        return make(base_dir=str(settings.dagster_root() / cls.PLACE), inst_data=inst_data)


class RunStorage(_InDataFolder, DagsterSqliteStorage):
    """Runs, events and schedules in SQLite under the data folder."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        # Two processes that make the tables of a new folder at once would fail each other.
        with FileLock(settings.dagster_lock()):
            super().__init__(base_dir, inst_data)
        self._event_log_storage = fast_event_log(self._event_log_storage)


class ArtifactStorage(_InDataFolder, LocalArtifactStorage):
    """Dagster's own files under the data folder."""


class ComputeLogs(_InDataFolder, LocalComputeLogManager):
    """What steps print, under the data folder."""

    PLACE = "compute_logs"
