"""Finds the YAML files of models and reports their mistakes."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import yaml
from dagster.components.core.component_tree import ComponentTree, ComponentTreeException
from dagster.components.core.decl import (
    ComponentDecl,
    build_component_decl_from_yaml_document,
)
from dagster.components.core.defs_module import ComponentPath, find_defs_or_component_yaml
from dagster_shared.record import copy
from dagster_shared.utils import safe_is_subclass
from dagster_shared.yaml_utils import parse_yamls_with_source_position
from dagster_shared.yaml_utils.source_position import SourcePositionTree, ValueAndSourcePositionTree
from pydantic import BaseModel, ValidationError

from mlops_drift import project, settings
from mlops_drift.config.mistakes import mistakes
from mlops_drift.config.spec import ModelSpec
from mlops_drift.config.yaml_syntax import syntax_mistake
from mlops_drift.config.yaml_values import value_mistakes
from mlops_drift.errors import UserError
from mlops_drift.files.text import read_text

# What the type of a model begins with, and where a file has such a type.
_PREFIX = "mlops_drift."
_OURS = re.compile(rf"""^type:\s*["']?{re.escape(_PREFIX)}""", re.MULTILINE)


class ModelDefinitionError(UserError):
    """A model's YAML is wrong; the message names the file, the line and the field."""


@dataclass(frozen=True)
class Model:
    """A model as its YAML describes it, and the folder of the YAML."""

    spec: ModelSpec
    folder: Path


def load_definitions() -> dg.Definitions:
    """All models of all definition folders, without resources and executor."""
    trees = _trees()
    _models(trees)
    try:
        shipped, *extra = (tree.build_defs() for tree in trees)
    except ComponentTreeException as error:
        raise ModelDefinitionError(f"{error}\n{_message(_cause(error))}") from error
    # Definitions of one code location may carry only one component tree.
    return dg.Definitions.merge(shipped, *(copy(defs, component_tree=None) for defs in extra))


def load_models() -> dict[str, Model]:
    """All models by name."""
    return _models(_trees())


def find_model(name: str) -> Model:
    """One model by name; a `ModelDefinitionError` if there is none."""
    models = load_models()
    if name not in models:
        raise ModelDefinitionError(
            f"there is no model {name!r}; there are {', '.join(sorted(models))}. "
            f"More are found in the folder that {settings.DEFS_VARIABLE} names"
        )
    return models[name]


class _Document(BaseModel):
    """The content of a model's YAML."""

    type: str
    attributes: ModelSpec


def read_yaml(file: Path, described: Any) -> list[ValueAndSourcePositionTree]:
    """The documents of a YAML file, in which every value means what is written.

    YAML itself silently reads `no` as false, and the last of several fields with one name.
    """
    try:
        text = read_text(file)
    except ValueError as error:
        raise ModelDefinitionError(str(error)) from error
    return _parsed(text, file, described)


# The shipped models are read again each time that models are loaded.
@lru_cache(maxsize=32)
def _parsed(text: str, file: Path, described: Any) -> list[ValueAndSourcePositionTree]:
    try:
        nodes = list(yaml.compose_all(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        wrong = [one for node in nodes if node for one in value_mistakes(node, described)]
        if not wrong:
            return parse_yamls_with_source_position(text, str(file))
    except yaml.YAMLError as error:
        wrong = [syntax_mistake(text, error)]
    except RecursionError:
        wrong = ["its brackets are nested too deeply; begin a line for each field"]
    raise ModelDefinitionError("\n".join(f"{file}: {problem}" for problem in wrong))


def _trees() -> list[ComponentTree]:
    # Else the first description with features.sql would be blamed for them.
    settings.memory_limit()
    settings.data_root()
    found = project.current()
    if found:
        found.make_importable()
    return [
        ComponentTree(
            defs_module=_as_module(folder, f"mlops_drift_defs_{number}"),
            project_root=found.root if found else folder,
            code_location_name=project.CODE_LOCATION,
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


def _models(trees: list[ComponentTree]) -> dict[str, Model]:
    found: dict[str, Model] = {}
    for spec, folder in (model for tree in trees for model in _specs(tree)):
        if spec.name in found:
            raise ModelDefinitionError(
                f"two models are named {spec.name!r}: {found[spec.name].folder} and {folder}; "
                "rename one of them (`attributes: name:`)"
            )
        found[spec.name] = Model(spec, folder)
    if not found:
        raise ModelDefinitionError(
            "there is no model yet; in a Dagster project add one with `dg scaffold defs "
            "mlops_drift.MonitoredModel NAME`, or from files with `mlops-drift init NAME`"
        )
    return found


def _specs(tree: ComponentTree) -> Iterator[tuple[ModelSpec, Path]]:
    """The models of a folder; in that of a project other things may lie beside them."""
    root, mine = tree.defs_module_path, project.current()
    is_shared = mine is not None and root == mine.defs and not mine.is_checkout
    folders = sorted([root, *(path for path in root.rglob("*") if path.is_dir())])
    files = [file for folder in folders if (file := find_defs_or_component_yaml(folder))]
    if is_shared:
        files = [file for file in files if _OURS.search(file.read_text("utf-8", "replace"))]
    elif not files:
        raise ModelDefinitionError(
            f"{root} holds no <model>/defs.yaml; put one there, or correct {settings.DEFS_VARIABLE}"
        )
    declared = [(file.parent, *one) for file in files for one in _declare(tree, file, is_shared)]
    for folder, decl, places in declared:
        if safe_is_subclass(decl.component_type, ModelSpec):
            yield _load(decl, folder, places), folder


def _declare(
    tree: ComponentTree, file: Path, is_shared: bool
) -> Iterator[tuple[ComponentDecl[Any], SourcePositionTree]]:
    """The components of one file, with the places of their fields.

    They are loaded one by one: an error of the whole tree would not name the file, and the tree
    imports all Python files of the folder.
    """
    documents = read_yaml(file, _Document)
    if not documents:
        right = "it should hold `type: mlops_drift.MonitoredModel` and `attributes:`"
        raise ModelDefinitionError(f"{file}: the file is empty; {right}")
    for number, document in enumerate(documents):
        if is_shared and not str(document.value.get("type")).startswith(_PREFIX):
            continue
        path = ComponentPath.from_path(file.parent, number)
        context = tree.decl_load_context.for_component_loc(path)
        try:
            decl = build_component_decl_from_yaml_document(context, document, path)
        except ValidationError as error:
            raise ModelDefinitionError(mistakes(error)) from None
        except dg.DagsterError as error:
            position = document.source_position_tree.children["type"].position
            raise ModelDefinitionError(f"`type at {position}`\n  {error}") from error
        yield decl, document.source_position_tree


def _load(decl: ComponentDecl[Any], folder: Path, places: SourcePositionTree) -> ModelSpec:
    try:
        component = decl._load_component()
    # Whatever a validator or a template raises.
    except Exception as error:
        cause = _cause(error)
        message = f"{find_defs_or_component_yaml(folder)}: {_message(cause, places)}"
        # Of a mistake the message says all; its error shows the value too, which may be secret.
        shown = None if isinstance(cause, ValidationError) else error
        raise ModelDefinitionError(message) from shown
    return ModelSpec.model_validate(component.model_dump())


def _cause(error: BaseException) -> BaseException:
    """The first cause that is not the tree around it."""
    cause: BaseException | None = error
    while isinstance(cause, ComponentTreeException):
        cause = cause.__cause__
    return cause or error


def _message(cause: BaseException, places: SourcePositionTree | None = None) -> str:
    return mistakes(cause, places) if isinstance(cause, ValidationError) else str(cause)
