"""What of a model is stored, what points to it, and what a cleanup says of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Kind = Literal["days", "version", "training set", "training run", "leftover", "old files"]
Group = Literal["landing", "predictions", "metrics"]

# Tables that lose their days together, in the order in which they do: what is derived goes first.
GROUPS: tuple[Group, ...] = ("metrics", "predictions", "landing")


@dataclass(frozen=True)
class Item:
    """Something that goes.

    Attributes:
        name: the table, the number of the version, the id of the training set or of the run.
        size: in bytes.
        paths: files and folders; of `days` and `old files` the table's own.
        before: the first day that stays, of `days`.
        run: the MLflow run that goes with it.
    """

    kind: Kind
    name: str
    size: int
    reason: str
    paths: tuple[str, ...] = ()
    before: date | None = None
    run: str | None = None


@dataclass(frozen=True)
class Kept:
    """Something that would go by its age or number alone, and stays."""

    kind: Kind
    name: str
    reason: str


@dataclass(frozen=True)
class CleanupPlan:
    """What goes and what stays, as of a day.

    Attributes:
        day: the model's last day with features, which age is counted from.
    """

    day: date | None
    items: Sequence[Item] = ()
    kept: Sequence[Kept] = ()

    @property
    def size(self) -> int:
        """Bytes of all that goes."""
        return sum(item.size for item in self.items)


@dataclass(frozen=True)
class StoredVersion:
    """A version of which something is stored.

    Attributes:
        run: the MLflow run that trained it.
        listed: whether the registry lists it.
        removed: the day on record as that of its removal: what is left of it goes.
        active: whether its run is under way, so that it may be on its way to promotion.
        served: the first and the last day of its stored predictions.
        paths: what it was born with, its model, the files of its run.
    """

    number: int
    as_of: date
    training_set: str
    run: str
    listed: bool = True
    removed: date | None = None
    active: bool = False
    served: tuple[date, date] | None = None
    paths: tuple[str, ...] = ()
    size: int = 0


@dataclass(frozen=True)
class StoredSet:
    """A training set.

    Attributes:
        last_event: day of its last event.
        versions: all that were ever trained on it.
        in_use: whether it was written or verified so recently that a training may be about to
            take it.
    """

    id: str
    last_event: date
    versions: frozenset[int] = frozenset()
    in_use: bool = False
    path: str = ""
    size: int = 0


@dataclass(frozen=True)
class StoredRun:
    """An MLflow run that no version came of.

    Attributes:
        active: whether it is under way.
        started: when; only the order matters.
    """

    id: str
    started: int
    active: bool = False
    paths: tuple[str, ...] = ()
    size: int = 0


@dataclass(frozen=True)
class StoredDays:
    """The days of a table, with the bytes of each."""

    table: str
    group: Group
    sizes: Mapping[date, int]
    outlives: bool = False


@dataclass(frozen=True)
class Pointing:
    """A decision and the versions that it is about.

    Attributes:
        open: how it is open, `waits` or `is under way`; empty once it is settled.
        since: first event day that its training may take; None where that is every day.
    """

    id: str
    day: date
    versions: frozenset[int]
    open: Literal["", "waits", "is under way"] = ""
    since: date | None = None


@dataclass(frozen=True)
class Stored:
    """All that is known of a model's data.

    Attributes:
        day: the last day with features.
        promotions: version and day of each, in their order.
        pointers: versions that an alias or the last promotion points to, with the reason.
        removed: versions on record as removed.
        last_labelled: the last event day with a label.
        events_of_labels: by day of arrival, the earliest event that one of its labels is about.
        training_starts: version and start of the run of each listed version.
        reads_all_errors: whether a monitor reads every prediction of the champion.
        takes_since_change: whether a training may begin on any day that the champion served.
        leftovers: what a killed process left; goes in any case.
    """

    day: date | None
    promotions: Sequence[tuple[int, date]] = ()
    pointers: Mapping[int, str] = field(default_factory=dict)
    decisions: Sequence[Pointing] = ()
    versions: Sequence[StoredVersion] = ()
    sets: Sequence[StoredSet] = ()
    runs: Sequence[StoredRun] = ()
    training_starts: Mapping[int, int] = field(default_factory=dict)
    days: Sequence[StoredDays] = ()
    removed: frozenset[int] = frozenset()
    last_labelled: date | None = None
    events_of_labels: Mapping[date, date] = field(default_factory=dict)
    reads_all_errors: bool = False
    takes_since_change: bool = False
    leftovers: Sequence[Item] = ()
