"""Where the project and its state live; everything that an environment variable may move."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISDIR
from typing import Literal, cast, get_args
from unicodedata import category

from mlops_drift import project
from mlops_drift.errors import UserError

Environment = Literal["dev", "staging", "prod"]

ENVIRONMENT_VARIABLE = "MLOPS_DRIFT_ENV"
DATA_VARIABLE = "MLOPS_DRIFT_DATA"
DEFS_VARIABLE = "MLOPS_DRIFT_DEFS"
MEMORY_VARIABLE = "MLOPS_DRIFT_MEMORY"
MLFLOW_UI_VARIABLE = "MLOPS_DRIFT_MLFLOW_UI"
DAGSTER_UI_VARIABLE = "MLOPS_DRIFT_DAGSTER_UI"
REPORTS_VARIABLE = "MLOPS_DRIFT_REPORTS"
HOME_VARIABLE = "DAGSTER_HOME"

# Of these libraries make a wildcard, an escape, a column, a placeholder or the end of a path.
MISREAD = "?*%=[]{}|^\\"


# A quarter: several processes of Dagster's read at once, and Python needs as much again.
DEFAULT_MEMORY = "25%"
# With less, DuckDB cannot even sort what it spills.
FEWEST_MB = 100
_MB_OF_UNIT = {"MB": 1, "GB": 10**3, "TB": 10**6}
_MEMORY = re.compile(r"([0-9]+(?:[.][0-9]+)?) ?(%|MB|GB|TB)", re.IGNORECASE)


class SettingsError(UserError, ValueError):
    """An environment variable has a value that it cannot have; the message names the right ones."""


def data_root() -> Path:
    """The folder of all state: ``MLOPS_DRIFT_DATA``, else the one of the project."""
    configured = os.environ.get(DATA_VARIABLE)
    root = _folder(DATA_VARIABLE, configured) if configured else project.data_folder()
    # Neither control characters nor bytes that are no UTF-8.
    if misread := [one for one in str(root) if one in MISREAD or category(one) in ("Cc", "Cs")]:
        raise SettingsError(
            f"the data folder {str(root)!r} has {misread[0]!r} in its name; let {DATA_VARIABLE} "
            f"name one without any of {' '.join(MISREAD)} and without line breaks"
        )
    return root


def _folder(variable: str, configured: str) -> Path:
    """A folder, which need not be there yet."""
    try:
        folder = Path(configured).expanduser().resolve()
        with suppress(FileNotFoundError):
            if not S_ISDIR(folder.stat().st_mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return folder
    # A file, no home, links in a circle, a name that is too long.
    except (OSError, RuntimeError) as error:
        wrong = getattr(error, "strerror", None) or error
        message = f"{variable} is {configured!r}, which can be no folder: {wrong}"
        raise SettingsError(message) from error


def environment() -> Environment:
    """Where this process works: ``MLOPS_DRIFT_ENV``, else ``prod``.

    Environments share versions, which are the same wherever they are made; not the tables, training
    sets, Dagster's runs and the aliases of the registry.
    """
    configured, known = os.environ.get(ENVIRONMENT_VARIABLE) or "prod", get_args(Environment)
    if configured not in known:
        wrong = f"{ENVIRONMENT_VARIABLE} is {configured!r}"
        raise SettingsError(f"{wrong}; it should be one of {', '.join(known)}")
    return cast(Environment, configured)


def environment_root() -> Path:
    """The folder of what belongs to the environment alone: the data folder itself for ``prod``."""
    return data_root() if environment() == "prod" else data_root() / environment()


def alias_prefix() -> str:
    """What the registry's aliases begin with: nothing for ``prod``, else such as ``dev-``."""
    return "" if environment() == "prod" else f"{environment()}-"


def memory_limit() -> str:
    """Memory of each DuckDB, in its words: ``MLOPS_DRIFT_MEMORY``, else a quarter of the machine.

    A share is of the machine, or of the cgroup where that has less.

    Raises:
        SettingsError: unless it is such as 4GB, 500MB or 25%, at least 100MB and at most 100%.
    """
    configured = os.environ.get(MEMORY_VARIABLE) or DEFAULT_MEMORY
    if found := _MEMORY.fullmatch(configured.strip()):
        amount, unit = float(found[1]), found[2].upper()
        if 0 < amount <= 100 if unit == "%" else amount * _MB_OF_UNIT[unit] >= FEWEST_MB:
            return f"{found[1]}{unit}"
    raise SettingsError(
        f"{MEMORY_VARIABLE} is {configured!r}; it should be an amount of at least {FEWEST_MB}MB, "
        "such as 500MB or 4GB, or a share of the machine's memory, such as 25%"
    )


