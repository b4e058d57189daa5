"""Drift of the days in production against the reference of the version that served them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property, partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.drift.column_profile import ColumnProfile
from mlops_drift.drift.explain import RankedColumn, SegmentShift, rank, segment_shifts
from mlops_drift.drift.metrics.registry import drift_metric
from mlops_drift.drift.profile import Profile, add, empty_profile, profile, profile_by
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.rows import Kind, Rows
from mlops_drift.drift.sorted_values import SortedValues
from mlops_drift.drift.verdict import ColumnVerdict, judge
from mlops_drift.monitors.checks import FEATURE_DRIFT, NULL_SPIKE, PREDICTION_DRIFT, CheckName
from mlops_drift.pipeline.missing_days import in_short, without_events
from mlops_drift.store.lake import Scan
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Promotion

# How many of the columns that moved are divided by segments.
_EXPLAINED = 3

Samples = dict[str, SortedValues]


@dataclass(frozen=True)
class SegmentedShift:
    """The shift of one column over one window, divided by the values of a segment column."""

    column: str
    window: int
    by: str
    segments: Sequence[SegmentShift]


@dataclass(frozen=True)
class DriftDay:
    """The verdicts of one day, and what they rest on.

    Attributes:
        champion: who served the day; None before the first promotion.
        events: rows of features that day.
        reference: the champion's reference.
        windows: the profiles by length of the window.
        seasons: the same period of the past, where windows were held against it.
        verdicts: one for each window, column and rule.
        importance: share of the champion's skill that rests on each feature.
        shifts: where failed features moved, by declared segments.
    """

    day: date
    champion: Promotion | None
    events: int
    reference: Reference | None = None
    windows: Mapping[int, Profile] = field(default_factory=dict)
    seasons: Mapping[int, Profile] = field(default_factory=dict)
    verdicts: Sequence[ColumnVerdict] = ()
    importance: Mapping[str, float] = field(default_factory=dict)
    shifts: Sequence[SegmentedShift] = ()


def prediction_kinds(spec: ModelSpec) -> dict[str, Kind]:
    """How the predictions of a model are read: a regression's prediction is its score."""
    kinds: dict[str, Kind] = {"score": "numeric"}
    if spec.target.is_classification:
        kinds["prediction"] = "categorical"
    return kinds


def fit_reference(spec: ModelSpec, features: pa.Table, test_predictions: pa.Table) -> Reference:
    """The reference of a version: its training set, both parts, and its test predictions.

    Args:
        spec: the model.
        features: features and labels of the training set.
        test_predictions: the version's predictions for the test split.
    """
    bins = spec.monitors.drift.bins
    kinds: dict[str, Kind] = {
        name: "numeric" if column.is_numeric else "categorical"
        for name, column in spec.columns.items()
    }
    kinds[spec.target.column] = "categorical" if spec.target.is_classification else "numeric"
    of_features = Reference.fit(features, kinds, bins)
    of_predictions = Reference.fit(test_predictions, prediction_kinds(spec), bins)
    return Reference({**of_features.columns, **of_predictions.columns})


def check_of(spec: ModelSpec, verdict: ColumnVerdict) -> CheckName:
    """The check that a verdict belongs to."""
    if verdict.rule == "nulls":
        return NULL_SPIKE
    return FEATURE_DRIFT if verdict.column in spec.columns else PREDICTION_DRIFT


def ranked(day: DriftDay, verdicts: Sequence[ColumnVerdict]) -> list[RankedColumn]:
    """The columns of some of a day's verdicts in the order in which to look at them."""
    return rank(verdicts, day.importance)


