"""Keeps tabular models honest in production: assets, checks, and retraining when a check fails."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_drift.component import MonitoredModel

__all__ = ["MonitoredModel"]


def __getattr__(name: str) -> Any:
    # Lazy: the domain packages are importable without Dagster.
    if name == "MonitoredModel":
        from mlops_drift.component import MonitoredModel

        return MonitoredModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    # Dagster's registry of components reads the names of this module.
    return sorted([*globals(), *__all__])
