"""Labels as data: whether they drift, and how many are still to come."""

from collections.abc import Sequence
from datetime import date

import pandas as pd
import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.drift.profile import Profile, add, profile_by
from mlops_drift.drift.reference import Reference
from mlops_drift.monitors.context import Coverage, LabelWindows
from mlops_drift.monitors.windows import trailing_windows
from mlops_drift.pipeline.performance import Outcomes
from mlops_drift.store.records import Promotion

# Ages in days over which the share without label is counted, beyond the declared delay.
OVERDUE_STEPS = (0, 7, 28)
OLDEST = 365


class LabelProfiles:
    """The labels of what one champion served, as they were known at the end of each day.

    Days are those that are judged. Windows of several days count every k-th lot of events.
    """

    def __init__(
        self, model: ModelContext, champion: Promotion, outcomes: Outcomes, days: Sequence[date]
    ) -> None:
        self._target, self._monitor = model.spec.target.column, model.spec.monitors.drift
        files = model.store.training_sets.read_reference(champion.training_set, champion.version)
        self._reference = Reference.from_files(files).select([self._target])
        frame, self._strides = outcomes.frame, outcomes.strides
        mine = frame[frame["version"] == champion.version]
        mine = mine[mine["day"] > champion.as_of.toordinal()]
        self._arrived = mine.groupby("label_day")["day"].max().to_dict()
        judged = [day.toordinal() for day in days]
        ends = {self._arrived[now] for now in judged if now in self._arrived}
        rows = {one: mine[mine["lot"] % one == 0] for one in {self._strides[end] for end in ends}}
        # Windows of one day count all of its events.
        rows.setdefault(1, mine[mine["day"].isin(ends)])
        self._profiles = {stride: self._profile(lots, judged) for stride, lots in rows.items()}

    def _profile(self, rows: pd.DataFrame, days: list[int]) -> dict[int, dict[int, Profile]]:
        """By production day, its labels as of each day that brought some of them."""
        if rows.empty:
            return {}
        states = []
        start = min(days) - 1
        for state in [start, *days]:
            arrived = rows["label_day"] <= start if state == start else rows["label_day"] == state
            labelled = rows["day"].isin(rows.loc[arrived, "day"])
            known = rows[(rows["label_day"] <= state) & labelled]
            known = known.drop_duplicates(["day", "key"], keep="last")
            states.append(known.assign(state=known["day"] * 10_000_000 + state))
        together = pd.concat(states)
        table = pa.table({"state": together["state"], self._target: together["label"]})
        profiles: dict[int, dict[int, Profile]] = {}
        for key, found in profile_by(self._reference, table, "state").items():
            day, state = divmod(int(key), 10_000_000)
            profiles.setdefault(day, {})[state] = found
        return profiles

    def windows(self, day: date) -> LabelWindows | None:
        """The windows that end on the last production day that got labels on a day."""
        now = day.toordinal()
        if now not in self._arrived:
            return None
        end = int(self._arrived[now])
        known = self._known(self._strides[end], now)
        whole = self._known(1, now)[end]
        spans = trailing_windows(self._monitor.windows, end, {*known, end})
        windows = {
            window: add(known[past] for past in span if past in known) if len(span) > 1 else whole
            for window, span in spans.items()
        }
        return LabelWindows(date.fromordinal(end), self._reference, windows)

    def _known(self, stride: int, now: int) -> dict[int, Profile]:
        """By production day, the labels of every k-th lot as they were known on a day."""
        return {
            past: states[max(found)]
            for past, states in self._profiles[stride].items()
            if (found := [state for state in states if state <= now])
        }


def count_labels(model: ModelContext, first: date, last: date) -> None:
    """Counts on which served predictions have a label by the end of each day, see `coverage`."""
    model.store.coverage.count_on(first, last, _oldest(model.spec))


def coverage(model: ModelContext, until: date) -> list[Coverage]:
    """The served predictions without a label by age, as counted last up to a day.

    The first age is up to the declared delay, in which no label is due; predictions older than a
    year, or than the retention, are left out.
    """
    delay, oldest = model.spec.target.label_delay_days, _oldest(model.spec)
    starts = [*([0] if delay else []), *(delay + step for step in OVERDUE_STEPS)]
    ends = [min(end, oldest) for end in (*(start - 1 for start in starts[1:]), oldest)]
    ages = [(start, end) for start, end in zip(starts, ends, strict=True) if start <= end]
    return model.store.coverage.by_age(until, ages)


def _oldest(spec: ModelSpec) -> int:
    return min(OLDEST, spec.retention.predictions_days or OLDEST)
