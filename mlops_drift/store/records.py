"""What is on record about versions: who serves, what was trained on what, what was removed."""

from dataclasses import dataclass
from datetime import date

from mlops_drift.errors import UserError


@dataclass(frozen=True)
class Promotion:
    """A version that became champion at the end of a day.

    Attributes:
        number: its place among the promotions, from 1.
        previous: the champion before.
        decision: the decision that it carried out.
        person: who approved it, if somebody did.
        reason: why they did.
        kind: `decision` carries out one of the policy, `promote` and `rollback` are of a person.
    """

    number: int
    as_of: date
    version: int
    previous: int | None
    training_set: str
    reference: str
    decision: str
    person: str | None = None
    reason: str | None = None
    kind: str = "decision"


@dataclass(frozen=True)
class DecisionRow:
    """A stage of a decision, or of a retraining by hand.

    Attributes:
        decision: id of the decision; of a retraining by hand, that of its run.
        stage: decided, chosen, built, trained, waiting, promoted, rejected or failed.
        sequence: order of decisions within a day; of stages of trainings, among each other.
        candidates: first event day by training window, as JSON.
        scores: how well each candidate predicts, as JSON.
        evidence: the failed numbers, as JSON.
    """

    decision: str
    stage: str
    day: date
    sequence: int = 0
    action: str | None = None
    kind: str | None = None
    triggers: tuple[str, ...] = ()
    version: int | None = None
    candidates: str | None = None
    labelled: int | None = None
    evidence: str | None = None
    training_window: str | None = None
    since: date | None = None
    scores: str | None = None
    training_set: str | None = None
    challenger: int | None = None
    failed_gates: tuple[str, ...] = ()
    person: str | None = None
    digest: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Shadow:
    """A challenger that waits for a person, and scores beside the champion of a day.

    Attributes:
        champion: the version that serves the day.
        challenger: the version that scores it too.
        since: the day at whose end the wait began.
    """

    champion: int
    challenger: int
    since: date


@dataclass(frozen=True)
class VersionRecord:
    """What a version is and what it reached on its test split."""

    version: int
    as_of: date
    training_set: str
    rows: int
    family: str
    metric: str
    value: float
    lower: float
    upper: float
    n_test: int
    mlflow_run: str


@dataclass(frozen=True)
class TrainingSetRecord:
    """What a training set was built of.

    Attributes:
        since: first day of the requested events; None for all.
        first_day: first day of the events that are in it.
        features_snapshot: the commit of the features table that it was read from.
        labels_snapshot: the commit of the labels table.
    """

    training_set: str
    as_of: date
    since: date | None
    first_day: date
    last_day: date
    rows_train: int
    rows_test: int
    features_snapshot: int | None
    labels_snapshot: int | None


class RemovedError(UserError):
    """The version was removed by the retention."""


@dataclass(frozen=True)
class Removal:
    """A version whose artifacts are gone, since the end of a day."""

    version: int
    day: date
    training_set: str
    reason: str


@dataclass(frozen=True)
class RemovedDay:
    """What is still known of a day whose features were removed.

    Attributes:
        classes: the labels that occurred; empty for a regression.
    """

    event_day: date
    labelled: int
    classes: tuple[str, ...]


@dataclass(frozen=True)
class LandedFile:
    """Where the rows of a source came from that arrived on a day.

    Attributes:
        source: `events` or `labels`.
        origin: the file; None where the source has none.
        digest: digest of what was read; None for a file that is missing.
        n: rows, unusable ones too.
    """

    day: date
    source: str
    origin: str | None
    digest: str | None
    n: int
