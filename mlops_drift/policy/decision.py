"""A decision of the policy or of a person, and what became of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from mlops_drift.learning.windows import WindowScore
from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.data_quality import DataQuality
from mlops_drift.monitors.freshness import Freshness
from mlops_drift.monitors.model_age import ModelAge
from mlops_drift.monitors.volume import Volume
from mlops_drift.policy.config import TrainingWindow

# What a first training and a decision by hand have in place of failed checks.
NO_CHAMPION = "no_champion"
MANUAL = "manual"
EXTERNAL = "external"
EXTERNAL_CAUSE = "a version that is made elsewhere"

# What stands for a failed check where a version knows other columns than are declared.
COLUMNS_CHANGED = "columns_changed"

# How the reason begins while the policy does nothing more on its own.
PAUSED = "paused since"

# A pause of so many days between failures makes two episodes of them.
EPISODE_GAP_DAYS = 7

# `promote` and `rollback` are transitions that only a person asked for.
Action = Literal["retrain", "alert", "give_up", "wait", "nothing", "promote", "rollback"]
Status = Literal["promoted", "rejected", "failed", "waiting", "requested"]
Trigger = Literal["drift", "performance", "quality", "age", "columns", "several"]
Kind = Literal["first", Trigger, "by_hand", "external", "none"]

# Actions after which nothing happens.
IDLE: tuple[Action, ...] = ("nothing", "wait")

# What has no failed check: its name as published, and in sentences.
_NAMED: dict[Kind, tuple[str, str]] = {
    "first": (NO_CHAMPION, "first training"),
    "by_hand": (MANUAL, "by hand"),
    "external": (EXTERNAL, EXTERNAL_CAUSE),
}

# The kinds of the checks of what landed, of age, and of changed columns.
_KINDS: dict[str, Kind] = {
    DataQuality.name: "quality",
    Volume.name: "quality",
    Freshness.name: "quality",
    ModelAge.name: "age",
    COLUMNS_CHANGED: "columns",
}


def kind_of(triggers: Collection[str], drifting: Collection[str]) -> Kind:
    """What kind of checks triggered a decision; `drifting` compare distributions.

    >>> kind_of(["feature_drift"], {"feature_drift"}), kind_of(["model_age", "label_drift"], ())
    ('drift', 'several')
    """
    kinds = {
        _KINDS.get(check) or ("drift" if check in drifting else "performance") for check in triggers
    }
    return kinds.pop() if len(kinds) == 1 else "several" if kinds else "none"


@dataclass(frozen=True)
class Champion:
    """The version that serves, the day whose end it was promoted at, and by which decision."""

    version: int
    as_of: date
    decision: str = ""


@dataclass(frozen=True)
class Decision:
    """What to do, and why.

    Its id derives from the champion and the first day of the episode: one decision an episode;
    where nothing is done, from the day. One that follows on a training that failed has a number at
    its end.

    Attributes:
        day: the as-of date of the training set.
        version: the champion that the decision is about.
        candidates: first event day of the training set by training window; None takes all.
        labelled: labelled rows known at `day`.
        sequence: order among the decisions of a day: 0 for the policy's, then those of people.
    """

    action: Action
    reason: str
    day: date
    id: str
    kind: Kind = "none"
    triggers: tuple[str, ...] = ()
    version: int | None = None
    candidates: Mapping[TrainingWindow, date | None] = field(default_factory=dict)
    labelled: int = 0
    evidence: tuple[CheckEvaluation, ...] = ()
    sequence: int = 0

    @property
    def rules(self) -> tuple[str, ...]:
        """The triggers as published."""
        return _NAMED[self.kind][:1] if self.kind in _NAMED else self.triggers

    @property
    def cause(self) -> str:
        """What the decision answers, for sentences; empty where nothing failed."""
        return _NAMED[self.kind][1] if self.kind in _NAMED else ", ".join(self.triggers)


@dataclass(frozen=True)
class Outcome:
    """What became of a decision, as known at the end of a day.

    `requested` where versions are made elsewhere, and who makes them was called. `waiting` where a
    challenger passed its gates and waits for a person, `failed` where the training raised; then
    the digest is that of the rows, the code and the description.
    """

    status: Status
    day: date
    reason: str
    challenger: int | None = None
    failed_gates: tuple[str, ...] = ()
    person: str | None = None
    digest: str | None = None


@dataclass(frozen=True)
class DecisionRecord(Decision):
    """A decision as the log has it, with the training window that was chosen and its first day.

    `superseded` says whether what a failed training was made by has changed since.
    """

    window: str | None = None
    since: date | None = None
    scores: tuple[WindowScore, ...] = ()
    training_set: str | None = None
    outcome: Outcome | None = None
    superseded: bool = False

    @property
    def status(self) -> Status | None:
        """That of the outcome."""
        return self.outcome.status if self.outcome else None

    @property
    def challenger(self) -> int | None:
        """That of the outcome."""
        return self.outcome.challenger if self.outcome else None

    @property
    def outcome_reason(self) -> str:
        """Why the outcome is what it is; empty while under way."""
        return self.outcome.reason if self.outcome else ""

    @property
    def brought_no_champion(self) -> bool:
        """Whether its challenger was rejected, or its training failed."""
        return self.status in ("rejected", "failed")

    def is_under_way(self, champion: Champion | None) -> bool:
        """Whether it still has to be carried out, or to be recorded as carried out.

        A decision about a version that another one has replaced has nothing left to do.
        """
        if self.action != "retrain" or self.outcome is not None:
            return False
        if champion is None:
            return self.version is None
        return self.version == champion.version or self.id == champion.decision
