"""A proposal as YAML, each guess with a comment."""

import os
import textwrap
from importlib.resources import files
from pathlib import Path

import yaml
from jinja2 import Environment, StrictUndefined

from mlops_drift.learning.metrics.registry import metric_named
from mlops_drift.scaffold.baseline import GateGuess
from mlops_drift.scaffold.proposal import Proposal
from mlops_drift.scaffold.table import FileColumns

_WIDTH = 96


def document(name: str, proposal: Proposal, folder: Path) -> str:
    """The text of the defs.yaml of a model in a folder; its paths are relative to the folder."""

    def path(file: FileColumns) -> str:
        return Path(os.path.relpath(file.path.resolve(), folder.resolve())).as_posix()

    # The text is YAML, not HTML.
    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters["scalar"] = scalar
    text = files("mlops_drift.scaffold").joinpath("defs.yaml.j2").read_text("utf-8")
    return environment.from_string(text).render(
        name=name,
        found=proposal,
        roles=proposal.roles,
        target=proposal.target.target,
        gate=proposal.gate,
        described=f"Predicts {' '.join(proposal.roles.label.value.split())}.",
        about_gate=_about(proposal.gate),
        scalar=scalar,
        comment=_comment,
        path=path,
    )


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
    halfway = (
        "This is halfway."
        if gate.is_better
        else "This is the constant answer's: look for better columns before you trust it."
    )
    return (
        f"The {side} {gate.metric} that may serve. On the first {gate.rows:,} labelled rows the "
        f"best constant answer has {gate.metric} {gate.constant:.4g}, a model with default "
        f"settings {model}. {halfway}"
    )
