"""A proposal as YAML, each guess with a comment."""

import os
import textwrap
from importlib.resources import files
from pathlib import Path

import yaml
from jinja2 import Environment, StrictUndefined
from pydantic import ValidationError

from mlops_drift.config.mistakes import mistakes
from mlops_drift.config.spec import ModelSpec
from mlops_drift.learning.metrics.registry import metric_named
from mlops_drift.scaffold.baseline import GateGuess
from mlops_drift.scaffold.proposal import Proposal
from mlops_drift.scaffold.table import FileColumns, ProposalError

_WIDTH = 96


def document(name: str, proposal: Proposal, folder: Path) -> str:
    """The text of the defs.yaml of a model in a folder; its paths are relative to the folder.

    Raises:
        ProposalError: if it is no model, such as for a name with spaces.
    """

    def path(file: FileColumns) -> str:
        return Path(os.path.relpath(file.path.resolve(), folder.resolve())).as_posix()

    # The text is YAML, not HTML.
    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    template = files("mlops_drift.scaffold").joinpath("defs.yaml.j2").read_text("utf-8")
    helpers = {"scalar": scalar, "comment": _comment, "path": path}
    about_gate = _about(proposal.gate)
    text = environment.from_string(template, helpers).render(
        name=name, found=proposal, about_gate=about_gate
    )
    try:
        ModelSpec.model_validate(yaml.safe_load(text)["attributes"])
    except ValidationError as error:
        raise ProposalError(mistakes(error)) from error
    return text


def scalar(value: object) -> str:
    """A value as YAML that reads back as the same.

    >>> scalar("no"), scalar("a: b"), scalar(0.5)
    ("'no'", "'a: b'", '0.5')
    """
    dumped = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=10**6)
    return dumped.strip()[1:-1]


def _comment(text: str, indent: int = 2) -> str:
    # Names and values from the files may hold line ends.
    plain, prefix = " ".join(text.split()), f"{' ' * indent}# "
    return textwrap.fill(
        plain, _WIDTH, initial_indent=prefix, subsequent_indent=prefix, break_on_hyphens=False
    )


def _about(gate: GateGuess) -> str:
    side = "smallest" if metric_named(gate.metric).greater_is_better else "largest"
    model = "could not be trained" if gate.model is None else f"{gate.model:.4g}"
    halfway = "This is halfway."
    if not gate.is_better:
        halfway = "This is the constant answer's: look for better columns before you trust it."
    return (
        f"The {side} {gate.metric} that may serve. On the first {gate.rows:,} labelled rows the "
        f"best constant answer has {gate.metric} {gate.constant:.4g}, a model with default "
        f"settings {model}. {halfway}"
    )
