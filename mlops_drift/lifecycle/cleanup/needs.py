"""Who needs days of tables beyond their limit, and how long a version may score."""

from collections.abc import Sequence
from datetime import date, timedelta

from mlops_drift.lifecycle.cleanup.things import Need
from mlops_drift.policy.retention import Lookback
from mlops_drift.store.records import Promotion

ONE_DAY = timedelta(days=1)


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
