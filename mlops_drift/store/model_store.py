"""What is asked of one model's tables: every question that is about a day takes that day."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from mlops_drift.monitors.checks import (
    DATA_QUALITY,
    ESTIMATED_PERFORMANCE,
    PERFORMANCE_DROP,
)
from mlops_drift.schema.columns import Target
from mlops_drift.sql import identifier, literal
from mlops_drift.store.lake import Lake, Scan
from mlops_drift.store.tables import ModelTables
from mlops_drift.store.training_sets import TrainingSets
from mlops_drift.store.versions import VersionTables

# SQL of what a row of the performance table is about.
WHAT = "CASE WHEN slice = '' THEN metric ELSE metric || ' of ' || slice END"

# A label counts if it arrived by the as-of day, not before its event; the last one counts.
KNOWN_LABELS = """
    SELECT {key}, arg_max({label}, day) AS {label}, max(day) AS label_day
    FROM labels GROUP BY {key}
"""


def slice_column(name: str) -> str:
    """The name of a joined feature, as text: it may itself be called `label` or `key`."""
    return f"slice {name}"


def slice_text(name: str) -> str:
    """SQL of that column, of the features `f`."""
    # Pandas would write an integer beside a null as 1.0.
    return f"CAST(f.{identifier(name)} AS VARCHAR) AS {identifier(slice_column(name))}"


class ModelStore(VersionTables):
    """The tables of one model, with the questions that assets, sensors and reports ask.

    Args:
        lake: the lake.
        model: name of the model.
        tables: its tables.
        key: name of the key column.
        target: the target.
    """

    def __init__(
        self, lake: Lake, model: str, tables: ModelTables, key: str, target: Target
    ) -> None:
        super().__init__(lake, tables)
        self.sets = TrainingSets(lake.root, model)
        # As SQL.
        self._key, self._label = identifier(key), identifier(target.column)
        self._has_classes = target.is_classification
        self._known_labels = KNOWN_LABELS.format(key=self._key, label=self._label)

    def labelled(self, as_of: date, since: date | None) -> pa.Table:
        """Features with labels known at the end of `as_of`, of events from `since` on.

        Returns:
            Columns of the features table and the label, ordered by day and key.
        """
        columns = ", ".join(
            f"features.{identifier(name)}" for name in self.tables.features.schema.names
        )
        return self.lake.query(
            f"""
            WITH known AS ({self._known_labels})
            SELECT {columns}, known.{self._label}
            FROM features JOIN known USING ({self._key})
            WHERE known.label_day >= features.day
            ORDER BY features.day, features.{self._key}
            """,
            features=Scan(self.tables.features, since, as_of),
            labels=Scan(self.tables.labels, until=as_of),
        )

    def labelled_counts(self, as_of: date) -> tuple[dict[date, int], set[Any]]:
        """Labelled rows by day of the event, and the labels that occur, known at `as_of`.

        Rows that were removed since count: what was decided by their number stays as it was.
        """
        removed = self._removed_days(as_of) if self.lake.has(self.tables.removed_features) else []
        counts: dict[date, int] = {}
        seen: set[Any] = set()
        for row in [*removed, *self._labelled_days(as_of, as_of)]:
            counts[row["day"]] = max(row["n"], counts.get(row["day"], 0))
            seen.update(row["seen"])
        return dict(sorted(counts.items())), seen

    def _removed_days(self, as_of: date) -> list[dict[str, Any]]:
        return self.lake.rows(
            "SELECT event_day AS day, labelled AS n, classes AS seen FROM r "
            f"WHERE event_day <= '{as_of}'",
            r=self.tables.removed_features,
        )

    def _labelled_days(self, until: date, as_of: date) -> list[dict[str, Any]]:
        return self.lake.rows(
            f"""
            WITH known AS ({self._known_labels})
            SELECT features.day, count(*) AS n, list(DISTINCT known.{self._label}) AS seen
            FROM features JOIN known USING ({self._key})
            WHERE known.label_day >= features.day GROUP BY features.day ORDER BY features.day
            """,
            features=Scan(self.tables.features, until=until),
            labels=Scan(self.tables.labels, until=as_of),
        )

    def remember_labelled(self, before: date, as_of: date) -> None:
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
            self.lake.rewrite(self.tables.removed_features, build)

    def earliest_events(self) -> dict[date, date]:
        """By day of arrival, the day of the earliest event that a label is about."""
        found = self.lake.rows(
            f"""
            SELECT labels.day, min(events.day) AS event
            FROM labels JOIN events USING ({self._key}) GROUP BY labels.day
            """,
            labels=self.tables.labels,
            events=self.tables.events,
        )
        return {row["day"]: row["event"] for row in found}

    def unmatched_labels(self, first: date, last: date) -> dict[date, int]:
        """By day of arrival, how many labels had no event up to that day."""
        counted = self.lake.rows(
            f"""
            SELECT labels.day, count(*) AS n
            FROM labels LEFT JOIN events USING ({self._key})
            WHERE events.day IS NULL OR events.day > labels.day GROUP BY labels.day
            """,
            labels=Scan(self.tables.labels, first, last),
            events=Scan(self.tables.events, until=last),
        )
        return {row["day"]: row["n"] for row in counted}

    def last_day(self) -> date | None:
        """The last day that has features."""
        found = self.lake.query("SELECT max(day) AS day FROM f", f=self.tables.features)
        day: date | None = found["day"][0].as_py()
        return day

    def last_landed_day(self) -> date | None:
        """The last day that has features or labels."""
        found = self.lake.rows(
            "SELECT max(day) AS day FROM (SELECT day FROM f UNION ALL SELECT day FROM l)",
            f=self.tables.features,
            l=self.tables.labels,
        )
        day: date | None = found[0]["day"]
        return day

    def origins(self, source: str, first: date, last: date) -> list[dict[str, Any]]:
        """Where the events or the labels that arrived on some days came from.

        Returns:
            origin, digest, first_day, last_day, n (rows, rejected ones too), as they landed last.
            Days without their file are left out.
        """
        return self.lake.rows(
            f"""
            SELECT origin, digest, min(day) AS first_day, max(day) AS last_day, sum(n)::BIGINT AS n
            FROM q WHERE source = {literal(source)} AND origin IS NOT NULL AND digest IS NOT NULL
            GROUP BY origin, digest ORDER BY first_day, origin
            """,
            q=Scan(self.tables.quality, first, last),
        )

    def missing_files(self, first: date, last: date) -> list[dict[str, Any]]:
        """The days that were to land and had no file, of which none has come since.

        Returns:
            day, source (`events` or `labels`), file, by day. One day may lack both.
        """
        # A row that says where from, but not what was read.
        return self.lake.rows(
            "SELECT day, source, origin AS file FROM q "
            "WHERE origin IS NOT NULL AND digest IS NULL ORDER BY day, source",
            q=Scan(self.tables.quality, first, last),
        )

    def outcomes(
        self, first: date, last: date, lookback: int, columns: Sequence[str] = ()
    ) -> pa.Table:
        """Served predictions with every label that arrived for them until `last`.

        Of the production days that a label arriving on `first` to `last` is about, and of the
        `lookback` days before them.

        Args:
            first: first day of arrival.
            last: last day of arrival.
            lookback: further days back.
            columns: features to join.

        Returns:
            day, version, key, prediction, score, label, label_day, and the features under the
            names of `slice_column`; a corrected label has a row for each arrival, in their order.
        """
        touched = self.lake.rows(
            f"""
            SELECT min(p.day) AS first, max(p.day) AS last
            FROM predictions p JOIN labels l USING ({self._key}) WHERE l.day >= p.day
            """,
            predictions=Scan(self.tables.predictions, until=last),
            labels=Scan(self.tables.labels, first, last),
        )[0]
        since = touched["first"] - timedelta(days=lookback) if touched["first"] else last
        until = touched["last"] or since - timedelta(days=1)
        scans = {
            "predictions": Scan(self.tables.predictions, since, until),
            "labels": Scan(self.tables.labels, until=last),
            **({"features": Scan(self.tables.features, since, until)} if columns else {}),
        }
        features = f"JOIN features f USING ({self._key})" if columns else ""
        names = "".join(f", {slice_text(name)}" for name in columns)
        return self.lake.query(
            f"""
            SELECT p.day, p.version, p.{self._key} AS key, p.prediction, p.score,
                   l.{self._label} AS label, l.day AS label_day{names}
            FROM predictions p JOIN labels l USING ({self._key}) {features}
            WHERE l.day >= p.day ORDER BY p.day, p.version, key, label_day
            """,
            **scans,
        )

    def final_outcomes(self, first: date, last: date) -> pa.Table:
        """Served predictions of some days with the last label that ever arrived for each, or none.

        Returns:
            day, version, prediction, score, label, by day.
        """
        return self.lake.query(
            f"""
            WITH known AS ({self._known_labels})
            SELECT p.day, p.version, p.prediction, p.score,
                   CASE WHEN known.label_day >= p.day THEN known.{self._label} END AS label
            FROM predictions p LEFT JOIN known USING ({self._key})
            ORDER BY p.day, p.version, {self._key}
            """,
            predictions=Scan(self.tables.predictions, first, last),
            labels=self.tables.labels,
        )

    def shadow_outcomes(self, first: date, last: date) -> pa.Table:
        """Events of some days that two versions scored, with every label that arrived until `last`.

        Returns:
            day, key, champion, champion_prediction, champion_score, challenger,
            challenger_prediction, challenger_score, label, label_day; an event has a row for each
            arrival, in their order, and one with nulls where no label arrived.
        """
        return self.lake.query(
            f"""
            SELECT p.day, p.{self._key} AS key,
                   p.version AS champion, p.prediction AS champion_prediction,
                   p.score AS champion_score, s.version AS challenger,
                   s.prediction AS challenger_prediction, s.score AS challenger_score,
                   l.{self._label} AS label, l.day AS label_day
            FROM predictions p JOIN shadow s ON s.day = p.day AND s.{self._key} = p.{self._key}
            LEFT JOIN labels l ON l.{self._key} = p.{self._key} AND l.day >= p.day
            ORDER BY p.day, key, champion, challenger, label_day
            """,
            predictions=Scan(self.tables.predictions, first, last),
            shadow=Scan(self.tables.shadow_predictions, first, last),
            labels=Scan(self.tables.labels, first, last),
        )

    def errors_in_order(self, version: int, until: date) -> pa.Table:
        """Predictions of a version with the first label of each, in the order of arrival.

        Returns:
            day, prediction, label, label_day.
        """
        return self.lake.query(
            f"""
            SELECT p.day, any_value(p.prediction) AS prediction,
                   arg_min(l.{self._label}, l.day) AS label, min(l.day) AS label_day
            FROM predictions p JOIN labels l USING ({self._key})
            WHERE l.day >= p.day AND p.version = {version}
            GROUP BY p.day, {self._key} ORDER BY label_day, p.day, {self._key}
            """,
            predictions=Scan(self.tables.predictions, until=until),
            labels=Scan(self.tables.labels, until=until),
        )

    def predicted(self, version: int, first: date, last: date, columns: Sequence[str]) -> pa.Table:
        """What a version predicted on some days: day, prediction, score, and features."""
        names = "".join(f", f.{identifier(name)}" for name in columns)
        features = f"JOIN features f USING (day, {self._key})" if columns else ""
        scans = {"predictions": Scan(self.tables.predictions, first, last)}
        if columns:
            scans["features"] = Scan(self.tables.features, first, last)
        return self.lake.query(
            f"""
            SELECT p.day, p.prediction, p.score{names} FROM predictions p {features}
            WHERE p.version = {version} ORDER BY p.day, p.{self._key}
            """,
            **scans,
        )

    def label_coverage(
        self, first: date, last: date, ages: Sequence[tuple[int, int]]
    ) -> list[dict[str, Any]]:
        """Served predictions and those without label, by day of the look and age in days.

        Args:
            first: first day of the looks.
            last: last day.
            ages: youngest and oldest age, inclusive.

        Returns:
            day, age_from, age_until, predictions, unlabelled; ages without predictions left out.
        """
        oldest = max(until for _, until in ages)
        values = ", ".join(f"({since}, {until})" for since, until in ages)
        # Versions that served the same event count once.
        return self.lake.rows(
            f"""
            WITH served AS (SELECT DISTINCT day, {self._key} FROM p),
            labelled AS (
                SELECT served.day, {self._key}, min(l.day) AS label_day
                FROM served JOIN l USING ({self._key}) WHERE l.day >= served.day
                GROUP BY served.day, {self._key}
            ),
            counted AS (
                SELECT day, label_day, count(*) AS n FROM served
                LEFT JOIN labelled USING (day, {self._key}) GROUP BY day, label_day
            ),
            looks AS (
                SELECT unnest(generate_series(DATE '{first}', DATE '{last}', INTERVAL 1 DAY))::DATE
                    AS look
            ),
            ages(age_from, age_until) AS (VALUES {values})
            SELECT look AS day, age_from, age_until, sum(n)::BIGINT AS predictions,
                   (coalesce(sum(n) FILTER (label_day IS NULL OR label_day > look), 0))::BIGINT
                       AS unlabelled
            FROM looks JOIN counted ON counted.day <= look
            JOIN ages ON look - counted.day BETWEEN age_from AND age_until
            GROUP BY ALL ORDER BY ALL
            """,
            p=Scan(self.tables.predictions, first - timedelta(days=oldest), last),
            l=Scan(self.tables.labels, first - timedelta(days=oldest), last),
        )

    def daily_values(self, version: int | None, until: date) -> list[dict[str, Any]]:
        """The metric of each production day by version, as last measured up to a day.

        Returns:
            day (of production), version, metric, value, n, in their order; undefined ones left out.
        """
        mine = "" if version is None else f"AND version = {version}"
        # Not `NOT isnan`: DuckDB decides that by Parquet statistics, which do not count nan.
        return self.lake.rows(
            f"""
            SELECT production_day AS day, version, any_value(metric) AS metric,
                   arg_max(value, day) AS value, arg_max(n, day) AS n
            FROM p WHERE "check" = '{PERFORMANCE_DROP}' AND "window" = 1 AND isfinite(value) {mine}
            GROUP BY production_day, version ORDER BY production_day, version
            """,
            p=Scan(self.tables.performance, until=until),
        )

    def performance_history(self, version: int, until: date) -> list[dict[str, Any]]:
        """Realized and estimated metric of the single production days of a version.

        Returns:
            day, realized, lower, upper (of the realized value), estimated, as last measured up to
            `until`; None where there is none.
        """
        return self.lake.rows(
            f"""
            WITH daily AS (
                SELECT production_day AS day, day AS seen, "check", value, lower, upper FROM p
                WHERE "window" = 1 AND slice = '' AND isfinite(value) AND version = {version}
            )
            SELECT day,
                   arg_max(value, seen) FILTER ("check" = '{PERFORMANCE_DROP}') AS realized,
                   arg_max(lower, seen) FILTER ("check" = '{PERFORMANCE_DROP}') AS lower,
                   arg_max(upper, seen) FILTER ("check" = '{PERFORMANCE_DROP}') AS upper,
                   arg_max(value, seen) FILTER ("check" = '{ESTIMATED_PERFORMANCE}') AS estimated
            FROM daily WHERE "check" IN ('{PERFORMANCE_DROP}', '{ESTIMATED_PERFORMANCE}')
            GROUP BY day ORDER BY day
            """,
            p=Scan(self.tables.performance, until=until),
        )

    def evaluations(self, after: date) -> list[dict[str, Any]]:
        """What every check found after a day: all failed numbers, of others one a day and verdict.

        Returns:
            day, check, version, verdict, reason, value, threshold, n, window, column.
        """
        since = after + timedelta(days=1)
        return self.lake.rows(
            f"""
            WITH numbers AS (
                SELECT day, "check", version, verdict, reason, value, threshold, n, "window",
                       "column"
                FROM drift
                UNION ALL
                SELECT day, "check", version, verdict, reason, value, threshold, n, "window",
                       {WHAT}
                FROM performance
                UNION ALL
                SELECT day, '{DATA_QUALITY}', version, verdict, reason, value, threshold, n, 1,
                       source
                FROM quality
            )
            SELECT * FROM numbers
            QUALIFY verdict = 'fail' OR row_number() OVER (
                PARTITION BY day, "check", version, verdict ORDER BY "column", "window"
            ) = 1
            ORDER BY day, "check", version, "column", "window"
            """,
            drift=Scan(self.tables.drift, since),
            performance=Scan(self.tables.performance, since),
            quality=Scan(self.tables.quality, since),
        )

    def failures(
        self, version: int, after: date, until: date, checks: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Every failed number about a version after a day and up to another, by day.

        Args:
            version: the version.
            after: the day of its promotion.
            until: the last day.
            checks: the checks that count.
        """
        if not checks:
            return []
        since = after + timedelta(days=1)
        counts = f'"check" IN ({", ".join(map(repr, checks))})'
        return self.lake.rows(
            f"""
            SELECT "check", day, day AS production_day, version, "window", "column", value,
                   threshold, n, reason
            FROM drift WHERE verdict = 'fail' AND version = {version} AND {counts}
            UNION ALL
            SELECT "check", day, production_day, version, "window",
                   {WHAT}, value, threshold, n, reason
            FROM performance WHERE verdict = 'fail' AND version = {version} AND {counts}
            UNION ALL
            SELECT "check", day, day, {version}, 1, source, value, threshold, n, reason
            FROM (SELECT *, '{DATA_QUALITY}' AS "check" FROM quality)
            WHERE verdict = 'fail' AND {counts}
            ORDER BY day, 1, 3, 6, n
            """,
            drift=Scan(self.tables.drift, since, until),
            performance=Scan(self.tables.performance, since, until),
            quality=Scan(self.tables.quality, since, until),
        )
