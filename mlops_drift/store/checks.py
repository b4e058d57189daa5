"""What the checks of one model found."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from mlops_drift.monitors.base import NO_FILE, NOT_SIGNIFICANT, REPLACED, Asset, CheckEvaluation
from mlops_drift.monitors.estimated_performance import EstimatedPerformance
from mlops_drift.monitors.performance_drop import PerformanceDrop
from mlops_drift.monitors.pictures import Point
from mlops_drift.sql import literal
from mlops_drift.store.lake import Lake, Scan, both
from mlops_drift.store.records import CheckDay, WorstOfDay
from mlops_drift.store.tables import ModelTables


def _overall(over: str = "") -> str:
    """SQL of `overall` over the verdicts of a group, or of a window."""
    return (
        f"CASE WHEN bool_or(verdict = 'fail') {over} THEN 'fail' "
        f"WHEN bool_or(verdict = 'pass') {over} THEN 'pass' ELSE 'unknown' END"
    )


class CheckRepository:
    """The evaluations of every check."""

    def __init__(self, lake: Lake, tables: ModelTables) -> None:
        self._lake, self._table = lake, tables.checks

    def replace(
        self, asset: Asset, first: date, last: date, evaluations: Sequence[CheckEvaluation]
    ) -> None:
        """Replaces what the checks of one asset found on some days."""
        rows = [{"asset": asset, **vars(item)} for item in evaluations]
        data = pa.Table.from_pylist(rows, schema=self._table.schema)
        where = f"asset = {literal(asset)}"
        self._lake.replace_days(self._table, first, last, data, where=where)

    def find(
        self,
        since: date | None = None,
        until: date | None = None,
        *,
        checks: Collection[str] | None = None,
        failed: bool = False,
    ) -> list[CheckEvaluation]:
        """What checks found on some days, by day, check, version, subject and window."""
        where = both(
            "verdict = 'fail'" if failed else None,
            f'"check" IN ({", ".join(map(literal, sorted(checks)))})' if checks else None,
        )
        return self._read(f"WHERE {where}" if where else "", Scan(self._table, since, until))

    def in_short(self, since: date) -> list[CheckEvaluation]:
        """All that failed from a day on; of the rest, one evaluation a day, check and verdict."""
        same = 'PARTITION BY day, "check", version, verdict ORDER BY subject, "window"'
        shown = f"QUALIFY verdict = 'fail' OR row_number() OVER ({same}) = 1"
        return self._read(shown, Scan(self._table, since))

    def by_day(self, since: date | None = None, until: date | None = None) -> list[CheckDay]:
        """What each check found about each version on some days, over all that it judged."""
        subjects = "count(DISTINCT subject)"
        return self._lake.records(
            CheckDay,
            f"""
            SELECT day, "check", version, {_overall()} AS verdict, {subjects} AS subjects,
                   {subjects} FILTER (verdict = 'fail') AS failing
            FROM c GROUP BY day, "check", version ORDER BY day, "check", version
            """,
            c=Scan(self._table, since, until),
        )

    def worst_by_day(self, asset: Asset, since: date, until: date) -> list[WorstOfDay]:
        """What each check of an asset found on some days about the version that served them.

        With the worst evaluation in the order of `ranking.rank`; other versions are on record as
        replaced.
        """
        distance = "abs(value - threshold) / coalesce(nullif(abs(threshold), 0), 1)"
        beyond = f"verdict = 'fail' OR code = '{NOT_SIGNIFICANT}'"
        excess = f"CASE WHEN {beyond} THEN {distance} ELSE -{distance} END"
        # Of an unknown, and of undefined numbers, there is none to compare.
        known = f"CASE WHEN verdict <> 'unknown' AND isfinite({distance}) THEN {excess} END"
        chance = "CASE WHEN isfinite(q) THEN q WHEN isfinite(p) THEN p END"
        verdicts = f"code <> '{NO_FILE}' AND verdict = 'fail' DESC, code = '{NO_FILE}' DESC"
        first = f"{verdicts}, verdict = 'pass' DESC"
        same = 'subject, "window", production_day'
        of_check = 'PARTITION BY day, "check"'
        order = f"{first}, {known} DESC NULLS LAST, {chance} NULLS LAST, {same}"
        return self._lake.records(
            WorstOfDay,
            f"""
            SELECT day, "check", version,
                   {_overall(f"OVER ({of_check})")} AS verdict,
                   count(DISTINCT subject) OVER ({of_check}) AS subjects,
                   count(DISTINCT subject) FILTER (verdict = 'fail') OVER ({of_check}) AS failing,
                   subject, "window", value, lower, upper, threshold, n
            FROM c WHERE asset = {literal(asset)} AND code <> '{REPLACED}'
            QUALIFY row_number() OVER ({of_check} ORDER BY {order}) = 1
            ORDER BY day, "check"
            """,
            c=Scan(self._table, since, until),
        )

    def by_production_day(
        self, checks: Collection[str], since: date, until: date
    ) -> list[dict[str, Any]]:
        """The numbers of checks by production day, version, subject and window, as last measured.

        Of production days from `since` on; `failed` says whether any of the days has failed it.
        """
        names = ("value", "lower", "upper", "threshold", "n")
        last = ", ".join(f"arg_max({name}, day) AS {name}" for name in names)
        return self._lake.rows(
            f"""
            SELECT "check", production_day, version, subject, "window", {last},
                   bool_or(verdict = 'fail') AS failed
            FROM c WHERE "check" IN ({", ".join(map(literal, sorted(checks)))})
                AND isfinite(value) AND production_day >= '{since}'
            GROUP BY ALL ORDER BY production_day, version, "check", subject, "window"
            """,
            c=Scan(self._table, since, until),
        )

    def by_subject(self, check: str, since: date, until: date) -> list[dict[str, Any]]:
        """What a check found about each subject on some days: of its windows the furthest beyond.

        `excess` is the value in units of the limit, null where it is undefined.
        """
        excess = "CASE WHEN isfinite(value) AND threshold > 0 THEN value / threshold END"
        return self._lake.rows(
            f"""
            SELECT day, version, subject, max({excess}) AS excess,
                   max({excess}) FILTER (verdict = 'fail') AS failed_excess,
                   {_overall()} AS verdict
            FROM c WHERE "check" = {literal(check)}
            GROUP BY day, version, subject ORDER BY day, version, subject
            """,
            c=Scan(self._table, since, until),
        )

    def latest(self, until: date | None = None, since: date | None = None) -> list[CheckEvaluation]:
        """What each check found on the last of some days that it was evaluated on."""
        newest = 'QUALIFY day = max(day) OVER (PARTITION BY "check")'
        return self._read(newest, Scan(self._table, since, until))

    def on_last_day(self, asset: Asset, since: date) -> list[CheckEvaluation]:
        """What the checks of one asset found on their last day, of those from a day on."""
        newest = f"WHERE asset = {literal(asset)} QUALIFY day = max(day) OVER ()"
        return self._read(newest, Scan(self._table, since))

    def _read(self, condition: str, scan: Scan) -> list[CheckEvaluation]:
        order = 'day, "check", version, subject, production_day, "window", n'
        sql = f"SELECT * EXCLUDE asset FROM c {condition} ORDER BY {order}"
        return self._lake.records(CheckEvaluation, sql, c=scan)

    def daily_values(self, until: date) -> list[dict[str, Any]]:
        """The metric of each production day by version, as last measured, where it is defined."""
        # Not `NOT isnan`: DuckDB decides that by Parquet statistics, which do not count nan.
        return self._lake.rows(
            f"""
            SELECT production_day AS day, version, any_value(subject) AS metric,
                   arg_max(value, day) AS value, arg_max(n, day) AS n
            FROM c WHERE "check" = {literal(PerformanceDrop.name)} AND "window" = 1
                AND isfinite(value)
            GROUP BY production_day, version ORDER BY production_day, version
            """,
            c=Scan(self._table, until=until),
        )

    def performance_history(self, since: date, until: date) -> list[Point]:
        """Realized and estimated metric of each production day and version, as last measured.

        As was measured on the days `since` to `until`.
        """
        names = literal(PerformanceDrop.name), literal(EstimatedPerformance.name)
        realized, estimated = (f'FILTER ("check" = {name})' for name in names)
        return self._lake.records(
            Point,
            f"""
            WITH daily AS (
                SELECT production_day AS day, version, day AS seen, "check", value, lower, upper
                FROM c WHERE "window" = 1 AND isfinite(value)
                    AND "check" IN ({", ".join(names)})
            )
            SELECT day, version, arg_max(value, seen) {realized} AS realized,
                   arg_max(lower, seen) {realized} AS lower,
                   arg_max(upper, seen) {realized} AS upper,
                   arg_max(value, seen) {estimated} AS estimated
            FROM daily GROUP BY day, version ORDER BY day, version
            """,
            c=Scan(self._table, since, until),
        )
