"""The command `init`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_drift import project, settings
from mlops_drift.cli.common import waiting, write_file

if TYPE_CHECKING:
    from mlops_drift.scaffold.proposal import Proposal

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("name")
@click.option("--events", type=FILE, required=True, help="CSV, TSV, JSON or Parquet, with days.")
@click.option("--labels", type=FILE, help="The same of labels; by default they are in --events.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of definitions; that of MLOPS_DRIFT_DEFS by default, else that of the Dagster "
    "project, else my_models.",
)
@click.option("--key", help="Column that identifies an event, in both files.")
@click.option("--day", help="Column of the day of an event.")
@click.option("--label-day", help="Column of the day on which a label became known.")
@click.option("--label", help="Column that is predicted.")
@click.option("--positive", help="Of two classes, the one whose probability is the score.")
def init(name: str, events: Path, labels: Path | None, into: Path | None, **choices: str) -> None:
    """Write NAME/defs.yaml from files, with the reason for each guess as a comment."""
    from mlops_drift.errors import UserError
    from mlops_drift.scaffold.document import document
    from mlops_drift.scaffold.proposal import propose_from
    from mlops_drift.scaffold.roles import Choices

    root = into or _definitions()
    file = root / name / "defs.yaml"
    if file.exists():
        raise UserError(f"{file} exists and stays as it is; remove it or choose another NAME")
    with waiting("reading, and training a quick model"):
        proposal = propose_from(events, labels, Choices(**choices))
        text = document(name, proposal, file.parent)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_file("--into", str(file), text.encode())
    click.echo(f"Wrote {file}: {_summary(proposal)}")
    click.echo("Read it and correct what you know better. Then:")
    if root.resolve() not in settings.definition_folders():
        click.echo(f"  export {settings.DEFS_VARIABLE}={root.resolve()}")
    click.echo(f"  mlops-drift run {name}")


def _definitions() -> Path:
    if configured := os.environ.get(settings.DEFS_VARIABLE):
        return Path(configured)
    found = project.current()
    return found.defs if found and found.defs and not found.is_checkout else Path("my_models")


def _summary(proposal: "Proposal") -> str:
    roles, target, gate = proposal.roles, proposal.target, proposal.gate
    left = [repr(one.name) for one in proposal.features if one.column is None]
    model = "none" if gate.model is None else f"{gate.model:.3g}"
    few = proposal.labelled < proposal.first_training_rows
    lines = [
        f"{target.kind} of {target.column!r} from {len(proposal.features) - len(left)} columns.",
        f"key {roles.key!r}, day {roles.day!r}, labels by {roles.label_day!r} after "
        f"{target.label_delay_days} days",
        "events and labels are one file" if proposal.is_one_file else "",
        f"left out: {', '.join(left)} (the file says why)" if left else "",
        f"gate {gate.metric} {gate.limit:g}: a constant answer has {gate.constant:.3g}, a quick "
        f"model {model}",
        f"only {proposal.labelled} labelled events: too few for a first version" if few else "",
    ]
    return "\n  ".join(filter(None, lines))
