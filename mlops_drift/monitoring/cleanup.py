"""What of a model may be removed: a pure function from what is stored to what goes and what stays.

Nothing goes that an alias, a promotion, an open decision, a kept version or a day to come still
needs; a limit of the retention is a wish, the needs come first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from mlops_drift.monitoring.retention import Reach, Retention

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


@dataclass(frozen=True)
class _Cut:
    """The first day that stays, and why it is not a later one: a limit, or a need before it."""

    first: date
    why: str
    is_need: bool = True


def plan_cleanup(stored: Stored, retention: Retention, reach: Reach) -> CleanupPlan:
    """Plans what goes.

    Args:
        stored: what there is.
        retention: the limits.
        reach: how far back the days to come look.
    """
    if stored.day is None:
        return CleanupPlan(None, stored.leftovers)
    cuts = _cuts(stored, stored.day, retention, reach)
    items, kept = _days(stored, cuts)
    reasons = _reasons(stored, stored.day, retention, cuts.get("predictions"))
    going = [one for one in stored.versions if not reasons.get(one.number)]
    items += [_version(one) for one in going]
    kept += [
        Kept("version", str(number), "; ".join(why))
        for number, why in reasons.items()
        if why and retention.versions is not None
    ]
    gone = stored.removed | {one.number for one in going}
    for found in (
        [_set(one, stored, stored.day, retention, gone) for one in stored.sets],
        [_run(one, stored, retention) for one in stored.runs],
    ):
        items += [one for one in found if isinstance(one, Item)]
        kept += [one for one in found if isinstance(one, Kept)]
    return CleanupPlan(stored.day, [*items, *stored.leftovers], kept)


def _cuts(stored: Stored, day: date, retention: Retention, reach: Reach) -> dict[Group, _Cut]:
    """The first day that stays, of the groups that a limit is set for and that may lose days."""
    limits = {
        "metrics": retention.metrics_days,
        "predictions": retention.predictions_days,
        "landing": retention.landing_days,
    }
    cuts: dict[Group, _Cut] = {}
    for group in GROUPS:
        limit = limits[group]
        if limit is None:
            continue
        wish = _Cut(day - timedelta(days=limit), f"retention.{group}_days is {limit}", False)
        needs = {
            "metrics": _metrics_needed(stored),
            "predictions": _predictions_needed(stored),
            "landing": [*_landing_needed(stored, reach), *_measured(cuts.get("predictions"))],
        }[group]
        cuts[group] = min([wish, *needs], key=lambda cut: cut.first)
    return cuts


def _measured(predictions: _Cut | None) -> list[_Cut]:
    """Predictions are measured by the labels and features of their days."""
    return [] if predictions is None else [_Cut(predictions.first, "predictions are kept")]


def _metrics_needed(stored: Stored) -> list[_Cut]:
    if len(stored.promotions) < 2:
        return [_Cut(date.min, "the first champion, or none, serves: all its numbers are evidence")]
    version, as_of = stored.promotions[-2]
    return [
        _Cut(_after(as_of), f"decisions and messages rest on all since version {version} served")
    ]


def _predictions_needed(stored: Stored) -> list[_Cut]:
    if not stored.reads_all_errors:
        return []
    return [
        _Cut(one.served[0], f"error_drift reads every prediction of version {one.number}")
        for one in stored.versions
        if one.served and one.number in stored.pointers
    ]


def _landing_needed(stored: Stored, reach: Reach) -> list[_Cut]:
    if not stored.promotions or stored.last_labelled is None or reach.window is None:
        return [_Cut(date.min, "no version serves yet, and the first may take every day")]
    window = stored.last_labelled - timedelta(days=reach.window - 1)
    needs = [_Cut(window, f"a training may take the {reach.window} days to the last labelled one")]
    if stored.takes_since_change:
        champion = stored.promotions[-1][0]
        first = min(as_of for version, as_of in stored.promotions if version == champion)
        needs.append(_Cut(_after(first), f"a training may begin where version {champion} did"))
    needs += [
        _Cut(one.since or date.min, f"decision {one.id} is under way")
        for one in stored.decisions
        if one.open == "is under way"
    ]
    return [_Cut(_before(need.first, reach.history), need.why) for need in needs]


def _after(day: date) -> date:
    return day + timedelta(days=1)


def _before(day: date, days: int) -> date:
    return day - timedelta(days=days) if day > date.min else day


def _days(stored: Stored, cuts: Mapping[Group, _Cut]) -> tuple[list[Item], list[Kept]]:
    items: list[Item] = []
    kept: dict[str, Kept] = {}
    for table in sorted(stored.days, key=lambda one: GROUPS.index(one.group)):
        cut = cuts.get(table.group)
        if cut is None:
            continue
        if table.outlives:
            cut = _of_events(stored, cut)
        going = {day: size for day, size in table.sizes.items() if day < cut.first}
        if going:
            items.append(
                Item(
                    "days",
                    table.table,
                    sum(going.values()),
                    f"{len(going)} days before {cut.first}: {cut.why}",
                    (table.table,),
                    cut.first,
                )
            )
        if cut.is_need:
            name = table.table if table.outlives else table.group
            reason = f"from {_shown(cut.first)} on: {cut.why}"
            kept[name] = Kept("days", name, reason)
    return items, list(kept.values())


def _of_events(stored: Stored, cut: _Cut) -> _Cut:
    """The cut of events, which outlive their features as long as a label of theirs is kept.

    Without its event, a label would count as one that no event has.
    """
    needed = [event for day, event in stored.events_of_labels.items() if day >= cut.first]
    first = min([cut.first, *needed])
    return cut if first == cut.first else _Cut(first, f"labels of {first} are kept")


def _shown(day: date) -> str:
    return "the beginning" if day == date.min else str(day)


def _reasons(
    stored: Stored, day: date, retention: Retention, predictions: _Cut | None
) -> dict[int, list[str]]:
    """Why each version stays; empty where it goes."""
    newest = sorted((one.number for one in stored.versions if one.listed), reverse=True)
    newest = newest[: retention.versions or 0]
    reasons: dict[int, list[str]] = {}
    for one in stored.versions:
        number, why = one.number, []
        if number in stored.pointers:
            why.append(stored.pointers[number])
        why += [
            f"decision {decision.id} {decision.open}"
            for decision in stored.decisions
            if decision.open and number in decision.versions
        ]
        if one.removed is None:
            if retention.versions is None:
                why.append("retention.versions is not set")
            if number in newest:
                why.append(f"one of the {retention.versions} newest")
            if one.active:
                why.append("the run that trained it is under way")
            last = _served_until(one, stored, day)
            if last and (predictions is None or last >= predictions.first):
                why.append(f"its predictions up to {last} are kept")
            why += _young(one, stored, day, retention)
        reasons[number] = why
    return reasons


def _served_until(one: StoredVersion, stored: Stored, day: date) -> date | None:
    """The last day that a version served, also if nothing of that day is stored yet."""
    until = [*(as_of for _, as_of in stored.promotions[1:]), day]
    # Without any promotion nobody served at all.
    spans = zip(stored.promotions, until, strict=False)
    days = [last for (number, _), last in spans if number == one.number]
    return max([*days, *(one.served or ())], default=None)


def _young(one: StoredVersion, stored: Stored, day: date, retention: Retention) -> list[str]:
    limit = retention.training_sets_days
    if limit is None:
        return []
    decided = [decision.day for decision in stored.decisions if one.number in decision.versions]
    last = max([one.as_of, *decided])
    if last < day - timedelta(days=limit):
        return []
    what = "trained" if last == one.as_of else "decided about"
    return [f"{what} on {last}: retention.training_sets_days is {limit}"]


def _version(one: StoredVersion) -> Item:
    reason = f"trained as of {one.as_of}, and nothing points to it any more"
    if one.removed:
        reason = f"its removal on {one.removed} was cut short"
    return Item("version", str(one.number), one.size, reason, one.paths, run=one.run)


def _set(
    one: StoredSet, stored: Stored, day: date, retention: Retention, gone: frozenset[int]
) -> Item | Kept | None:
    def kept(reason: str) -> Kept:
        return Kept("training set", one.id, reason)

    if one.versions:
        if retention.versions is None or not one.versions <= gone:
            return None
        reason = f"no version trained on it is kept ({_numbers(one.versions)} are not)"
    else:
        limit = retention.training_sets_days
        if limit is None or one.last_event >= day - timedelta(days=limit):
            return None
        reason = f"no version came of it, and its last event is of {one.last_event}"
    under_way = [item.id for item in stored.decisions if item.open == "is under way"]
    if under_way:
        return kept(f"decision {under_way[0]} is under way")
    if one.in_use:
        return kept("written or verified within a day: a training may be about to take it")
    return Item("training set", one.id, one.size, reason, (one.path,))


def _numbers(versions: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(versions)))


def _run(one: StoredRun, stored: Stored, retention: Retention) -> Item | Kept | None:
    """A run goes with the versions that were trained when it was."""
    newest = sorted(stored.training_starts, reverse=True)[: retention.versions or 0]
    if retention.versions is None or len(newest) < retention.versions:
        return None
    oldest = min(stored.training_starts[number] for number in newest)
    if one.started >= oldest:
        return None
    if one.active:
        return Kept("training run", one.id, "it is under way")
    reason = f"no version came of it, and it is older than the {retention.versions} newest"
    return Item("training run", one.id, one.size, reason, one.paths, run=one.id)
