"""What happened to a model: what notifications are made from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.policy.decision import Action


@dataclass(frozen=True)
class Decided:
    """A decision with its outcome, as the decision log has it.

    Attributes:
        decision: id of the decision.
        day: its as-of day.
        rules: the triggers that it answers.
        version: the champion at that time; None before the first one.
        outcome: None while it is open.
        settled: day of the outcome.
        challenger: the version that was trained; None without one.
    """

    decision: str
    day: date
    action: Action
    rules: Sequence[str]
    version: int | None
    reason: str
    outcome: str | None = None
    settled: date | None = None
    challenger: int | None = None
    outcome_reason: str = ""


@dataclass(frozen=True)
class BrokenStep:
    """A step of a run that raised an error."""

    run_id: str
    step: str
    day: date
    error: str


@dataclass(frozen=True)
class MissingFile:
    """A day without its file, of events or of labels."""

    day: date
    source: str
    file: str


@dataclass(frozen=True)
class History:
    """What happened to a model since before its current episodes began.

    Attributes:
        model: name of the model.
        evaluations: what the checks found, in any order.
        advice: by check, why its failure matters and what to do next.
        sent: ids of all earlier messages.
    """

    model: str
    evaluations: Sequence[CheckEvaluation] = ()
    decisions: Sequence[Decided] = ()
    broken: Sequence[BrokenStep] = ()
    missing: Sequence[MissingFile] = ()
    advice: Mapping[str, str] = field(default_factory=dict)
    sent: Collection[str] = ()
