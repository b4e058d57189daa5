"""The labels of one model, as they were known at the end of a day."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import accumulate
from typing import Any

import pyarrow as pa

from mlops_drift.learning.sampling import Stratum
from mlops_drift.schema.columns import Target
from mlops_drift.schema.days import days_between
from mlops_drift.sql import identifier
from mlops_drift.store.lake import Lake, Scan
from mlops_drift.store.records import RemovedDay
from mlops_drift.store.schemas import schema_of
from mlops_drift.store.tables import ModelTables, Table


class LabelledTables:
    """The tables of one model, with what a query over their labels needs."""

    def __init__(self, lake: Lake, tables: ModelTables, key: str, target: Target) -> None:
        self._lake, self._tables = lake, tables
        self._has_classes = target.is_classification
        # As SQL. A label counts if it arrived by the as-of day, not before its event; the last one.
        self._key, self._label = identifier(key), identifier(target.column)
        last = f"arg_max({self._label}, day) AS {self._label}, max(day) AS label_day"
        self._known_labels = f"SELECT {self._key}, {last} FROM labels GROUP BY {self._key}"
        # What follows FROM, of the features whose label is known.
        self._labelled = (
            f"features JOIN ({self._known_labels}) known USING ({self._key}) "
            "WHERE known.label_day >= features.day"
        )


class LabelRepository(LabelledTables):
    """What is known about labels."""

    def labelled(self, as_of: date, since: date | None) -> pa.Table:
        """Features with labels known at the end of `as_of`, of events from `since` on."""
        return self._lake.query(
            f"""
            SELECT features.*, known.{self._label} FROM {self._labelled}
            ORDER BY features.day, features.{self._key}
            """,
            features=Scan(self._tables.features, since, as_of),
            labels=Scan(self._tables.labels, since, as_of),
        )

    def features(self) -> pa.Table:
        """All features, with the last label where one is known, by day and key."""
        return self._lake.query(
            f"""
            SELECT features.*, known.{self._label}
            FROM features LEFT JOIN ({self._known_labels}) known
                ON known.{self._key} = features.{self._key} AND known.label_day >= features.day
            ORDER BY features.day, features.{self._key}
            """,
            features=self._tables.features,
            labels=self._tables.labels,
        )

    def strata(self, as_of: date, since: date | None) -> list[Stratum]:
        """The number of rows of `labelled` by day, and by class where there are any."""
        label = f"known.{self._label}" if self._has_classes else "NULL"
        return self._lake.records(
            Stratum,
            f"""
            SELECT features.day, {label} AS label, count(*) AS n FROM {self._labelled}
            GROUP BY ALL ORDER BY ALL
            """,
            features=Scan(self._tables.features, since, as_of),
            labels=Scan(self._tables.labels, since, as_of),
        )

    def sample(
        self, as_of: date, since: date | None, strata: Sequence[Stratum], seed: int
    ) -> pa.Table:
        """So many rows of `labelled` of each stratum: those that an MD5 of seed and key has first.

        A row is drawn or not wherever it is stored and whatever the order; one that is drawn among
        fewer is drawn among more of the same rows.
        """
        wanted = pa.Table.from_pylist([vars(one) for one in strata], schema_of(Stratum))
        classes = ", y" if self._has_classes else ""
        same = f"wanted.day = ranked.day{' AND wanted.label = ranked.y' if classes else ''}"
        hashed = f"md5_number_upper('{seed} ' || CAST(k AS VARCHAR))"
        # Only keys are ranked: the other columns are read of the rows that are drawn.
        return self._lake.query(
            f"""
            WITH keys AS (
                SELECT features.{self._key} AS k, features.day AS day, known.{self._label} AS y
                FROM {self._labelled}
            ),
            ranked AS (
                SELECT k, day, y,
                       row_number() OVER (PARTITION BY day{classes} ORDER BY {hashed}, k) AS place
                FROM keys
            ),
            drawn AS (SELECT k, y FROM ranked JOIN wanted ON {same} WHERE place <= wanted.n)
            SELECT features.*, drawn.y AS {self._label}
            FROM features JOIN drawn ON features.{self._key} = drawn.k
            ORDER BY features.day, features.{self._key}
            """,
            features=Scan(self._tables.features, since, as_of),
            labels=Scan(self._tables.labels, since, as_of),
            wanted=wanted,
        )

    def fingerprint(self, as_of: date) -> str:
        """A number that is the same for the same rows of `labelled`, whatever their order."""
        # A reserved name: no column of it hides the whole row.
        [found] = self._lake.rows(
            f"""
            WITH version AS (SELECT features.*, known.{self._label} FROM {self._labelled})
            SELECT count(*) AS n, sum(md5_number_lower(CAST(to_json(version) AS VARCHAR))) AS total
            FROM version
            """,
            features=Scan(self._tables.features, until=as_of),
            labels=Scan(self._tables.labels, until=as_of),
        )
        return f"{found['n']} {found['total']}"

    def counts(self, as_of: date) -> tuple[dict[date, int], set[Any]]:
        """Labelled rows by day of the event, and the labels that occur, known at `as_of`.

        Rows that were removed since count: what was decided by their number stays as it was.
        """
        table, days = self._tables.removed_features, self._labelled_days(as_of, as_of)
        if self._lake.holds(table):
            sql = f"FROM r WHERE event_day <= '{as_of}'"
            days = [*self._lake.records(RemovedDay, sql, r=table), *days]
        counts: dict[date, int] = {}
        for one in days:
            counts[one.event_day] = max(one.labelled, counts.get(one.event_day, 0))
        return dict(sorted(counts.items())), {label for one in days for label in one.classes}

    def _labelled_days(self, until: date, as_of: date) -> list[RemovedDay]:
        """The days up to one, and the labels that occur, those of a regression too."""
        return self._lake.records(
            RemovedDay,
            f"""
            SELECT features.day AS event_day, count(*) AS labelled,
                   list(DISTINCT known.{self._label}) AS classes
            FROM {self._labelled} GROUP BY features.day
            """,
            features=Scan(self._tables.features, until=until),
            labels=Scan(self._tables.labels, until=as_of),
        )

    def remember_counts(self, before: date, as_of: date) -> None:
        """Records how many labelled rows the features before a day have, before they go."""
        fresh = {
            one.event_day: replace(
                one, classes=tuple(sorted(one.classes)) if self._has_classes else ()
            )
            for one in self._labelled_days(before - timedelta(days=1), as_of)
        }

        def build(existing: pa.Table) -> pa.Table:
            kept = {row["event_day"]: row for row in existing.to_pylist()}
            new = {day: vars(one) for day, one in fresh.items()}
            return pa.Table.from_pylist(list({**kept, **new}.values()), schema=existing.schema)

        if fresh:
            self._lake.rewrite(self._tables.removed_features, build)

    def earliest_events(self) -> dict[date, date]:
        """By day of arrival, the day of the earliest event that a label is about."""
        found = self._lake.rows(
            f"""
            SELECT labels.day, min(events.day) AS event
            FROM labels JOIN events USING ({self._key}) GROUP BY labels.day
            """,
            labels=self._tables.labels,
            events=self._tables.events,
        )
        return {row["day"]: row["event"] for row in found}

    def unmatched(
        self, first: date, last: date, likely: date | None = None, of: Table | None = None
    ) -> dict[date, int]:
        """By day of arrival, how many labels, or other rows, had no event up to that day.

        Events since a likely day are read first, and all only where a row is of none of these.
        """
        found = self._events_of(first, last, likely, of)
        if likely and any(event is None for _, event in found):
            found = self._events_of(first, last, None, of)
        return {day: n for (day, event), n in found.items() if event is None}

    def newest_by_day(
        self, first: date, last: date, usual_delay: timedelta, start: date
    ) -> Mapping[date, date]:
        """By day, the newest event up to it that had a label by then; of a model since its start.

        Labels are about events within the usual delay, unless none of these came.
        """
        recent = first - usual_delay
        found = self.newest_labelled(first, last, first, recent)
        if first in found:
            # Of earlier arrivals, only those since that event can be about a newer one.
            since = found[first] + timedelta(days=1)
            newer = self.newest_labelled(first, last, since, since)
            return {day: max(event, newer.get(day, event)) for day, event in found.items()}
        found = self.newest_labelled(first, last, recent, recent)
        # Only where nothing came for long, all there is must be read.
        return found if first in found else self.newest_labelled(first, last, start, start)

    def newest_labelled(
        self, first: date, last: date, arrived_since: date, events_since: date
    ) -> dict[date, date]:
        """By day, the newest event up to it that had a label by then, of those since some days."""
        arrived: dict[date, date] = {}
        for day, event in self._events_of(arrived_since, last, events_since):
            arrived[day] = max(event or date.min, arrived.get(day, date.min))
        days = days_between(min(arrived_since, first), last)
        newest = accumulate((arrived.get(day, date.min) for day in days), max)
        found = zip(days, newest, strict=True)
        return {day: event for day, event in found if day >= first and event > date.min}

    def _events_of(
        self, first: date, last: date, since: date | None, of: Table | None = None
    ) -> dict[tuple[date, date | None], int]:
        """Labels, or other rows, that arrived on some days, by that day and that of their event.

        That is one of the events since a day and up to the arrival; None where none of them is.
        """
        rows = self._lake.rows(
            f"""
            SELECT arrived.day, events.day AS event, count(*) AS n
            FROM arrived LEFT JOIN events
                ON events.{self._key} = arrived.{self._key} AND events.day <= arrived.day
            GROUP BY ALL
            """,
            arrived=Scan(of or self._tables.labels, first, last),
            events=Scan(self._tables.events, since, last),
        )
        return {(row["day"], row["event"]): row["n"] for row in rows}
