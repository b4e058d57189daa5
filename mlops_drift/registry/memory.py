"""A registry in memory, for a backtest."""

import hashlib
import json
import pickle
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlops_drift.registry.base import Artifact, RegistryError, VersionPackage, VersionRegistry

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from mlops_drift.schema.columns import Target


class MemoryRegistry(VersionRegistry):
    """Versions for the life of this object; no other process sees them, and no file is kept."""

    def __init__(self) -> None:
        super().__init__()
        self._packages: dict[str, list[VersionPackage]] = {}
        self._aliases: dict[tuple[str, str], int] = {}

    def prepare(self, model: str) -> None:
        """Nothing to make."""

    def lock(self, name: str) -> AbstractContextManager[Any]:
        return nullcontext()

    def find(self, model: str, identity: Mapping[str, str]) -> int | None:
        packages = enumerate(self._packages.get(model, []), start=1)
        same = (number for number, one in packages if dict(one.identity) == dict(identity))
        return next(same, None)

    def register(self, model: str, package: VersionPackage) -> int:
        packages = self._packages.setdefault(model, [])
        packages.append(package)
        return len(packages)

    def pipeline(self, model: str, version: int) -> "Pipeline":
        return self._package(model, version).pipeline

    def pickled(self, model: str, version: int) -> bytes:
        return pickle.dumps(self.pipeline(model, version))

    def artifact(self, model: str, version: int) -> Artifact:
        """The pickled pipeline, which stands for what would be stored."""
        package = self._package(model, version)
        content, inputs = self.pickled(model, version), tuple(package.example.columns)
        return Artifact(len(content), hashlib.sha256(content).hexdigest(), inputs)

    def fresh_predictions(
        self, model: str, version: int, target: "Target", features: "pd.DataFrame"
    ) -> "pd.DataFrame":
        from mlops_drift.learning.families.base import predict

        loaded = pickle.loads(self.pickled(model, version))
        return predict(loaded, target, features)

    def _package(self, model: str, version: int) -> VersionPackage:
        packages = self._packages.get(model, [])
        if not 1 <= version <= len(packages):
            raise RegistryError(f"there is no version {version} of {model}")
        return packages[version - 1]

    def tags(self, model: str, version: int) -> dict[str, str]:
        package = self._package(model, version)
        return {**package.tags, **package.identity}

    def set_tag(self, model: str, version: int, name: str, value: str) -> None:
        package = self._package(model, version)
        tagged = replace(package, tags={**package.tags, name: value})
        self._packages[model][version - 1] = tagged

    def params(self, model: str, version: int) -> dict[str, str]:
        params = self._package(model, version).params
        return {name: str(value) for name, value in params.items()}

    def version_page(self, model: str, version: int, ui: str) -> str | None:
        return None

    def file_page(self, model: str, version: int, name: str, ui: str) -> str | None:
        return None

    def run_id(self, model: str, version: int) -> str:
        return ""

    def read_json(self, model: str, version: int, name: str, run: str | None = None) -> Any:
        tables = self._package(model, version).tables
        if name not in tables:
            raise RegistryError(f"version {version} of {model} has no {name}")
        return json.loads(json.dumps(tables[name]))

    def describe(self, model: str, version: int, text: str) -> None:
        """Nobody reads here."""

    def describe_model(self, model: str, text: str) -> None:
        """Nobody reads here."""

    def name_run(self, model: str, name: str, version: int | None = None) -> None:
        """There are no runs."""

    def log_files(
        self, model: str, version: int, files: Mapping[str, bytes], run: str | None = None
    ) -> None:
        """Files are not kept: a version's baseline lies beside its training set too."""

    def alias(self, model: str, alias: str) -> int | None:
        return self._aliases.get((model, alias))

    def set_alias(self, model: str, alias: str, version: int) -> None:
        self._aliases[model, alias] = version

    def remove_alias(self, model: str, alias: str, version: int) -> None:
        if self.alias(model, alias) == version:
            del self._aliases[model, alias]
