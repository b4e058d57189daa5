"""Drift of the days in production against the reference of the version that served them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, partial
from math import ceil

import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.drift.column_profile import ColumnProfile
from mlops_drift.drift.explain import rank, segment_shifts
from mlops_drift.drift.metrics.registry import drift_metric
from mlops_drift.drift.profile import Profile, add, empty_profile, profile, profile_by
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.rows import Rows
from mlops_drift.drift.sorted_values import SortedValues
from mlops_drift.drift.verdict import ColumnVerdict, judge
from mlops_drift.monitors.drift import DriftDay, SegmentedShift
from mlops_drift.monitors.windows import trailing_windows
from mlops_drift.pipeline.external_predictions import arrived_predictions
from mlops_drift.pipeline.living import kept_since
from mlops_drift.pipeline.parts import parts
from mlops_drift.pipeline.profiles import (
    Samples,
    WindowValues,
    by_segment,
    of_days,
    prediction_kinds,
    sorted_by_day,
    sorted_columns,
)
from mlops_drift.sql import identifier
from mlops_drift.store.lake import Scan
from mlops_drift.store.records import Promotion
from mlops_drift.store.tables import Table

# How many of the columns that moved are divided by segments.
_EXPLAINED = 3


@dataclass(frozen=True)
class _Kept:
    """Features of some days, and what a version predicted for them, with their numeric columns."""

    first: date
    last: date
    features: pa.Table
    predictions: pa.Table
    numeric_features: Sequence[str]
    numeric_predictions: Sequence[str]

    def holds(self, days: Collection[date]) -> bool:
        """Whether it has the rows of all of some days."""
        return self.first <= min(days) and max(days) <= self.last

    @cached_property
    def days(self) -> Mapping[date, Samples]:
        """The values of the numeric columns by day."""
        days: dict[date, Samples] = defaultdict(dict)
        of_features = sorted_by_day(self.features, self.numeric_features)
        of_predictions = sorted_by_day(self.predictions, self.numeric_predictions)
        for day, samples in (*of_features.items(), *of_predictions.items()):
            days[day] |= samples
        return days


class ServedDays:
    """The drift of the days that one champion serves, against its reference.

    A window reaches back over days that the same version served: they have profiles, too.
    """

    def __init__(
        self, model: ModelContext, champion: Promotion, days: Sequence[date], for_the_record: bool
    ) -> None:
        known = model.of_version(champion.version)
        spec, sets = known.spec, known.store.training_sets
        self._model, self._spec, self._store, self._champion = known, spec, known.store, champion
        self._monitor, self._for_the_record = spec.monitors.drift, for_the_record
        stored = (champion.training_set, champion.version)
        baseline = Reference.from_files(sets.read_reference(*stored))
        self._reference = baseline.select(n for n in baseline.columns if n != spec.target.column)
        self._features = self._reference.select(spec.columns)
        self._predictions = self._reference.select(prediction_kinds(spec))
        self._importance = sets.read_importance(*stored)
        self._parts = list(parts(model, "events", min(days), max(days)))
        self.profiles = self._stored(until=min(days))
        for first, last in self._parts:
            self._kept = self._read(first, last)
            self.profiles |= self._measured([day for day in days if first <= day <= last])

    def _of_version(self, table: Table, first: date, last: date) -> pa.Table:
        own = f"SELECT * FROM t WHERE version = {self._champion.version}"
        return self._store.lake.query(own, t=Scan(table, first, last))

    def _predicted(self, first: date, last: date) -> pa.Table:
        """What the version predicted on some days; elsewhere, what arrived on them."""
        if self._spec.external:
            return arrived_predictions(self._model, self._champion.version, first, last)
        return self._of_version(self._store.tables.predictions, first, last)

    def _stored(self, until: date) -> dict[date, Profile]:
        lookback = timedelta(days=max(self._monitor.windows))
        since = max(self._champion.as_of + timedelta(days=1), until - lookback)
        last = until - timedelta(days=1)
        profiles: dict[date, Profile] = {}
        for row in self._of_version(self._store.tables.profiles, since, last).to_pylist():
            profiles.setdefault(row["day"], {})[row["column"]] = ColumnProfile.from_dict(row)
        columns = set(self._reference.columns)
        return {day: found for day, found in profiles.items() if set(found) == columns}

    def _measured(self, days: Sequence[date]) -> dict[date, Profile]:
        of_features = profile_by(self._features, self._kept.features, "day")
        of_predictions = profile_by(self._predictions, self._kept.predictions, "day")
        none = empty_profile(self._reference)
        return {
            day: {**none, **of_features.get(day, {}), **of_predictions.get(day, {})} for day in days
        }

    def _read(self, first: date, last: date) -> "_Kept":
        tables = self._store.tables
        features = self._store.lake.read(Scan(tables.features, first, last))
        predictions = self._predicted(first, last)
        return _Kept(first, last, features, predictions, *self._by_table(self._numeric))

    def _features_of(self, days: Collection[date]) -> Rows:
        scan = Scan(self._store.tables.features, min(days), max(days))
        return of_days(self._store.lake.read(scan), days)

    def judge(self, day: date) -> DriftDay:
        """The verdicts of a day."""
        if not self._kept.holds([day]):
            [part] = [part for part in self._parts if part[0] <= day <= part[1]]
            self._kept = self._read(*part)
        champion, spans = self._champion, self._spans(day)
        windows = {n: add(self.profiles[past] for past in span) for n, span in spans.items()}
        samples = {n: self._samples(n, span) for n, span in spans.items()}
        past_days = {n: self._past_days(n, span) for n, span in spans.items()}
        pasts = self._pasts(past_days)
        seasons = {n: profile(self._kept_in(past_days[n]), past) for n, past in pasts.items()}
        verdicts = judge(self._reference, windows, self._monitor, samples, seasons)
        shifts = self._shifts(spans, pasts, self._moved(verdicts))
        reference, importance, events = self._reference, self._importance, self._events(day)
        return DriftDay(
            day, champion, events, reference, windows, seasons, verdicts, importance, shifts
        )

    def _events(self, day: date) -> int:
        return self.profiles[day][next(iter(self._spec.columns))].n

    def _spans(self, day: date) -> dict[int, list[date]]:
        """The days of each window that this version served."""
        days = {past.toordinal() for past in self.profiles if past > self._champion.as_of}
        spans = trailing_windows(self._monitor.windows, day.toordinal(), days)
        return {n: [date.fromordinal(past) for past in reversed(span)] for n, span in spans.items()}

    def _samples(self, window: int, span: Sequence[date]) -> Mapping[str, SortedValues]:
        """The values of numeric columns: of all in one day, else of those that need them."""
        if window == 1 and self._for_the_record:
            return self._kept.days.get(span[0], {})
        metrics = {name: drift_metric(self._monitor.effect(name)[0]) for name in self._numeric}
        wanted = [name for name, metric in metrics.items() if metric.needs_values]
        rows = sum(self._events(day) for day in span)
        return WindowValues(wanted, rows, partial(self._values, span))

    def _values(self, span: Sequence[date], wanted: Sequence[str]) -> Samples:
        """The values of columns over some days."""
        tables, (features, predictions) = self._store.tables, self._by_table(wanted)
        first, last, mine = min(span), max(span), f"version = {self._champion.version}"
        answers: Scan | pa.Table = Scan(tables.predictions, first, last)
        if self._spec.external and not self._kept.holds(span):
            answers = self._predicted(first, last)
        sources = (
            (Scan(tables.features, first, last), self._kept.features, features, "true"),
            (answers, self._kept.predictions, predictions, mine),
        )
        found: Samples = {}
        for source, kept, names, where in sources:
            if names and self._kept.holds(span):
                found |= sorted_columns(of_days(kept.select(["day", *names]), span), names)
            elif names:
                days = ", ".join(f"'{day}'" for day in span)
                columns = ", ".join(map(identifier, names))
                sql = f"SELECT {columns} FROM t WHERE {where} AND day IN ({days})"
                rows = self._store.lake.query(sql, t=source)
                found |= sorted_columns(Rows(rows), names)
        return found

    @cached_property
    def _numeric(self) -> list[str]:
        return [name for name, one in self._reference.columns.items() if one.kind == "numeric"]

    def _by_table(self, names: Sequence[str]) -> tuple[list[str], list[str]]:
        """Names of features, and of predictions."""
        own = [name for name in names if name in self._spec.columns]
        return own, [name for name in names if name not in own]

    def _pasts(self, past_days: Mapping[int, Collection[date]]) -> dict[int, Rows]:
        """Features of the same period of the past by window, where that has enough rows."""
        found = {}
        for window, days in past_days.items():
            if days and (rows := self._features_of(days)).count >= self._monitor.min_rows:
                found[window] = rows
        return found

    def _past_days(self, window: int, span: Sequence[date]) -> set[date]:
        """The days of the same period of the past; none without seasons."""
        season = self._monitor.season
        if season is None:
            return set()
        nearest = ceil(window / season.period_days)
        backs = range(nearest, nearest + season.periods)
        distances = [timedelta(days=back * season.period_days) for back in backs]
        # A period that begins before the data does may lack just the days that differ.
        return {
            past - distance
            for distance in distances
            if min(span) - distance >= self._first_day
            for past in span
        }

    def _kept_in(self, days: Collection[date]) -> Reference:
        """The features that some days have: one that is kept since later has no past there."""
        kept = [n for n in self._features.columns if self._since.get(n, date.min) <= min(days)]
        return self._features.select(kept)

    @cached_property
    def _since(self) -> Mapping[str, date]:
        return kept_since(self._model)

    @cached_property
    def _first_day(self) -> date:
        """The first day that has features; without any, the model's."""
        found = self._store.lake.query("SELECT min(day) AS d FROM f", f=self._store.tables.features)
        return found["d"][0].as_py() or self._spec.start_date

    def _moved(self, verdicts: Sequence[ColumnVerdict]) -> list[ColumnVerdict]:
        """The furthest verdict of each feature that drifted, in the order to look at them."""
        failed = (item for item in verdicts if (item.verdict, item.rule) == ("fail", "drift"))
        drifted = [item for item in failed if item.column in self._spec.columns]
        return [item.worst for item in rank(drifted, self._importance)]

    def _shifts(
        self, spans: Mapping[int, list[date]], pasts: Mapping[int, Rows], moved: list[ColumnVerdict]
    ) -> list[SegmentedShift]:
        if not moved or not self._monitor.segments:
            return []
        stored = self._store.training_sets.read(self._champion.training_set)
        trained = Rows(pa.concat_tables(stored.parts.values()))
        shifts = []
        for verdict in moved[:_EXPLAINED]:
            column, window = verdict.column, verdict.window
            current = self._features_of(spans[window])
            past = pasts[window] if verdict.baseline == "season" else trained
            divided = partial(by_segment, self._reference.select([column]))
            for by in self._monitor.segments:
                if by != column:
                    segments = segment_shifts(divided(past, by), divided(current, by))
                    shifts.append(SegmentedShift(column, window, by, segments))
        return shifts
