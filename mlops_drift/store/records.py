"""What is on record about one model: the rows of its tables."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mlops_drift.errors import UserError
from mlops_drift.schema.verdicts import Verdict


@dataclass(frozen=True)
class Promotion:
    """A version that became champion at the end of a day; promotions are numbered from 1.

    `decision` is the one that it carried out, `person` who approved it, if somebody did. The kind
    `decision` carries out one of the policy, `promote` and `rollback` are of a person. With `at`, a
    moment in UTC, a live service is served by it since then, whatever the day.
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
    at: datetime | None = None

    @property
    def serves_since(self) -> date:
        """The first day that it scores."""
        return self.as_of + timedelta(days=1)


@dataclass(frozen=True)
class DecisionRow:
    """A stage of a decision, or of a retraining by hand; see `Decision` and `Outcome`.

    Attributes:
        decision: id of the decision; of a retraining by hand, that of its run.
        stage: decided, chosen, built, trained, waiting, promoted, rejected or failed.
        sequence: order of decisions within a day; of stages of trainings, among each other.
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
class CheckDay:
    """What a check found about one version on a day: its verdict over all that it judged.

    `failing` of `subjects` subjects failed, such as columns.
    """

    day: date
    check: str
    version: int
    verdict: Verdict
    subjects: int
    failing: int


@dataclass(frozen=True)
class WorstOfDay(CheckDay):
    """The same with its worst evaluation, by `ranking.rank`; numbers may be nan."""

    subject: str
    window: int
    value: float
    lower: float
    upper: float
    threshold: float
    n: int


@dataclass(frozen=True)
class Shadow:
    """A challenger that waits for a person since the end of a day, beside the champion."""

    champion: int
    challenger: int
    since: date


@dataclass(frozen=True, kw_only=True)
class WindowComparison:
    """Two versions over one window of events that both scored; nan where a number is undefined.

    Attributes:
        window: length in production days up to the last one; 0 for all since the wait began.
        n: those of the scored events whose label is known; what the metric is of.
        difference: the challenger's value less the champion's, with the ends of its 95 % interval
            on the same rows (``difference_within``).
        disagreement: share of the scored events whose predictions differ.
    """

    window: int
    production_day: date
    scored: int
    n: int
    metric: str
    champion_value: float
    challenger_value: float
    difference: float
    lower: float
    upper: float
    disagreement: float
    champion_score: float
    challenger_score: float


@dataclass(frozen=True)
class VersionRecord:
    """What a version is and what it reached on its test split.

    Its description is JSON of what it knows of the columns, see `VersionColumns`; without one it
    knows those that are declared. One of an external model has its name as `family`, its reference
    as `training_set`, and no run.
    """

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
    description: str | None = None


@dataclass(frozen=True)
class LandedColumn:
    """Since which day a column of a type is kept without a gap.

    With the digest of the features.sql that derives it, where one does. Of earlier days that land
    again one after another, the last one is there until they reach the others.
    """

    column: str
    type: str
    first_day: date
    derivation: str = ""
    last_day: date | None = None


@dataclass(frozen=True)
class ExternalVersion:
    """A version of predictions that are made elsewhere, as they name it, and its first day here."""

    version: int
    name: str
    first_day: date


@dataclass(frozen=True)
class TrainingSetRecord:
    """What a training set was built of: which events, and which commits of the tables.

    Requested were the events from `since` on, None for all; `first_day` is of those in it. Of
    `labelled` rows it has all or a sample; None was recorded while it had all of them.
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
    labelled: int | None = None

    @property
    def sampled(self) -> str | None:
        """How many rows of how many it has, in words; None where it has all."""
        rows = self.rows_train + self.rows_test
        if self.labelled is None or self.labelled == rows:
            return None
        return f"{rows:,} of {self.labelled:,} labelled rows, by a hash of their key"


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
    """What is known of a day whose features were removed; a regression has no classes."""

    event_day: date
    labelled: int
    classes: tuple[str, ...]


@dataclass(frozen=True)
class LabelArrivals:
    """First labels of served events that arrived on a day, by the day of the events.

    Attributes:
        labelled: events of `event_day` whose first label arrived on `day`.
        served: events that were predicted on `day`, predictions and labels its rows in these
            tables when it was counted; on the entry of its own day, which each has, else 0.
    """

    day: date
    event_day: date
    labelled: int
    served: int
    predictions: int
    labels: int


@dataclass(frozen=True)
class LandedFile:
    """Where the rows of a source came from that arrived on a day, unusable ones too.

    The origin is a file, None where the source has none; a file that is missing has no digest.
    """

    day: date
    source: str
    origin: str | None
    digest: str | None
    n: int

    @property
    def is_missing(self) -> bool:
        """Whether the file is still to come."""
        return self.origin is not None and self.digest is None


@dataclass(frozen=True)
class QuarantinedRow:
    """A row that is kept aside, as JSON; `row_day` is its own day, None where none can be read."""

    day: date
    source: str
    key: str | None
    reason: str
    row: str
    row_day: date | None


@dataclass(frozen=True)
class Received:
    """Rows of a source that are on record, and what the source held when it was last read.

    Attributes:
        day: the day that they landed or were quarantined with.
        row_day: the day that they are of; None where it cannot be read.
        late: how many of them landed although their day had run.
        digest: of all rows of `row_day` that the source held; of one of its entries only, as the
            next two.
        stamp: size and time of change of the file of `row_day`; empty where there was none to read,
            None where no file holds one day.
        gone: rows of `row_day` on record that the source no longer has.
        total: rows of the whole source; of the newest day only, as what follows.
        waiting: rows of days that have not run.
        note: what looks wrong about the source.
    """

    day: date
    source: str
    row_day: date | None
    rows: int
    digest: str | None = None
    stamp: str | None = None
    gone: int | None = None
    total: int | None = None
    waiting: int | None = None
    note: str | None = None
    late: int | None = None

    @property
    def is_own(self) -> bool:
        """Whether the rows are of the day that they landed with."""
        return self.day == self.row_day


@dataclass(frozen=True)
class QueuedMessage:
    """A message in its order, as text and as the JSON of an event, and what became of it.

    Who has received it, who is gone, the failed attempts, and the last failure.
    """

    number: int
    id: str
    kind: str
    day: date
    title: str
    body: str
    event: str
    sent: bool = False
    delivered: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    attempts: int = 0
    error: str | None = None
