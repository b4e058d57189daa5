"""Registries in MLflow, each in a folder of its own."""

from mlops_drift.registry.registry import Registry


def registry_in(root):
    return Registry(f"sqlite:///{root}/mlflow.db", root / "mlartifacts", root / "locks")
