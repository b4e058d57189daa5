"""Finds the models' YAML files, and says clearly what is wrong with one."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import dagster as dg
from dagster.components.core.component_tree import ComponentTree, ComponentTreeException
from dagster_shared.record import copy
from pydantic import ValidationError
from yaml import YAMLError

from mlops_drift import settings
from mlops_drift.component import MonitoredModel
from mlops_drift.spec import ModelSpec

YAML_NAMES = ("defs.yaml", "component.yaml")


class ModelDefinitionError(Exception):
    """A model's YAML is wrong; the message names the file, the line and the field."""


@dataclass(frozen=True)
class Model:
    """A model as its YAML describes it, and where the YAML lies."""

    spec: ModelSpec
    folder: Path


def load_definitions() -> dg.Definitions:
    """All models of all definition folders, without resources and executor.

    Raises:
        ModelDefinitionError: if a YAML file is wrong, or two models share a name.
    """
    trees = _trees()
    _models(trees)
    shipped, *extra = (tree.build_defs() for tree in trees)
    # Definitions of one code location may carry only one component tree.
    return dg.Definitions.merge(shipped, *(copy(defs, component_tree=None) for defs in extra))


def load_models() -> dict[str, Model]:
    """All models by name.

    Raises:
        ModelDefinitionError: if a YAML file is wrong, or two models share a name.
    """
    return {model.spec.name: model for model in _models(_trees())}


def find_model(name: str) -> Model:
    """One model by name.

    Raises:
        ModelDefinitionError: if there is none, or a YAML file is wrong.
    """
    models = load_models()
    if name not in models:
        raise ModelDefinitionError(
            f"there is no model {name!r}; there are {', '.join(sorted(models))}. "
            f"More are found in the folder that {settings.DEFS_VARIABLE} names"
        )
    return models[name]


def _trees() -> list[ComponentTree]:
    return [
        ComponentTree(
            defs_module=_as_module(folder, f"mlops_drift_defs_{number}"),
            project_root=folder,
            code_location_name="mlops_drift",
        )
        for number, folder in enumerate(settings.definition_folders())
    ]


def _as_module(folder: Path, name: str) -> ModuleType:
    """Dagster reads definitions from a package; a plain folder becomes one here."""
    module = ModuleType(name)
    module.__path__ = [str(folder)]
    module.__file__ = None
    sys.modules[name] = module
    return module


def _models(trees: list[ComponentTree]) -> list[Model]:
    found: dict[str, Path] = {}
    models = []
    for tree in trees:
        for component, folder in _components(tree):
            spec = component.spec
            if spec.name in found:
                raise ModelDefinitionError(
                    f"two models are named {spec.name!r}: {found[spec.name]} and {folder}; "
                    "rename one of them (`attributes: name:`)"
                )
            found[spec.name] = folder
            models.append(Model(spec, folder))
    return models


def _components(tree: ComponentTree) -> Iterator[tuple[MonitoredModel, Path]]:
    root = tree.defs_module_path
    for file in sorted(path for name in YAML_NAMES for path in root.rglob(name)):
        try:
            component = tree.load_component(file.parent.relative_to(root))
        except ComponentTreeException as error:
            raise ModelDefinitionError(_explain(error)) from error
        except (YAMLError, ValidationError, dg.DagsterError) as error:
            raise ModelDefinitionError(f"{file}: {error}") from error
        if isinstance(component, MonitoredModel):
            yield component, file.parent


def _explain(error: BaseException) -> str:
    """The message of the first cause that is not the tree around it."""
    cause: BaseException | None = error
    while isinstance(cause, ComponentTreeException):
        cause = cause.__cause__
    return str(cause if cause is not None else error)
