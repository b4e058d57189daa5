"""Drift of the days in production against the reference of the version that served them."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property, partial

import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.drift.column_profile import ColumnProfile
from mlops_drift.drift.explain import rank, segment_shifts
from mlops_drift.drift.metrics.registry import drift_metric
from mlops_drift.drift.profile import Profile, add, empty_profile, profile, profile_by
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.rows import Rows
from mlops_drift.drift.verdict import ColumnVerdict, judge
from mlops_drift.monitors.drift import DriftDay, SegmentedShift
from mlops_drift.monitors.windows import trailing_windows
from mlops_drift.pipeline.profiles import (
    Samples,
    by_segment,
    of_days,
    prediction_kinds,
    sorted_by_day,
    sorted_columns,
)
from mlops_drift.store.lake import Scan
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Promotion

# How many of the columns that moved are divided by segments.
_EXPLAINED = 3


class DriftDays:
    """The drift of some days, each against the reference of its champion.

    A window reaches back over days that the same version served.

    Args:
        model: the model.
        champions: who serves each of the days.
        served: the days by champion.
        for_the_record: whether KS and Wasserstein of single days are measured although no verdict
            rests on them.
    """

    def __init__(
        self,
        model: ModelContext,
        champions: Mapping[date, Promotion | None],
        served: Sequence[tuple[Promotion, Sequence[date]]],
        for_the_record: bool,
    ) -> None:
        self._store, self._champions = model.store, champions
        self._serving = {
            champion.number: _Serving(model, champion, days, for_the_record)
            for champion, days in served
        }
        self._days: dict[date, DriftDay] = {}

    def day(self, day: date) -> DriftDay:
        """The verdicts of a day, judged once."""
        if day not in self._days:
            champion = self._champions[day]
            self._days[day] = (
                self._serving[champion.number].judge(day)
                if champion
                else DriftDay(day, None, _events(self._store, day))
            )
        return self._days[day]

    def put(self, first: date, last: date) -> None:
        """Stores the profiles and the numbers of the days."""
        profiles = [
            {"day": day, "version": one.champion.version, "column": name, **column.to_dict()}
            for one in self._serving.values()
            for day, columns in sorted(one.profiles.items())
            for name, column in columns.items()
            if first <= day <= last
        ]
        # Both rules of a column rest on the same numbers.
        numbers = [
            {
                "day": day,
                "version": champion.version,
                "column": item.column,
                "window": item.window,
                "baseline": item.baseline,
                "metric": item.metric,
                **item.measures.to_dict(),
            }
            for day, champion in self._champions.items()
            if champion
            for item in self.day(day).verdicts
            if item.rule == "drift"
        ]
        tables = self._store.tables
        for table, rows in ((tables.profiles, profiles), (tables.drift, numbers)):
            data = pa.Table.from_pylist(rows, schema=table.schema)
            self._store.lake.replace_days(table, first, last, data)


def _events(store: ModelStore, day: date) -> int:
    scan = Scan(store.tables.features, day, day)
    return int(store.lake.query("SELECT 1 FROM f", f=scan).num_rows)


class _Serving:
    """The days that one champion served, beside its reference."""

    def __init__(
        self,
        model: ModelContext,
        champion: Promotion,
        days: Sequence[date],
        for_the_record: bool,
    ) -> None:
        spec = model.spec
        self._spec, self._store, self.champion = spec, model.store, champion
        self._for_the_record = for_the_record
        self._monitor = spec.monitors.drift
        files = model.store.training_sets.read_reference(champion.training_set, champion.version)
        baseline = Reference.from_files(files)
        self.reference = baseline.select(
            name for name in baseline.columns if name != spec.target.column
        )
        self._features = self.reference.select(spec.columns)
        self._predictions = self.reference.select(prediction_kinds(spec))
        self._importance = model.store.training_sets.read_importance(
            champion.training_set, champion.version
        )
        self._first = min(days)
        self._kept = self._read(min(days), max(days))
        self.profiles = {**self._stored(until=min(days)), **self._measured(days)}

    def _stored(self, until: date) -> dict[date, Profile]:
        lookback = max(self._monitor.windows)
        since = max(self.champion.as_of + timedelta(days=1), until - timedelta(days=lookback))
        rows = self._store.lake.rows(
            f"SELECT * FROM p WHERE version = {self.champion.version}",
            p=Scan(self._store.tables.profiles, since, until - timedelta(days=1)),
        )
        profiles: dict[date, Profile] = {}
        for row in rows:
            profiles.setdefault(row["day"], {})[row["column"]] = ColumnProfile.from_dict(row)
        columns = set(self.reference.columns)
        return {day: found for day, found in profiles.items() if set(found) == columns}

    def _measured(self, days: Sequence[date]) -> dict[date, Profile]:
        features, predictions = self._kept
        of_features = profile_by(self._features, features, "day")
        of_predictions = profile_by(self._predictions, predictions, "day")
        none = empty_profile(self.reference)
        return {
            day: {**none, **of_features.get(day, {}), **of_predictions.get(day, {})} for day in days
        }

    def _read(self, first: date, last: date) -> tuple[pa.Table, pa.Table]:
        """Features of some days, and what this version predicted for them."""
        tables = self._store.tables
        features = self._store.lake.read(Scan(tables.features, first, last))
        predictions = self._store.lake.query(
            f"SELECT * FROM p WHERE version = {self.champion.version}",
            p=Scan(tables.predictions, first, last),
        )
        return features, predictions

    def judge(self, day: date) -> DriftDay:
        spec, champion = self._spec, self.champion
        spans = self._spans(day)
        windows = {
            window: add(self.profiles[past] for past in span) for window, span in spans.items()
        }
        samples = {window: self._samples(window, span) for window, span in spans.items()}
        pasts = self._pasts(spans)
        seasons = {window: profile(self._features, rows) for window, rows in pasts.items()}
        verdicts = judge(self.reference, windows, self._monitor, samples, seasons)
        return DriftDay(
            day,
            champion,
            self.profiles[day][next(iter(spec.columns))].n,
            self.reference,
            windows,
            seasons,
            verdicts,
            self._importance,
            self._shifts(spans, pasts, self._moved(verdicts)),
        )

    def _spans(self, day: date) -> dict[int, list[date]]:
        """The days of each window that this version served."""
        days = {past.toordinal() for past in self.profiles if past > self.champion.as_of}
        spans = trailing_windows(self._monitor.windows, day.toordinal(), days)
        return {
            window: [date.fromordinal(past) for past in reversed(span)]
            for window, span in spans.items()
        }

    def _samples(self, window: int, span: Sequence[date]) -> Samples:
        """The values of numeric columns: of all in one day, else of those that need them."""
        if window == 1 and self._for_the_record:
            return self._days[span[0]]
        wanted = [
            name
            for name in self._numeric
            if drift_metric(self._monitor.effect(name)[0]).needs_values
        ]
        if not wanted:
            return {}
        is_kept = min(span) >= self._first
        tables = self._kept if is_kept else self._read(min(span), max(span))
        return {
            name: values
            for table, names in zip(tables, self._by_table(wanted), strict=True)
            for name, values in sorted_columns(of_days(table, span), names).items()
        }

    @cached_property
    def _numeric(self) -> list[str]:
        return [name for name, one in self.reference.columns.items() if one.kind == "numeric"]

    def _by_table(self, names: Sequence[str]) -> tuple[list[str], list[str]]:
        """Names of features, and of predictions."""
        own = [name for name in names if name in self._spec.columns]
        return own, [name for name in names if name not in own]

    @cached_property
    def _days(self) -> dict[date, Samples]:
        """The values of all numeric columns by day, of the days that are judged."""
        days: dict[date, Samples] = {day: {} for day in self.profiles}
        for table, names in zip(self._kept, self._by_table(self._numeric), strict=True):
            for day, samples in sorted_by_day(table, names).items():
                days[day] |= samples
        return days

    def _pasts(self, spans: Mapping[int, Sequence[date]]) -> dict[int, Rows]:
        """Features of the same period of the past by window, where that has enough rows."""
        season = self._monitor.season
        if season is None:
            return {}
        found = {}
        for window, span in spans.items():
            distances = [
                timedelta(days=back * season.period_days)
                for back in range(1, window + season.periods + 1)
                if back * season.period_days >= window
            ][: season.periods]
            # A period that begins before the data does may lack just the days that differ.
            days = {
                past - distance
                for distance in distances
                if min(span) - distance >= self._first_day
                for past in span
            }
            if not days:
                continue
            scan = Scan(self._store.tables.features, min(days), max(days))
            rows = of_days(self._store.lake.read(scan), days)
            if rows.count >= self._monitor.min_rows:
                found[window] = rows
        return found

    @cached_property
    def _first_day(self) -> date:
        """The first day that has features; without any, the model's."""
        found = self._store.lake.query("SELECT min(day) AS d FROM f", f=self._store.tables.features)
        return found["d"][0].as_py() or self._spec.start_date

    def _moved(self, verdicts: Sequence[ColumnVerdict]) -> list[ColumnVerdict]:
        """The furthest verdict of each feature that drifted, in the order to look at them."""
        drifted = [
            item
            for item in verdicts
            if item.verdict == "fail" and item.rule == "drift" and item.column in self._spec.columns
        ]
        return [item.worst for item in rank(drifted, self._importance)]

    def _shifts(
        self,
        spans: Mapping[int, Sequence[date]],
        pasts: Mapping[int, Rows],
        moved: Sequence[ColumnVerdict],
    ) -> list[SegmentedShift]:
        if not moved or not self._monitor.segments:
            return []
        stored = self._store.training_sets.read(self.champion.training_set)
        trained = Rows(pa.concat_tables(stored.parts.values()))
        shifts = []
        for verdict in moved[:_EXPLAINED]:
            span = spans[verdict.window]
            scan = Scan(self._store.tables.features, min(span), max(span))
            current = of_days(self._store.lake.read(scan), span)
            reference = pasts[verdict.window] if verdict.baseline == "season" else trained
            divided = partial(by_segment, self.reference.select([verdict.column]))
            shifts += [
                SegmentedShift(
                    verdict.column,
                    verdict.window,
                    by,
                    segment_shifts(divided(reference, by), divided(current, by)),
                )
                for by in self._monitor.segments
                if by != verdict.column
            ]
        return shifts
