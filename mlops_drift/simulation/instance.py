"""Where the command line runs the assets: Dagster's persistent instance, with quiet libraries."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.instance.ref import InstanceRef
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._serdes import ConfigurableClassData

from mlops_drift import project, settings
from mlops_drift.storage import OWN

# A job of one's own logging: the runs are in the UI, the terminal shows the progress.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class ProjectInstance(dg.DagsterInstance):
    """An instance whose runs belong to the same jobs as those that the pages start.

    Dagster creates a run in process without its code location: the pages would show it in no job
    and on no timeline.
    """

    @classmethod
    def config_schema(cls) -> dict[str, object]:
        """Nothing to configure."""
        return {}

    def create_run_for_job(
        self, job_def: dg.JobDefinition, *rest: Any, **given: Any
    ) -> dg.DagsterRun:
        """Creates a run of the project's code location."""
        found = project.current()
        location = found.code_location if found else project.CODE_LOCATION
        repository = RemoteRepositoryOrigin(
            RegisteredCodeLocationOrigin(location), SINGLETON_REPOSITORY_NAME
        )
        given.setdefault("remote_job_origin", repository.get_job_origin(job_def.name))
        return super().create_run_for_job(job_def, *rest, **given)


def open_instance() -> dg.DagsterInstance:
    """The persistent instance that the pages of the project show too.

    That is the one of ``DAGSTER_HOME``, else of the project's dagster.yaml, else one of our own in
    the data folder.
    """
    settings.dagster_root().mkdir(parents=True, exist_ok=True)
    home = settings.dagster_home()
    ref = InstanceRef.from_dir(
        str(home or settings.dagster_root()), overrides=None if home else OWN
    )
    if ref.custom_instance_class_data is None:
        mine = ConfigurableClassData(__name__, ProjectInstance.__name__, "{}")
        ref = ref._replace(custom_instance_class_data=mine)
    return dg.DagsterInstance.from_ref(ref)


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps messages of libraries out of the terminal; errors are raised or recorded."""
    for library in ("alembic", "mlflow"):
        logging.getLogger(library).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