def measure_drift(
    model: ModelContext, first: date, last: date, *, for_the_record: bool = True
) -> list[DriftDay]:
    """Profiles the days `first` to `last`, judges their windows, and stores both.

    A window reaches back over days that the same version served; the reason of one that holds days
    without a file says so.

    Args:
        model: the model.
        first: first day.
        last: last day.
        for_the_record: whether KS and Wasserstein of single days are measured although no verdict
            rests on them.
    """
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    champions = model.store.versions.champions(first, last)
    # By promotion: a version that was replaced may come back.
    served = {item.number: item for item in champions.values() if item}
    model.store.versions.require_kept(item.version for item in served.values())
    lookback = timedelta(days=max(model.spec.monitors.drift.windows))
    missing = without_events(model.store, first - lookback, last)
    serving = {
        number: _Serving(
            model,
            champion,
            [day for day in days if champions[day] == champion],
            for_the_record,
            missing,
        )
        for number, champion in served.items()
    }
    judged = [
        serving[champion.number].judge(day)
        if (champion := champions[day])
        else DriftDay(day, None, _events(model.store, day))
        for day in days
    ]
    _store(model, first, last, judged, list(serving.values()))
    return judged


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
        missing: Sequence[date],
    ) -> None:
        spec = model.spec
        self._spec, self._store, self.champion = spec, model.store, champion
        self._for_the_record, self._missing = for_the_record, missing
        self._monitor = spec.monitors.drift
        files = model.store.training_sets.read_reference(champion.training_set, champion.version)
        born_with = Reference.from_files(files)
        self.reference = born_with.select(
            name for name in born_with.columns if name != spec.target.column
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
        verdicts = [
            replace(verdict, reason=verdict.reason + self._lacks(day, verdict.window))
            for verdict in judge(self.reference, windows, self._monitor, samples, seasons)
        ]
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

    def _lacks(self, day: date, window: int) -> str:
        """Which days a window holds that had no file."""
        since = max(day - timedelta(days=window), self.champion.as_of)
        return in_short([past for past in self._missing if since < past < day])

    def _spans(self, day: date) -> dict[int, list[date]]:
        """The days of each window that this version served."""
        spans: dict[int, list[date]] = {}
        available = 0
        for window in self._monitor.windows:
            span = [
                past
                for past in (day - timedelta(days=i) for i in range(window))
                if past in self.profiles and past > self.champion.as_of
            ]
            # Just after a promotion the longer windows hold the same days as a shorter one.
            if len(span) > available:
                spans[window] = span
                available = len(span)
        return spans

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
            for name, values in _sorted_columns(_of_days(table, span), names).items()
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
            for day, samples in _sorted_by_day(table, names).items():
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
            rows = _of_days(self._store.lake.read(scan), days)
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
            current = _of_days(self._store.lake.read(scan), span)
            reference = pasts[verdict.window] if verdict.baseline == "season" else trained
            by_segment = partial(_by_segment, self.reference.select([verdict.column]))
            shifts += [
                SegmentedShift(
                    verdict.column,
                    verdict.window,
                    by,
                    segment_shifts(by_segment(reference, by), by_segment(current, by)),
                )
                for by in self._monitor.segments
                if by != verdict.column
            ]
        return shifts


def _of_days(table: pa.Table, days: Iterable[date]) -> Rows:
    wanted = pa.array(sorted(days), pa.date32())
    return Rows(table.filter(pc.is_in(table["day"], value_set=wanted)))


def _sorted_columns(rows: Rows, names: Sequence[str]) -> Samples:
    if not names:
        return {}
    table = rows.table(dict.fromkeys(names, "numeric"))
    return {name: SortedValues(table[name].to_numpy()) for name in names}


def _sorted_by_day(table: pa.Table, names: Sequence[str]) -> dict[date, Samples]:
    """The values of columns by day, read in one go: a query a day costs more than its rows."""
    if not names or not table.num_rows:
        return {}
    days = table["day"].to_numpy()
    order = np.argsort(days, kind="stable")
    present, starts = np.unique(days[order], return_index=True)
    values = Rows(table).table(dict.fromkeys(names, "numeric"))
    arrays = {name: values[name].to_numpy()[order] for name in names}
    parts = zip(present, starts, [*starts[1:], len(days)], strict=True)
    return {
        day.astype(date): {name: SortedValues(array[start:end]) for name, array in arrays.items()}
        for day, start, end in parts
    }


def _by_segment(reference: Reference, rows: Rows, by: str) -> dict[Any, ColumnProfile]:
    [name] = reference.columns
    return {segment: found[name] for segment, found in profile_by(reference, rows, by).items()}


def _store(
    model: ModelContext,
    first: date,
    last: date,
    judged: Sequence[DriftDay],
    serving: Sequence[_Serving],
) -> None:
    counted = [
        {"day": day, "version": one.champion.version, "column": name, **column.to_dict()}
        for one in serving
        for day, columns in sorted(one.profiles.items())
        for name, column in columns.items()
        if first <= day <= last
    ]
    verdicts = [
        {
            "day": item.day,
            "version": item.champion.version,
            "check": check_of(model.spec, verdict),
            **verdict.to_row(),
        }
        for item in judged
        if item.champion
        for verdict in item.verdicts
    ]
    tables = model.store.tables
    for table, rows in ((tables.profiles, counted), (tables.drift, verdicts)):
        data = pa.Table.from_pylist(rows, schema=table.schema)
        model.store.lake.replace_days(table, first, last, data)
