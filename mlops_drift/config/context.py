"""One monitored model with all that is known of it."""

from typing import Self

from mlops_drift.config.spec import ModelSpec
from mlops_drift.registry.base import VersionRegistry
from mlops_drift.store.lake import Lake
from mlops_drift.store.model_store import ModelStore


class ModelContext:
    """A model: its description, its tables and, unless only tables are read, its versions."""

    def __init__(
        self, spec: ModelSpec, store: ModelStore, registry: VersionRegistry | None = None
    ) -> None:
        self.spec, self.store, self._registry = spec, store, registry

    @classmethod
    def of(cls, lake: Lake, spec: ModelSpec, registry: VersionRegistry | None = None) -> Self:
        """The model whose tables lie in a lake."""
        store = ModelStore(lake, spec.name, spec.tables, spec.key, spec.target)
        return cls(spec, store, registry)

    @property
    def registry(self) -> VersionRegistry:
        """The versions."""
        if self._registry is None:
            raise RuntimeError(f"the context of {self.spec.name} was opened without a registry")
        return self._registry
