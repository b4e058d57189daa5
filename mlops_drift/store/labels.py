"""The labels of one model, as they were known at the end of a day."""

from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from mlops_drift.monitors.context import Coverage
from mlops_drift.schema.columns import Target
from mlops_drift.sql import identifier
from mlops_drift.store.lake import Lake, Scan
from mlops_drift.store.tables import ModelTables

# A label counts if it arrived by the as-of day, not before its event; the last one counts.
KNOWN_LABELS = """
    SELECT {key}, arg_max({label}, day) AS {label}, max(day) AS label_day
    FROM labels GROUP BY {key}
"""


class LabelledTables:
    """The tables of one model, with what a query over their labels needs.

    Args:
        lake: the lake.
        tables: the model's tables.
        key: name of the key column.
        target: the target.
    """

    def __init__(self, lake: Lake, tables: ModelTables, key: str, target: Target) -> None:
        self._lake, self._tables = lake, tables
        self._has_classes = target.is_classification
        # As SQL.
        self._key, self._label = identifier(key), identifier(target.column)
        self._known_labels = KNOWN_LABELS.format(key=self._key, label=self._label)


class LabelRepository(LabelledTables):
    """What is known about labels."""

    def labelled(self, as_of: date, since: date | None) -> pa.Table:
        """Features with labels known at the end of `as_of`, of events from `since` on.

        Returns:
            Columns of the features table and the label, ordered by day and key.
        """
        columns = ", ".join(
            f"features.{identifier(name)}" for name in self._tables.features.schema.names
        )
        return self._lake.query(
            f"""
            WITH known AS ({self._known_labels})
            SELECT {columns}, known.{self._label}
            FROM features JOIN known USING ({self._key})
            WHERE known.label_day >= features.day
            ORDER BY features.day, features.{self._key}
            """,
            features=Scan(self._tables.features, since, as_of),
            labels=Scan(self._tables.labels, until=as_of),
        )

    def counts(self, as_of: date) -> tuple[dict[date, int], set[Any]]:
        """Labelled rows by day of the event, and the labels that occur, known at `as_of`.

        Rows that were removed since count: what was decided by their number stays as it was.
        """
        removed = (
            self._removed_days(as_of) if self._lake.holds(self._tables.removed_features) else []
        )
        counts: dict[date, int] = {}
        seen: set[Any] = set()
        for row in [*removed, *self._labelled_days(as_of, as_of)]:
            counts[row["day"]] = max(row["n"], counts.get(row["day"], 0))
            seen.update(row["seen"])
        return dict(sorted(counts.items())), seen

    def _removed_days(self, as_of: date) -> list[dict[str, Any]]:
        return self._lake.rows(
            "SELECT event_day AS day, labelled AS n, classes AS seen FROM r "
            f"WHERE event_day <= '{as_of}'",
            r=self._tables.removed_features,
        )

    def _labelled_days(self, until: date, as_of: date) -> list[dict[str, Any]]:
        return self._lake.rows(
            f"""
            WITH known AS ({self._known_labels})
            SELECT features.day, count(*) AS n, list(DISTINCT known.{self._label}) AS seen
            FROM features JOIN known USING ({self._key})
            WHERE known.label_day >= features.day GROUP BY features.day ORDER BY features.day
            """,
            features=Scan(self._tables.features, until=until),
            labels=Scan(self._tables.labels, until=as_of),
        )

    def remember_counts(self, before: date, as_of: date) -> None:
        """Records how many labelled rows the features before a day have, before they go."""
        until = before - timedelta(days=1)
        fresh = [
            {
                "event_day": row["day"],
                "labelled": row["n"],
                "classes": sorted(row["seen"]) if self._has_classes else [],
            }
            for row in self._labelled_days(until, as_of)
        ]

        def build(existing: pa.Table) -> pa.Table | None:
            found = {row["event_day"]: row for row in existing.to_pylist()}
            found |= {row["event_day"]: row for row in fresh}
            return pa.Table.from_pylist(list(found.values()), schema=existing.schema)

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

    def unmatched(self, first: date, last: date) -> dict[date, int]:
        """By day of arrival, how many labels had no event up to that day."""
        counted = self._lake.rows(
            f"""
            SELECT labels.day, count(*) AS n
            FROM labels LEFT JOIN events USING ({self._key})
            WHERE events.day IS NULL OR events.day > labels.day GROUP BY labels.day
            """,
            labels=Scan(self._tables.labels, first, last),
            events=Scan(self._tables.events, until=last),
        )
        return {row["day"]: row["n"] for row in counted}

    def newest_labelled(self, first: date, last: date, since: date) -> dict[date, date]:
        """By day, the newest event up to it that had a label by then."""
        rows = self._lake.rows(
            f"""
            SELECT labels.day, max(events.day) AS newest
            FROM labels JOIN events USING ({self._key})
            WHERE events.day <= labels.day GROUP BY labels.day ORDER BY labels.day
            """,
            labels=Scan(self._tables.labels, since, last),
            events=Scan(self._tables.events, since, last),
        )
        found: dict[date, date] = {}
        newest, rest = date.min, list(rows)
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            while rest and rest[0]["day"] <= day:
                newest = max(newest, rest.pop(0)["newest"])
            if newest > date.min:
                found[day] = newest
        return found

    def coverage(self, until: date) -> list[Coverage]:
        """Predictions without a label by age, as counted last up to a day."""
        rows = self._lake.rows(
            "SELECT * FROM c WHERE day = (SELECT max(day) FROM c) ORDER BY age_from",
            c=Scan(self._tables.label_coverage, until=until),
        )
        return [Coverage(**row) for row in rows]
