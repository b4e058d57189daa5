"""Where the project and its state live; everything that an environment variable may move."""

import os
from pathlib import Path

DATA_VARIABLE = "MLOPS_DRIFT_DATA"
DEFS_VARIABLE = "MLOPS_DRIFT_DEFS"
MLFLOW_UI_VARIABLE = "MLOPS_DRIFT_MLFLOW_UI"

PROJECT_ROOT = Path(__file__).resolve().parent.parent
SHIPPED_DEFS = Path(__file__).resolve().parent / "defs"


def data_root() -> Path:
    """The folder of all state: ``MLOPS_DRIFT_DATA``, else ``data`` in the checkout."""
    configured = os.environ.get(DATA_VARIABLE)
    return Path(configured).expanduser().resolve() if configured else PROJECT_ROOT / "data"


def lake_root() -> Path:
    """The folder of the Delta tables and the training sets."""
    return data_root() / "lake"


def dagster_root() -> Path:
    """The folder of Dagster's runs, events and logs."""
    return data_root() / "dagster"


def lock_root() -> Path:
    """The folder of the files that processes lock against each other."""
    return data_root() / "locks"


def tracking_uri() -> str:
    """MLflow's database; the timeout makes writers wait for each other."""
    return f"sqlite:///{data_root() / 'mlflow.db'}?timeout=120"


def studies_url() -> str:
    """Optuna's database of all searches; the timeout makes writers wait for each other."""
    return f"sqlite:///{data_root() / 'studies.db'}?timeout=120"


def artifact_root() -> Path:
    """The folder of MLflow's artefacts."""
    return data_root() / "mlartifacts"


def mlflow_ui() -> str:
    """Address of the MLflow page that links lead to (``make mlflow`` serves it there)."""
    return os.environ.get(MLFLOW_UI_VARIABLE, "http://127.0.0.1:5000").rstrip("/")


def definition_folders() -> list[Path]:
    """The folders that hold model definitions: the shipped ones and ``MLOPS_DRIFT_DEFS``.

    Raises:
        FileNotFoundError: if ``MLOPS_DRIFT_DEFS`` names no folder.
    """
    configured = os.environ.get(DEFS_VARIABLE)
    if not configured:
        return [SHIPPED_DEFS]
    extra = Path(configured).expanduser().resolve()
    if not extra.is_dir():
        raise FileNotFoundError(
            f"{DEFS_VARIABLE} is {configured!r}, which is not a folder; "
            "it should name one that holds <model>/defs.yaml files"
        )
    return [SHIPPED_DEFS, extra]
