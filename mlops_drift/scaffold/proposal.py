"""From two files to a proposal: every guess together."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from mlops_drift.errors import UserError
from mlops_drift.memory import bound_engine
from mlops_drift.scaffold.baseline import GateGuess, choose_metric, propose_gate
from mlops_drift.scaffold.features import Feature, find_features
from mlops_drift.scaffold.roles import Choices, Roles, find_roles
from mlops_drift.scaffold.table import FileColumns, read_columns
from mlops_drift.scaffold.target import find_target
from mlops_drift.schema.columns import Target

# A fifth of the labelled rows trains the first version, within these bounds.
FIRST_SHARE, FEWEST_ROWS, MOST_ROWS = 5, 150, 1_500


@dataclass(frozen=True)
class Proposal:
    """What a defs.yaml would say; the file of labels may be that of the events.

    Attributes:
        why: the reasons, by what they are for: a role, kind, positive, delay, metric.
        labelled: how many events have a label.
    """

    events: FileColumns
    labels: FileColumns
    roles: Roles
    features: list[Feature]
    target: Target
    gate: GateGuess
    why: dict[str, str]
    first_day: date
    last_day: date
    labelled: int
    first_training_rows: int

    @property
    def is_one_file(self) -> bool:
        """Whether events and labels are in one file."""
        return self.events.path == self.labels.path

    @property
    def key_type(self) -> str:
        """How the key is declared."""
        kinds = {file.columns[self.roles.key].kind for file in (self.events, self.labels)}
        return "integer" if kinds == {"integer"} else "text"


def propose_from(events: Path, labels: Path | None, choices: Choices) -> Proposal:
    """Guesses everything from files; without labels they are in the file of the events."""
    bound_engine()
    read = read_columns(events)
    same = labels is None or labels.resolve() == events.resolve()
    return propose(read, read if same or labels is None else read_columns(labels), choices)


def propose(events: FileColumns, labels: FileColumns, choices: Choices) -> Proposal:
    """Guesses everything that is not chosen; a UserError if the files do not say enough."""
    for file in (events, labels):
        if not file.rows:
            raise UserError(f"{file.path.name} has no rows")
    roles, role_why = find_roles(events, labels, choices)
    target, target_why = find_target(events, labels, roles, choices)
    taken = {roles.key, roles.day, roles.label}
    if events.path == labels.path:
        taken.add(roles.label_day)
    features = find_features(events.columns, taken)
    columns = {one.name: one.column for one in features if one.column is not None}
    if not columns:
        left = "; ".join(f"{one.name!r} {one.why}" for one in features)
        raise UserError(f"{events.path.name} has no column for a model to see ({left})")
    rows = _labelled(events, labels, roles, list(columns))
    metric, metric_why = choose_metric(target, rows[roles.label])
    days, label_days = events.columns[roles.day].days, labels.columns[roles.label_day].days
    return Proposal(
        events,
        labels,
        roles,
        features,
        target,
        propose_gate(metric, target, columns, rows),
        {**role_why, **target_why, "metric": metric_why},
        days.min().date(),
        max(days.max(), label_days.max()).date(),
        len(rows),
        max(FEWEST_ROWS, min(MOST_ROWS, len(rows) // FIRST_SHARE)),
    )


def _labelled(
    events: FileColumns, labels: FileColumns, roles: Roles, columns: list[str]
) -> pd.DataFrame:
    """The labelled events by day, each with its columns and its label as text."""
    known = labels.columns
    # The last label of a key corrects those before.
    truth = dict(zip(known[roles.key].texts, known[roles.label].texts, strict=True))
    frame = pd.DataFrame({name: events.columns[name].texts for name in columns})
    frame[roles.label] = events.columns[roles.key].texts.map(truth)
    order = events.columns[roles.day].days.sort_values(kind="stable").index
    return frame.loc[order].dropna(subset=roles.label).reset_index(drop=True)
