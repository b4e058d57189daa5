"""One monitored model with all that is known of it."""

from typing import Self

from mlops_drift.config.spec import ModelSpec
from mlops_drift.config.version_columns import VersionColumns
from mlops_drift.registry.base import VersionRegistry
from mlops_drift.store.lake import Lake
from mlops_drift.store.model_store import ModelStore


class ModelContext:
    """A model: its description, its tables and, unless only tables are read, its versions."""

    def __init__(
        self, spec: ModelSpec, store: ModelStore, registry: VersionRegistry | None = None
    ) -> None:
        self.spec, self.store, self._registry = spec, store, registry
        self._of_version: dict[int, ModelContext] = {}

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

    def of_version(self, version: int) -> "ModelContext":
        """The model as a version knows it; itself where its columns are those that are declared.

        Its tables have the names and the types of the version, wherever these are stored.
        """
        if version not in self._of_version:
            self._of_version[version] = self._as_known_by(version)
        return self._of_version[version]

    def _as_known_by(self, version: int) -> "ModelContext":
        records = {record.version: record for record in self.store.versions.all()}
        known = records[version].description if version in records else None
        if known is None:
            return self
        own = VersionColumns.model_validate_json(known)
        spec = own.within(self.spec)
        if spec is self.spec:
            return self
        return ModelContext.of(self.store.lake, spec, self._registry)
