"""What happened to a model: what notifications are made from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.notifications.ways import Ways
from mlops_drift.policy.decision import DecisionRecord


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

    With the advice of each check, the ids of all earlier messages, the time zone of the days, the
    ways on from a message, and whether versions are made elsewhere.
    """

    model: str
    evaluations: Sequence[CheckEvaluation] = ()
    decisions: Sequence[DecisionRecord] = ()
    broken: Sequence[BrokenStep] = ()
    missing: Sequence[MissingFile] = ()
    advice: Mapping[str, str] = field(default_factory=dict)
    sent: Collection[str] = ()
    timezone: str = "UTC"
    ways: Ways | None = None
    is_external: bool = False
