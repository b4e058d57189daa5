"""A proposal as YAML, each guess with a comment; without one, examples to replace."""

import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined
from pydantic import ValidationError

from mlops_drift.config.mistakes import mistakes
from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError
from mlops_drift.learning.metrics.registry import metric_named
from mlops_drift.scaffold.proposal import Proposal
from mlops_drift.scaffold.scalar import comment, scalar
from mlops_drift.scaffold.table import FileColumns


def document(name: str, proposal: Proposal, folder: Path) -> str:
    """The text of the defs.yaml of a model in a folder, with paths relative to the folder.

    A UserError says why it is no model, such as for a name with spaces.
    """

    def path(file: FileColumns) -> str:
        return Path(os.path.relpath(file.path.resolve(), folder.resolve())).as_posix()

    helpers = {"scalar": scalar, "comment": comment, "path": path, "metric_named": metric_named}
    return _rendered("defs.yaml.j2", helpers, name=name, found=proposal)


def blank_document(name: str) -> str:
    """The text of a defs.yaml that is a model, with examples to replace; errors as `document`."""
    return _rendered("blank.yaml.j2", {}, name=name)


def _rendered(template: str, helpers: dict[str, Any], **values: object) -> str:
    # The text is YAML, not HTML.
    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    source = files("mlops_drift.scaffold").joinpath(template).read_text("utf-8")
    text = environment.from_string(source, helpers).render(**values)
    try:
        ModelSpec.model_validate(yaml.safe_load(text)["attributes"])
    except ValidationError as error:
        raise UserError(mistakes(error)) from error
    return text
