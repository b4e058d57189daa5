"""Dagster's own storage, kept with all other state.

`dagster.yaml` names these classes, because a path in it could not follow `MLOPS_DRIFT_DATA`.
"""

import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.root import LocalArtifactStorage
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._core.storage.tags import CODE_LOCATION_TAG
from dagster._serdes import ConfigurableClassData
from filelock import FileLock

from mlops_drift import settings

# As workspace.yaml and pyproject.toml name what `dagster dev` and `dg dev` load.
CODE_LOCATION = "mlops_drift"
_ORIGIN = RemoteRepositoryOrigin(
    RegisteredCodeLocationOrigin(CODE_LOCATION), SINGLETON_REPOSITORY_NAME
)


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


class Runs(SqliteRunStorage):
    """Runs, of which those of the command line belong to the same jobs as those of the pages.

    Dagster stores a run in process without its code location: the pages would show it in no job
    and on no timeline.
    """

    def add_run(self, dagster_run: dg.DagsterRun) -> dg.DagsterRun:
        if dagster_run.remote_job_origin is None:
            origin = _ORIGIN.get_job_origin(dagster_run.job_name)
            tags = {**dagster_run.tags, CODE_LOCATION_TAG: CODE_LOCATION}
            dagster_run = dagster_run.with_job_origin(origin).with_tags(tags)
        return super().add_run(dagster_run)


class RunStorage(_InDataFolder, DagsterSqliteStorage):
    """Runs, events and schedules in SQLite under the data folder."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        # Two processes that make the tables of a new folder at once would fail each other.
        with FileLock(settings.dagster_lock()):
            super().__init__(base_dir, inst_data)
        self._run_storage = Runs(self._run_storage._conn_string)
        self._event_log_storage = fast_event_log(self._event_log_storage)


class ArtifactStorage(_InDataFolder, LocalArtifactStorage):
    """Dagster's own files under the data folder."""


class ComputeLogs(_InDataFolder, LocalComputeLogManager):
    """What steps print, under the data folder."""

    PLACE = "compute_logs"
