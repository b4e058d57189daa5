"""What a decision is: the evidence that it rests on, what came before it, and what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.registry import Monitors, monitors_of, names
from mlops_drift.policy.config import TrainingWindow

NO_CHAMPION = "no_champion"
MANUAL = "manual"

# A pause of so many days between failures makes two episodes of them.
EPISODE_GAP_DAYS = 7

# `promote` and `rollback` are moves of a person that nothing else asked for.
Action = Literal["retrain", "alert", "give_up", "wait", "nothing", "promote", "rollback"]
Outcome = Literal["promoted", "rejected", "failed", "waiting"]


@dataclass(frozen=True)
class Champion:
    """The version that serves, the day whose end it was promoted at, and by which decision."""

    version: int
    as_of: date
    decision: str = ""


@dataclass(frozen=True)
class Evidence:
    """What was known at the end of a day.

    Attributes:
        day: the as-of date.
        champion: None before the first promotion.
        failed: failed numbers about the champion, up to `day`.
        labelled: labelled rows known at the end of `day`, by day of the event.
        missing_classes: classes of the target that no labelled row has.
        confirm: checks that fail by chance on some days, so that a second day must confirm them.
        realized: checks whose production day says when the world changed.
    """

    day: date
    champion: Champion | None
    failed: Sequence[CheckEvaluation]
    labelled: Mapping[date, int]
    missing_classes: Sequence[str] = ()
    confirm: frozenset[str] = names(monitors_of(Monitors()), lambda one: one.confirm)
    realized: frozenset[str] = names(monitors_of(Monitors()), lambda one: one.realized)


@dataclass(frozen=True)
class PastDecision:
    """An earlier decision that led to something, and what came of it.

    No outcome means under way; `waiting` that a challenger passed its gates and waits for a person;
    `failed` that its training raised, and `superseded` that what it was made by has changed since.
    `against` are the gates that refused a challenger.
    """

    id: str
    action: Action
    reason: str
    day: date
    rules: tuple[str, ...]
    version: int | None
    candidates: Mapping[TrainingWindow, date | None]
    labelled: int
    outcome: Outcome | None
    against: tuple[str, ...] = ()
    superseded: bool = False


@dataclass(frozen=True)
class Decision:
    """What to do, and why.

    Attributes:
        id: derives from the champion and the first day of the episode: one decision an episode.
            Where nothing is done, from the day. One that follows on a training that failed has a
            number at its end.
        day: the as-of date of the training set.
        rules: the failed checks, or `no_champion`.
        version: the champion that the decision is about.
        candidates: first event day of the training set by training window; None takes all.
        labelled: labelled rows known at `day`.
        evidence: the failed numbers that it rests on.
    """

    action: Action
    reason: str
    day: date
    id: str
    rules: tuple[str, ...] = ()
    version: int | None = None
    candidates: Mapping[TrainingWindow, date | None] = field(default_factory=dict)
    labelled: int = 0
    evidence: tuple[CheckEvaluation, ...] = ()
