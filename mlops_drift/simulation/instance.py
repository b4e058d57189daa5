"""Where the command line runs the assets: Dagster's persistent instance, with quiet libraries."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from mlops_drift import settings

# A job of one's own logging: the runs are in the UI, the terminal shows the progress.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def open_instance() -> dg.DagsterInstance:
    """The persistent instance that `dagster dev` in the checkout shows too."""
    settings.dagster_root().mkdir(parents=True, exist_ok=True)
    return dg.DagsterInstance.from_config(str(settings.PROJECT_ROOT))


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps messages of libraries out of the terminal; errors are raised or recorded."""
    for library in ("alembic", "mlflow"):
        logging.getLogger(library).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
