"""What of a model may be removed: a pure function from what is stored to what goes and what stays.

Nothing goes that an alias, a promotion, an open decision, a kept version or a day to come still
needs; a limit of the retention is a wish, the needs come first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from mlops_drift.lifecycle.cleanup.stored import (
    GROUPS,
    CleanupPlan,
    Group,
    Item,
    Kept,
    Stored,
    StoredRun,
    StoredSet,
    StoredVersion,
)
from mlops_drift.policy.retention import Lookback, Retention


@dataclass(frozen=True)
class _Cut:
    """The first day that stays, and why it is not a later one: a limit, or a need before it."""

    first: date
    why: str
    is_need: bool = True


def plan_cleanup(stored: Stored, retention: Retention, lookback: Lookback) -> CleanupPlan:
    """Plans what goes.

    Args:
        stored: what there is.
        retention: the limits.
        lookback: how far back the days to come look.
    """
    if stored.day is None:
        return CleanupPlan(None, stored.leftovers)
    cuts = _cuts(stored, stored.day, retention, lookback)
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


def _cuts(stored: Stored, day: date, retention: Retention, lookback: Lookback) -> dict[Group, _Cut]:
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
            "landing": [*_landing_needed(stored, lookback), *_measured(cuts.get("predictions"))],
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


def _landing_needed(stored: Stored, lookback: Lookback) -> list[_Cut]:
    if not stored.promotions or stored.last_labelled is None or lookback.window is None:
        return [_Cut(date.min, "no version serves yet, and the first may take every day")]
    window = stored.last_labelled - timedelta(days=lookback.window - 1)
    needs = [
        _Cut(window, f"a training may take the {lookback.window} days to the last labelled one")
    ]
    if stored.takes_since_change:
        champion = stored.promotions[-1][0]
        first = min(as_of for version, as_of in stored.promotions if version == champion)
        needs.append(_Cut(_after(first), f"a training may begin where version {champion} did"))
    needs += [
        _Cut(one.since or date.min, f"decision {one.id} is under way")
        for one in stored.decisions
        if one.open == "is under way"
    ]
    return [_Cut(_before(need.first, lookback.history), need.why) for need in needs]


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
