"""A proposal as YAML, each guess with a comment."""

import os
import textwrap
from collections.abc import Iterator
from pathlib import Path

import yaml

from mlops_drift.scaffold.baseline import is_upper
from mlops_drift.scaffold.features import Feature
from mlops_drift.scaffold.proposal import Proposal

_WIDTH = 96


def document(name: str, proposal: Proposal, folder: Path) -> str:
    """The text of defs.yaml.

    Args:
        name: name of the model.
        proposal: the guesses.
        folder: the folder that the file will be in.
    """
    parts = (_head(name, proposal), _source(proposal, folder), _columns(proposal.features))
    return "\n".join([*(line for part in parts for line in part), *_rest(proposal), ""])


def scalar(value: object) -> str:
    """A value as YAML that reads back as the same.

    >>> scalar("no"), scalar("a: b"), scalar(0.5)
    ("'no'", "'a: b'", '0.5')
    """
    dumped = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=10**6)
    return dumped.strip()[1:-1]


def _comment(text: str, indent: int = 2) -> list[str]:
    # What is shown of the files may hold line ends.
    plain = " ".join(text.split())
    prefix = f"{' ' * indent}# "
    return textwrap.wrap(
        plain, _WIDTH, initial_indent=prefix, subsequent_indent=prefix, break_on_hyphens=False
    )


def _head(name: str, proposal: Proposal) -> Iterator[str]:
    label = proposal.roles.label.value
    yield "# A first proposal: each guess has its reason beside it. Correct what you know better."
    yield "type: mlops_drift.MonitoredModel"
    yield ""
    yield "attributes:"
    yield f"  name: {name}"
    described = f"Predicts {' '.join(label.split())}."
    yield f"  description: {scalar(described)}  # say what for, and for whom"
    yield f"  start_date: {proposal.first_day}  # the first day of events"
    yield f"  end_date: {proposal.last_day}  # the last day in the files; remove it when more come"


def _source(proposal: Proposal, folder: Path) -> Iterator[str]:
    roles = proposal.roles
    yield ""
    if proposal.is_one_file:
        known = (
            "each label counts as known at the end of its event's own day. If it is known later, "
            "give the day of that as a column, with --label-day"
            if roles.day.value == roles.label_day.value
            else "labels are read from the file of the events, on their own day"
        )
        yield from _comment(f"Events and labels are one file: {known}.")
    yield "  source:"
    yield "    kind: files"
    tables = (("events", proposal.events, roles.day), ("labels", proposal.labels, roles.label_day))
    for table, file, day in tables:
        path = Path(os.path.relpath(file.path.resolve(), folder.resolve())).as_posix()
        if day.why:
            what = "" if table == "events" else "the day on which a label became known: "
            yield from _comment(f"{day.value}: {what}{day.why}.", 4)
        yield f"    {table}: {{path: {scalar(path)}, day_column: {scalar(day.value)}}}"
    yield ""
    yield from _comment(f"{roles.key.value}: {roles.key.why}.")
    yield f"  key: {scalar(roles.key.value)}"
    yield f"  key_type: {proposal.key_type}"


def _columns(features: list[Feature]) -> Iterator[str]:
    yield ""
    yield from _comment(
        "Types and ranges are those of the files. `nullable: false` quarantines a row with an "
        "empty cell; min, max and allowed would quarantine what is beyond them."
    )
    yield "  columns:"
    for one in features:
        if one.column is not None:
            fields = f"type: {one.column.type}{'' if one.column.nullable else ', nullable: false'}"
            yield from _comment(one.why, 4)
            yield f"    {scalar(one.name)}: {{{fields}}}"
    left = [one for one in features if one.column is None]
    if left:
        yield from _comment("Left out:", 4)
    for one in left:
        yield from _comment(f"- {one.name}: {one.why}", 4)


def _rest(proposal: Proposal) -> Iterator[str]:
    guess, gate = proposal.target, proposal.gate
    target = guess.target
    yield ""
    yield from _comment(f"{target.column}: {proposal.roles.label.why}.")
    yield "  target:"
    yield f"    column: {scalar(target.column)}"
    yield from _comment(guess.kind_why, 4)
    yield f"    kind: {target.kind}"
    if target.classes:
        yield f"    classes: [{', '.join(map(scalar, target.classes))}]"
    if target.positive is not None:
        yield from _comment(f"What the score is the probability of: {guess.positive_why}", 4)
        yield f"    positive: {scalar(target.positive)}"
    yield from _comment(guess.delay_why, 4)
    yield f"    label_delay_days: {target.label_delay_days}"
    yield ""
    yield from _comment(f"{gate.metric}: {proposal.metric_why}. More trials search longer.")
    yield f"  training: {{metric: {gate.metric}, trials: 8}}"
    yield ""
    yield from _comment(_about_gate(proposal))
    yield f"  gates: {{metrics: {{{gate.metric}: {scalar(gate.limit)}}}, comparison: not_worse}}"
    yield ""
    yield "  policy:"
    enough = "" if proposal.labelled >= proposal.first_training_rows else ", TOO FEW"
    yield from _comment(f"{proposal.labelled:,} events have a label{enough}.", 4)
    yield f"    first_training_rows: {proposal.first_training_rows}"
    if target.label_delay_days:
        yield from _comment(
            "Drift shows before there are labels to learn from: it alerts. Add feature_drift and "
            "prediction_drift to retrain on it too.",
            4,
        )
        yield "    retrain_on: [performance_drop, model_age]"


def _about_gate(proposal: Proposal) -> str:
    gate = proposal.gate
    side = "largest" if is_upper(gate.metric) else "smallest"
    model = (
        "a model with default settings could not be trained"
        if gate.model is None
        else f"a model with default settings {gate.model:.4g}"
    )
    numbers = (
        f"On the first {gate.rows:,} labelled rows the best constant answer has "
        f"{gate.metric} {gate.constant:.4g}, {model}."
    )
    if gate.is_better:
        return f"The {side} {gate.metric} that may serve. {numbers} This is halfway."
    return (
        f"The {side} {gate.metric} that may serve. {numbers} This is the constant answer's: look "
        "for better columns before you trust it."
    )
