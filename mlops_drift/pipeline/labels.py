"""Labels as data: whether they drift, and how many are still to come."""

from collections.abc import Mapping
from datetime import date, timedelta

import pandas as pd
import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.drift.profile import Profile, add, profile_by
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.verdict import METRIC_NAMES, ColumnVerdict, judge
from mlops_drift.monitors.checks import LABEL_DRIFT
from mlops_drift.monitors.performance import PerformanceVerdict
from mlops_drift.schema.days import ranges
from mlops_drift.store.lake import Scan
from mlops_drift.store.records import Coverage, Promotion

# Ages in days over which the share without label is counted, beyond the declared delay.
OVERDUE_STEPS = (0, 7, 28)
OLDEST = 365


class LabelDrift:
    """The labels of what each champion served, against the labels it was trained on.

    Args:
        model: the model.
        champions: who serves each of the days.
        outcomes: labelled predictions with `day`, `version`, `key`, `label` and `label_day`, days
            as ordinals; a corrected label has a row for each arrival.
    """

    def __init__(
        self,
        model: ModelContext,
        champions: Mapping[date, Promotion | None],
        outcomes: pd.DataFrame,
    ) -> None:
        self._spec, self._outcomes = model.spec, outcomes
        served = {item.number: item for item in champions.values() if item}
        self._served = {
            number: _Labels(model, champion, outcomes, list(champions))
            for number, champion in served.items()
        }

    def judge(self, day: date, champion: Promotion) -> list[PerformanceVerdict]:
        """Judges the windows that end on the last production day that got labels on a day."""
        return self._served[champion.number].judge(day)


class _Labels:
    def __init__(
        self,
        model: ModelContext,
        champion: Promotion,
        outcomes: pd.DataFrame,
        days: list[date],
    ) -> None:
        self._spec, self._champion = model.spec, champion
        files = model.store.training_sets.read_reference(champion.training_set, champion.version)
        self._reference = Reference.from_files(files).select([model.spec.target.column])
        mine = outcomes[outcomes["version"] == champion.version]
        mine = mine[mine["day"] > champion.as_of.toordinal()]
        self._arrived = mine.groupby("label_day")["day"].max().to_dict()
        self._profiles = self._profile(mine, [day.toordinal() for day in days])

    def _profile(self, rows: pd.DataFrame, days: list[int]) -> dict[int, dict[int, Profile]]:
        """By production day: its labels as known at the end of each day that told more of them."""
        if rows.empty:
            return {}
        states = []
        start = min(days) - 1
        for state in [start, *days]:
            told = rows.loc[rows["label_day"] == state, "day"].unique()
            if state == start:
                told = rows.loc[rows["label_day"] <= start, "day"].unique()
            known = rows[(rows["label_day"] <= state) & rows["day"].isin(told)]
            known = known.drop_duplicates(["day", "key"], keep="last")
            states.append(known.assign(state=known["day"] * 10_000_000 + state))
        together = pd.concat(states)
        table = pa.table({"state": together["state"], self._spec.target.column: together["label"]})
        profiles: dict[int, dict[int, Profile]] = {}
        for key, found in profile_by(self._reference, table, "state").items():
            day, state = divmod(int(key), 10_000_000)
            profiles.setdefault(day, {})[state] = found
        return profiles

    def judge(self, day: date) -> list[PerformanceVerdict]:
        now = day.toordinal()
        if now not in self._arrived:
            return []
        end = int(self._arrived[now])
        windows: dict[int, Profile] = {}
        available = 0
        for window in self._spec.monitors.drift.windows:
            span = [
                states[max(known)]
                for past in range(end - window + 1, end + 1)
                if (states := self._profiles.get(past))
                and (known := [state for state in states if state <= now])
            ]
            if len(span) > available:
                windows[window] = add(span)
                available = len(span)
        verdicts = judge(self._reference, windows, self._spec.monitors.drift)
        return [
            self._verdict(item, date.fromordinal(end)) for item in verdicts if item.rule == "drift"
        ]

    def _verdict(self, item: ColumnVerdict, production_day: date) -> PerformanceVerdict:
        name = METRIC_NAMES.get(item.metric, item.metric)  # type: ignore[call-overload]
        span = "on" if item.window == 1 else f"over the {item.window} days to"
        return PerformanceVerdict(
            check=LABEL_DRIFT,
            production_day=production_day,
            window=item.window,
            version=self._champion.version,
            metric=f"{name} of {item.column}",
            value=item.value,
            n=item.measures.n,
            threshold=item.threshold,
            p=item.p,
            q=item.q,
            verdict=item.verdict,
            reason=f"labels {span} {production_day}: {item.reason}",
        )


def measure_label_coverage(model: ModelContext, first: date, last: date) -> list[Coverage]:
    """Counts, for each day, the served predictions without a label by their age, and stores it.

    The first age is up to the declared delay, in which no label is due; predictions older than a
    year, or than the retention, are left out. Later days that were counted are counted again
    where all predictions are kept.

    Returns:
        The ages of the last day.
    """
    store = model.store
    delay = model.spec.target.label_delay_days
    starts = [*([0] if delay else []), *(delay + step for step in OVERDUE_STEPS)]
    oldest = min(OLDEST, model.spec.retention.predictions_days or OLDEST)
    ends = [min(end, oldest) for end in (*(start - 1 for start in starts[1:]), oldest)]
    ages = [(start, end) for start, end in zip(starts, ends, strict=True) if start <= end]
    table = store.tables.label_coverage
    rows = store.predictions.label_coverage(first, last, ages)
    store.lake.replace_days(table, first, last, pa.Table.from_pylist(rows, schema=table.schema))
    if model.spec.retention.predictions_days is None:
        # Where these days ran late, or again, those after them have counted without their labels.
        after = Scan(table, last + timedelta(days=1), last + timedelta(days=oldest))
        counted = [row["day"] for row in store.lake.rows("SELECT DISTINCT day FROM c", c=after)]
        for since, end in ranges(counted):
            later = pa.Table.from_pylist(
                store.predictions.label_coverage(since, end, ages), schema=table.schema
            )
            store.lake.replace_days(table, since, end, later)
    return [Coverage(**row) for row in rows if row["day"] == last]
