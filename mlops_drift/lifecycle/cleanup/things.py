"""What a cleanup may remove: one list of things, each with its size, its age and who needs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Kind = Literal["days", "version", "training set", "training run", "report", "leftover", "old files"]
Group = Literal["metrics", "predictions", "landing"]


@dataclass(frozen=True)
class Thing:
    """Something stored.

    Attributes:
        name: the table, the number of a version, the id of a training set or of an MLflow run.
        size: in bytes.
        reason: why it can go; given for what goes whatever the limits, else set by its rule.
        needed_by: who needs it, however old it is; it goes only if nobody does.
        run: the MLflow run that goes with it.
        before: of `days`, the first day that stays.
        used: the day that its age counts from: trained, decided about, the last event, its own.
        started: when the run that trained it started; only the order matters.
        scored: the last day that a version scored.
        versions: all that were ever trained on a training set.
        commits: of `old files`, the commits of the table that stay readable.
    """

    kind: Kind
    name: str
    size: int = 0
    reason: str = ""
    needed_by: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    run: str | None = None
    before: date | None = None
    used: date = date.min
    started: int = 0
    scored: date | None = None
    versions: frozenset[int] = frozenset()
    commits: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Days:
    """The bytes of each day of a table; events outlive their group while a label needs them."""

    table: str
    group: Group
    sizes: Mapping[date, int]
    are_events: bool = False


@dataclass(frozen=True)
class Need:
    """The first day that is needed, and who needs it."""

    first: date
    by: str


@dataclass(frozen=True)
class Stored:
    """What a model has stored.

    Attributes:
        day: the last day with features, which ages count back from.
        things: all but the days of tables.
        needs: by group, who needs days of it beyond their limit.
        removed: versions on record as removed.
        events_of_labels: by day of arrival, the earliest event that one of its labels is about.
    """

    day: date | None
    things: Sequence[Thing] = ()
    days: Sequence[Days] = ()
    needs: Mapping[Group, Sequence[Need]] = field(default_factory=dict)
    removed: frozenset[int] = frozenset()
    events_of_labels: Mapping[date, date] = field(default_factory=dict)

    def of(self, kind: Kind) -> list[Thing]:
        """The things of a kind."""
        return [thing for thing in self.things if thing.kind == kind]


@dataclass(frozen=True)
class CleanupPlan:
    """What goes, and what is beyond its limit and stays because somebody needs it, as of a day."""

    day: date | None
    items: Sequence[Thing] = ()
    kept: Sequence[Thing] = ()

    @property
    def size(self) -> int:
        """Bytes of all that goes."""
        return sum(item.size for item in self.items)

    @property
    def going(self) -> list[dict[str, str | int]]:
        """What goes, for people."""
        names = ("kind", "name", "size", "reason")
        return [{name: getattr(one, name) for name in names} for one in self.items]

    @property
    def staying(self) -> list[dict[str, str | int]]:
        """What stays although it is beyond its limit, for people."""
        return [
            {"kind": one.kind, "name": one.name, "reason": "; ".join(one.needed_by)}
            for one in self.kept
        ]
