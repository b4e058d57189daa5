"""Where the project and its state live; everything that an environment variable may move."""

import os
from pathlib import Path
from typing import Literal, cast, get_args

Environment = Literal["dev", "staging", "prod"]

ENVIRONMENT_VARIABLE = "MLOPS_DRIFT_ENV"
DATA_VARIABLE = "MLOPS_DRIFT_DATA"
DEFS_VARIABLE = "MLOPS_DRIFT_DEFS"
MLFLOW_UI_VARIABLE = "MLOPS_DRIFT_MLFLOW_UI"
DAGSTER_UI_VARIABLE = "MLOPS_DRIFT_DAGSTER_UI"

PROJECT_ROOT = Path(__file__).resolve().parent.parent
SHIPPED_DEFS = Path(__file__).resolve().parent / "defs"


class SettingsError(ValueError):
    """An environment variable says what it may not say."""


def data_root() -> Path:
    """The folder of all state: ``MLOPS_DRIFT_DATA``, else ``data`` in the checkout."""
    configured = os.environ.get(DATA_VARIABLE)
    return Path(configured).expanduser().resolve() if configured else PROJECT_ROOT / "data"


def environment() -> Environment:
    """Where this process works: ``MLOPS_DRIFT_ENV``, else ``prod``.

    Tables, training sets and Dagster's runs are apart for each environment, and so are the aliases
    of the registry; versions, which are the same wherever they are made, are not.

    Raises:
        SettingsError: if the variable names no environment.
    """
    configured = os.environ.get(ENVIRONMENT_VARIABLE) or "prod"
    if configured not in get_args(Environment):
        raise SettingsError(
            f"{ENVIRONMENT_VARIABLE} is {configured!r}; it should be one of "
            f"{', '.join(get_args(Environment))}"
        )
    return cast(Environment, configured)


def environment_root() -> Path:
    """The folder of what belongs to the environment alone: the data folder itself for ``prod``."""
    return data_root() if environment() == "prod" else data_root() / environment()


def alias_prefix() -> str:
    """What the registry's aliases begin with: nothing for ``prod``, else such as ``dev-``."""
    return "" if environment() == "prod" else f"{environment()}-"


def lake_root() -> Path:
    """The folder of the Delta tables and the training sets."""
    return environment_root() / "lake"


def dagster_root() -> Path:
    """The folder of Dagster's runs, events and logs."""
    return environment_root() / "dagster"


def lock_root() -> Path:
    """The folder of the files that processes of an environment lock against each other."""
    return environment_root() / "locks"


def registry_lock_root() -> Path:
    """The folder of the files that all processes lock to register and move versions."""
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


def dagster_ui() -> str:
    """Address of the Dagster page that links lead to (``make ui`` serves it there)."""
    return os.environ.get(DAGSTER_UI_VARIABLE, "http://127.0.0.1:3000").rstrip("/")


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
