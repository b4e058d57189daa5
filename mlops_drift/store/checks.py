"""What the checks of one model found."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from mlops_drift.monitors.checks import DATA_QUALITY, ESTIMATED_PERFORMANCE, PERFORMANCE_DROP
from mlops_drift.store.lake import Lake, Scan
from mlops_drift.store.tables import ModelTables

# SQL of what a row of the performance table is about.
WHAT = "CASE WHEN slice = '' THEN metric ELSE metric || ' of ' || slice END"


class CheckRepository:
    """The numbers and verdicts of every check.

    Args:
        lake: the lake.
        tables: the model's tables.
    """

    def __init__(self, lake: Lake, tables: ModelTables) -> None:
        self._lake, self._tables = lake, tables

    def daily_values(self, version: int | None, until: date) -> list[dict[str, Any]]:
        """The metric of each production day by version, as last measured up to a day.

        Returns:
            day (of production), version, metric, value, n, in their order; undefined ones left out.
        """
        mine = "" if version is None else f"AND version = {version}"
        # Not `NOT isnan`: DuckDB decides that by Parquet statistics, which do not count nan.
        return self._lake.rows(
            f"""
            SELECT production_day AS day, version, any_value(metric) AS metric,
                   arg_max(value, day) AS value, arg_max(n, day) AS n
            FROM p WHERE "check" = '{PERFORMANCE_DROP}' AND "window" = 1 AND isfinite(value) {mine}
            GROUP BY production_day, version ORDER BY production_day, version
            """,
            p=Scan(self._tables.performance, until=until),
        )

    def performance_history(self, version: int, until: date) -> list[dict[str, Any]]:
        """Realized and estimated metric of the single production days of a version.

        Returns:
            day, realized, lower, upper (of the realized value), estimated, as last measured up to
            `until`; None where there is none.
        """
        return self._lake.rows(
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
            p=Scan(self._tables.performance, until=until),
        )

    def evaluations(self, after: date) -> list[dict[str, Any]]:
        """What every check found after a day: all failed numbers, of others one a day and verdict.

        Returns:
            day, check, version, verdict, reason, value, threshold, n, window, column.
        """
        since = after + timedelta(days=1)
        return self._lake.rows(
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
            drift=Scan(self._tables.drift, since),
            performance=Scan(self._tables.performance, since),
            quality=Scan(self._tables.quality, since),
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
        return self._lake.rows(
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
            drift=Scan(self._tables.drift, since, until),
            performance=Scan(self._tables.performance, since, until),
            quality=Scan(self._tables.quality, since, until),
        )