def lake_root() -> Path:
    """The folder of the Delta tables and the training sets."""
    return environment_root() / "lake"


def serving_root() -> Path:
    """The folder of all that services read and write, by model."""
    return environment_root() / "serving"


def report_root() -> Path:
    """The folder of the reports, a page for each model and one for all."""
    return environment_root() / "reports"


def reports_address() -> str | None:
    """Address under which the folder of reports is served: ``MLOPS_DRIFT_REPORTS``, if it is."""
    return os.environ.get(REPORTS_VARIABLE, "").rstrip("/") or None


def dagster_root() -> Path:
    """The folder of Dagster's runs, events and logs."""
    return environment_root() / "dagster"


def dagster_home() -> Path | None:
    """The folder of Dagster's own configuration: ``DAGSTER_HOME``, else a project that has one.

    Without it Dagster's state lies in the data folder.
    """
    if configured := os.environ.get(HOME_VARIABLE):
        home = _folder(HOME_VARIABLE, configured)
        if not home.is_dir():
            wrong = f"{HOME_VARIABLE} is {configured!r}"
            raise SettingsError(f"{wrong}, which is not a folder; make it, or unset the variable")
        return home
    found = project.current()
    return found.root if found and (found.root / "dagster.yaml").is_file() else None


def lock_root() -> Path:
    """The folder of the files that processes of an environment lock against each other."""
    return environment_root() / "locks"


def dagster_lock() -> Path:
    """The lock of whoever makes files of Dagster's."""
    lock_root().mkdir(parents=True, exist_ok=True)
    return lock_root() / "dagster.lock"


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
    """The folder of MLflow's artifacts."""
    return data_root() / "mlartifacts"


def mlflow_ui() -> str:
    """Address of the MLflow page that links lead to (``make mlflow`` serves it there)."""
    return os.environ.get(MLFLOW_UI_VARIABLE, "http://127.0.0.1:5000").rstrip("/")


def dagster_ui() -> str:
    """Address of the Dagster page that links lead to (``make ui`` serves it there)."""
    return os.environ.get(DAGSTER_UI_VARIABLE, "http://127.0.0.1:3000").rstrip("/")


def ui_command() -> str:
    """The command that serves Dagster's pages of the models."""
    found = project.current()
    if found is None:
        return "dagster dev -m mlops_drift.definitions"
    return "make ui" if found.is_checkout else "dg dev"


def ui_needs() -> str:
    """What that command needs to show what the command line ran; empty if it has it."""
    if dagster_home() is not None:
        return ""
    return "a dagster.yaml, as docs/guide/dagster-project.md has it: without one it shows no runs"


def definition_folders() -> list[Path]:
    """The folders that hold model definitions: the project's and that of ``MLOPS_DRIFT_DEFS``.

    The project's is the one that Dagster loads; outside of any project it is the shipped one.
    """
    found = project.current()
    own = found.defs if found else project.SHIPPED_DEFS
    folders = [own] if own and own.is_dir() else []
    configured = os.environ.get(DEFS_VARIABLE)
    if not configured:
        return folders
    extra = _folder(DEFS_VARIABLE, configured)
    if not extra.is_dir():
        raise SettingsError(
            f"{DEFS_VARIABLE} is {configured!r}, which is not a folder; "
            "it should name one that holds <model>/defs.yaml files"
        )
    return [*folders, extra]


# What begins so configures a library: it would move state, or change a result, without a word.
FOREIGN = (
    *("MLFLOW_", "_MLFLOW_", "DATABRICKS_", "OPTUNA_"),
    *("SKLEARN_", "SCIPY_", "PANDAS_"),
)
HARMLESS = ("MLFLOW_DISABLE_TELEMETRY",)
# Else MLflow draws a bar for every file that it copies, and reports its use, with a file in home.
QUIET = {"MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}


def isolate() -> None:
    """Takes the settings of libraries out of the environment of this process and its children."""
    for name in list(os.environ):
        if name.startswith(FOREIGN) and name not in HARMLESS:
            del os.environ[name]
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


@contextmanager
def isolated() -> Iterator[None]:
    """As `isolate`, for a time: in a process of Dagster's the settings may be for other assets."""
    before = {name: value for name, value in os.environ.items() if name.startswith(FOREIGN)}
    isolate()
    try:
        yield
    finally:
        isolate()
        for name in QUIET:
            del os.environ[name]
        os.environ.update(before)
