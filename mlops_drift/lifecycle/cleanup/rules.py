"""One rule for each kind of thing: whether it is beyond its limit, and who needs it still."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from mlops_drift.lifecycle.cleanup.things import CleanupPlan, Group, Need, Stored, Thing
from mlops_drift.policy.retention import Lookback, Retention
from mlops_drift.store.records import Promotion

ONE_DAY = timedelta(days=1)


def plan_cleanup(stored: Stored, retention: Retention) -> CleanupPlan:
    """Decides what goes: a pure function of what is stored and of the limits.

    A limit is a wish: what an alias, a promotion, an open decision, a kept version or a day to come
    needs stays, however old it is.
    """
    leftovers = [*stored.of("leftover"), *stored.of("old files")]
    if stored.day is None:
        return CleanupPlan(None, leftovers)
    firsts = _first_days(stored, stored.day, retention)
    versions = list(_versions(stored, stored.day, retention, firsts.get("predictions")))
    gone = stored.removed | {int(one.name) for one in versions if not one.needed_by}
    found = [
        *versions,
        *_training_sets(stored, stored.day, retention, gone),
        *_training_runs(stored, retention),
        *_reports(stored, stored.day, retention),
        *leftovers,
    ]
    return CleanupPlan(
        stored.day,
        [*_days(stored, firsts), *(one for one in found if not one.needed_by)],
        [*_kept_days(firsts), *(one for one in found if one.needed_by)],
    )


def _first_days(stored: Stored, day: date, retention: Retention) -> dict[Group, Need]:
    """The first day that stays, of each group with a limit."""
    limits: dict[Group, int | None] = {
        "metrics": retention.metrics_days,
        "predictions": retention.predictions_days,
        "landing": retention.landing_days,
    }
    firsts: dict[Group, Need] = {}
    for group, limit in limits.items():
        if limit is not None:
            wish = Need(day - timedelta(days=limit), f"retention.{group}_days is {limit}")
            needs = [wish, *stored.needs.get(group, ())]
            if group == "landing" and "predictions" in firsts:
                # Labels and features of their days measure predictions.
                needs.append(Need(firsts["predictions"].first, "predictions are kept"))
            firsts[group] = min(needs, key=lambda need: need.first)
    return firsts


def _days(stored: Stored, firsts: Mapping[Group, Need]) -> Iterator[Thing]:
    # What is derived goes first: a kill leaves nothing without what it was made of.
    for group, need in firsts.items():
        for table in (one for one in stored.days if one.group == group):
            first = need.first
            if table.are_events:
                # Without its event, a label would count as a label without an event.
                labels = stored.events_of_labels.items()
                first = min([first, *(event for day, event in labels if day >= first)])
            sizes = [size for day, size in table.sizes.items() if day < first]
            reason = f"{len(sizes)} days before {first}: {need.by}"
            if sizes:
                yield Thing("days", table.table, sum(sizes), reason, before=first)


def _kept_days(firsts: Mapping[Group, Need]) -> Iterator[Thing]:
    for group, need in firsts.items():
        if not need.by.startswith("retention."):
            since = "the beginning" if need.first == date.min else str(need.first)
            yield Thing("days", group, needed_by=(f"from {since} on: {need.by}",))


def _versions(
    stored: Stored, day: date, retention: Retention, predictions: Need | None
) -> Iterator[Thing]:
    limit, young = retention.versions, retention.training_sets_days
    newest = _newest(stored, limit or 0)
    for one in stored.of("version"):
        if one.reason:
            yield one
        elif limit is not None:
            needed = list(one.needed_by)
            if one in newest:
                needed.append(f"one of the {limit} newest")
            if one.scored and (predictions is None or one.scored >= predictions.first):
                needed.append(f"its predictions up to {one.scored} are kept")
            if young is not None and one.used >= day - timedelta(days=young):
                needed.append(f"used on {one.used}: retention.training_sets_days is {young}")
            reason = f"not trained or decided about since {one.used}, and nothing needs it"
            yield replace(one, reason=reason, needed_by=tuple(needed))


def _newest(stored: Stored, limit: int) -> list[Thing]:
    kept = [one for one in stored.of("version") if not one.reason]
    return sorted(kept, key=lambda one: int(one.name), reverse=True)[:limit]


def _training_sets(
    stored: Stored, day: date, retention: Retention, gone: Collection[int]
) -> Iterator[Thing]:
    limit = retention.training_sets_days
    for one in stored.of("training set"):
        if one.versions and retention.versions is not None and one.versions <= set(gone):
            numbers = ", ".join(map(str, sorted(one.versions)))
            yield replace(one, reason=f"its versions are removed: {numbers}")
        elif not one.versions and limit is not None and one.used < day - timedelta(days=limit):
            yield replace(one, reason=f"it has no version, and its last event is of {one.used}")


def _training_runs(stored: Stored, retention: Retention) -> Iterator[Thing]:
    """A run without a version goes with the versions that were trained when it was."""
    limit = retention.versions
    starts = [one.started for one in _newest(stored, limit or 0) if one.started]
    if limit is not None and len(starts) == limit:
        for one in stored.of("training run"):
            if one.started < min(starts):
                reason = f"it has no version, and is older than the {limit} newest versions"
                yield replace(one, reason=reason)


def _reports(stored: Stored, day: date, retention: Retention) -> Iterator[Thing]:
    """A page of a day goes with the numbers that it shows."""
    limit = retention.metrics_days
    for one in stored.of("report"):
        if limit is not None and one.used < day - timedelta(days=limit):
            yield replace(one, reason=f"retention.metrics_days is {limit}")


def metrics_needs(promotions: Sequence[Promotion]) -> list[Need]:
    """Decisions and messages read all since the champion before the last one served."""
    if len(promotions) < 2:
        return [Need(date.min, "no champion was replaced yet: all its numbers are evidence")]
    before = promotions[-2]
    return [Need(before.as_of + ONE_DAY, f"evidence since version {before.version} served")]


def landing_needs(
    promotions: Sequence[Promotion],
    lookback: Lookback,
    last_labelled: date | None,
    under_way: Sequence[Need],
    since_change: bool,
) -> list[Need]:
    """What a training may read, with the history of its first day.

    A decision under way needs what its training may take; with `since_change`, a training may begin
    on any day that the champion served.
    """
    if not promotions or last_labelled is None or lookback.window is None:
        return [Need(date.min, "no version serves yet, and the first may be trained on every day")]
    window = last_labelled - timedelta(days=lookback.window - 1)
    needs = [Need(window, f"a training takes the {lookback.window} days to the last labelled one")]
    if since_change:
        champion = promotions[-1].version
        first = min(item.as_of for item in promotions if item.version == champion)
        needs.append(Need(first + ONE_DAY, f"a training may begin where version {champion} did"))
    history = timedelta(days=lookback.history)
    return [
        Need(need.first if need.first == date.min else need.first - history, need.by)
        for need in [*needs, *under_way]
    ]


def last_scored(version: int, promotions: Sequence[Promotion], day: date) -> date | None:
    """The last day up to `day` that a version serves, also if nothing of it is stored yet."""
    ends = [*(item.as_of for item in promotions[1:]), day]
    spans = zip(promotions, ends, strict=False)
    return max((last for item, last in spans if item.version == version), default=None)
