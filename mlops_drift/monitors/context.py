"""What the checks of some days share, read once for all of them: an interface of the domain."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import nan
from typing import TYPE_CHECKING, Literal, Protocol

from mlops_drift.learning.config import Training
from mlops_drift.learning.metrics.base import Array
from mlops_drift.monitors.config import MonitorSections
from mlops_drift.schema.columns import Column, Target

if TYPE_CHECKING:
    import pandas as pd

    from mlops_drift.drift.profile import Profile
    from mlops_drift.drift.reference import Reference
    from mlops_drift.monitors.baseline import Baseline
    from mlops_drift.monitors.drift import DriftDay
    from mlops_drift.monitors.pictures import Period, Point
    from mlops_drift.monitors.serving_skew import SkewDay

SourceName = Literal["events", "labels", "predictions"]
EVENTS: SourceName = "events"
LABELS: SourceName = "labels"
PREDICTIONS: SourceName = "predictions"
TEST_SPLIT = "test split"
REFERENCE = "reference"


class MonitoredModel(Protocol):
    """What checks need to know of the description of a model."""

    @property
    def name(self) -> str: ...
    @property
    def start_date(self) -> date: ...
    @property
    def columns(self) -> Mapping[str, Column]: ...
    @property
    def target(self) -> Target: ...
    @property
    def training(self) -> Training: ...
    @property
    def monitors(self) -> MonitorSections: ...


class Champion(Protocol):
    """A version that serves since the day after it was promoted."""

    @property
    def version(self) -> int: ...
    @property
    def as_of(self) -> date: ...


@dataclass(frozen=True)
class LabelledRows:
    """Predictions of one version with the last label known for each, ordered by day.

    Attributes:
        touched: the production days that a label of the as-of day is about, as ordinals.
        columns: `day` (ordinals), `label`, `prediction`, `score`, `lot`, and each slice column
            under its own name with `slice ` before it; arrays of shape (n,).
        strides: by touched day k: windows of several days that end on it count every k-th lot.
    """

    version: int
    touched: Sequence[int]
    columns: Mapping[str, Array]
    strides: Mapping[int, int]


@dataclass(frozen=True)
class PredictedRows:
    """What the champion predicted up to a day, as it was known at its end, ordered by day.

    Attributes:
        end: the newest production day that predictions came for on the day, as an ordinal; the day
            itself where none came. Windows end on it.
        days: production days as ordinals, (n,).
        lots: as in `LabelledRows`, (n,).
        rows: `prediction`, `score`, and the features where a regression is estimated.
        stride: as in `LabelledRows`.
    """

    end: int
    days: Array
    lots: Array
    rows: "pd.DataFrame"
    stride: int


@dataclass(frozen=True)
class Errors:
    """The errors of the champion, each with its production day, as their labels arrived.

    0 and 1 for classes, absolute errors for numbers; shape (n,).
    """

    days: Sequence[date]
    errors: Array


@dataclass(frozen=True)
class LabelWindows:
    """The labels of what the champion served, as known at the end of a day.

    With the last production day that got labels, the labels that the champion was trained on, and
    profiles by length of the window.
    """

    end: date
    reference: "Reference"
    windows: Mapping[int, "Profile"]


@dataclass(frozen=True)
class LandedDay:
    """The rows of a source that arrived on a day.

    Attributes:
        accepted: rows that can be used.
        unusable: quarantined rows, and labels without an event, by reason.
        note: what else is remarkable about them.
        lacking: names earlier days without a file, where that may explain it; begins with `; `.
        missing_file: the file that should be there; empty if it is.
        absent: columns that the source lacks, each with what that leads to.
    """

    source: SourceName
    accepted: int = 0
    unusable: Mapping[str, int] = field(default_factory=dict)
    note: str = ""
    lacking: str = ""
    missing_file: str = ""
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """All rows, unusable ones too."""
        return self.accepted + sum(self.unusable.values())


# Rows by the reason why rules answered them; None is that of rows that a version answered.
Answers = Mapping[str | None, int]


@dataclass(frozen=True)
class Coverage:
    """Predictions of some ages in days, and how many of them have no label yet."""

    day: date
    age_from: int
    age_until: int
    predictions: int
    unlabelled: int

    @property
    def share(self) -> float:
        """Share without label."""
        return self.unlabelled / self.predictions if self.predictions else nan


class MonitorContext(ABC):
    """A model over some days, ascending, as the checks see it. All is read lazily, and once.

    Every method that takes a day answers as of the end of that day.
    """

    def __init__(self, spec: MonitoredModel, days: Sequence[date]) -> None:
        self.spec, self.days = spec, days

    @abstractmethod
    def champion(self, day: date) -> Champion | None:
        """Who serves a day; None before the first promotion."""

    def version(self, day: date) -> int:
        """The version that serves a day; 0 before the first promotion."""
        champion = self.champion(day)
        return champion.version if champion else 0

    def since_when(self, day: date) -> str:
        """What the age of the version that serves counts from, in words."""
        return f"trained as of {self.trained(day)}"

    def unserved(self, day: date) -> str:
        """Why nobody serves a day."""
        return "no champion serves yet"

    @property
    def compared_with(self) -> str:
        """The rows that a version's performance is compared with, in words."""
        return TEST_SPLIT

    @abstractmethod
    def baseline(self, version: int) -> "Baseline":
        """What a version reached on its test split."""

    @abstractmethod
    def drift(self, day: date) -> "DriftDay":
        """The drift of a day's windows against the champion's reference."""

    @abstractmethod
    def labelled(self, day: date) -> Sequence[LabelledRows]:
        """By version, the labelled predictions that labels of a day say something about."""

    @abstractmethod
    def predicted(self, day: date) -> PredictedRows:
        """What the champion predicted in its longest window that ends on a day."""

    @abstractmethod
    def errors(self, day: date) -> Errors:
        """The sequence of the champion's errors."""

    @abstractmethod
    def label_windows(self, day: date) -> LabelWindows | None:
        """The labels of what the champion served; None where no label arrived on the day."""

    @abstractmethod
    def trained(self, day: date) -> date:
        """The day as of which the champion was trained."""

    @abstractmethod
    def retrained(self, day: date) -> date:
        """The day as of which the champion was last shown to be as good as a new version.

        That is the day as of which it was trained, or a challenger that was rejected in its place,
        or the version that was taken back for it; the last of these.
        """

    @abstractmethod
    def landed(self, day: date) -> Sequence[LandedDay]:
        """What landed on a day in this run, by source."""

    @abstractmethod
    def event_counts(self, since: date, until: date) -> Mapping[date, int]:
        """Events of each day that has a file, 0 for a file without rows."""

    @abstractmethod
    def newest(self, source: SourceName, day: date) -> date | None:
        """The last day up to a day that has rows of a source; None without any."""

    @abstractmethod
    def days_without_events(self, since: date, until: date) -> Sequence[date]:
        """The days between two days, both left out, that had no file of events."""

    @abstractmethod
    def skew(self, day: date) -> "SkewDay | None":
        """What a service has answered on a day and the batch path; None on a day without one."""

    @abstractmethod
    def answers(self, since: date, until: date, version: int) -> Mapping[date, Answers]:
        """What a service has answered on each day by a version, or by rules without any."""

    @abstractmethod
    def tested_answers(self, version: int) -> Answers | None:
        """What the rules would have answered of a version's test split; None if it is gone."""

    @abstractmethod
    def history(self) -> Sequence["Point"]:
        """Realized and estimated values by production day and version, up to the last day."""

    @abstractmethod
    def periods(self) -> Sequence["Period"]:
        """Which versions served since when, up to the last day, in their order."""

    @abstractmethod
    def label_coverage(self) -> Sequence[Coverage]:
        """How many predictions of which age have no label at the end of the last day."""
