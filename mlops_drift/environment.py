"""The environment as the libraries underneath find it."""

import os

# What begins so configures a library: it would move state, or change a result, without a word.
FOREIGN = (
    *("MLFLOW_", "_MLFLOW_", "DATABRICKS_", "OPTUNA_"),
    *("SKLEARN_", "SCIPY_", "PANDAS_", "MPLBACKEND", "MATPLOTLIBRC"),
)
HARMLESS = ("MLFLOW_DISABLE_TELEMETRY",)

# Of a program that stands on its own; a process of `dagster dev` needs what that tells it.
DAGSTER = "DAGSTER_"


def isolate(*also: str) -> None:
    """Takes the settings of libraries out of the environment of this process and its children.

    Args:
        also: what the names of further variables begin with that are taken out.
    """
    for name in list(os.environ):
        if name.startswith((*FOREIGN, *also)) and name not in HARMLESS:
            del os.environ[name]
    # MLflow draws a bar for every file that it copies, unless this says no.
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
