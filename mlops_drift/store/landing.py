"""What landed of one model's sources, and what is missing."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from mlops_drift.sql import literal
from mlops_drift.store.lake import Lake, Scan
from mlops_drift.store.records import LandedColumn, LandedFile
from mlops_drift.store.tables import ModelTables, Table

# SQL of a `LandedFile` that is still to come.
_IS_MISSING = "origin IS NOT NULL AND digest IS NULL"


class LandingRepository:
    """The days that landed, and where their rows came from."""

    def __init__(self, lake: Lake, tables: ModelTables) -> None:
        self._lake, self._tables = lake, tables

    def last_day(self) -> date | None:
        """The last day that has features."""
        return self._last("FROM f", f=self._tables.features)

    def last_landed_day(self) -> date | None:
        """The last day that has features or labels."""
        both = "FROM (SELECT day FROM f UNION ALL SELECT day FROM l)"
        return self._last(both, f=self._tables.features, l=self._tables.labels)

    def _last(self, tables: str, **named: Table) -> date | None:
        day: date | None = self._lake.rows(f"SELECT max(day) AS day {tables}", **named)[0]["day"]
        return day

    def files(self, first: date, last: date) -> list[LandedFile]:
        """Where the rows that arrived on each of some days came from, by day and source."""
        scan = Scan(self._tables.files, first, last)
        return self._lake.records(LandedFile, "FROM f ORDER BY day, source", f=scan)

    def origins(self, source: str, first: date, last: date) -> list[dict[str, Any]]:
        """Where the events or labels that arrived on some days came from, as they landed last."""
        return self._lake.rows(
            f"""
            SELECT origin, digest, min(day) AS first_day, max(day) AS last_day, sum(n)::BIGINT AS n
            FROM f WHERE source = {literal(source)} AND origin IS NOT NULL AND digest IS NOT NULL
            GROUP BY origin, digest ORDER BY first_day, origin
            """,
            f=Scan(self._tables.files, first, last),
        )

    def missing_files(self, first: date, last: date) -> list[dict[str, Any]]:
        """The days whose file is still missing: day, source (`events` or `labels`), file."""
        return self._lake.rows(
            f"SELECT day, source, origin AS file FROM f WHERE {_IS_MISSING} ORDER BY day, source",
            f=Scan(self._tables.files, first, last),
        )

    def landed_days(self, source: str, first: date, last: date) -> set[date]:
        """The days whose file of a source was read."""
        sql = f"SELECT day FROM f WHERE source = {literal(source)} AND digest IS NOT NULL"
        return {row["day"] for row in self._lake.rows(sql, f=Scan(self._tables.files, first, last))}

    def counts(self, source: str, first: date, last: date) -> dict[date, int]:
        """Events or labels that arrived on each day that has landed, unusable ones too."""
        landed = f"source = {literal(source)} AND NOT ({_IS_MISSING})"
        sql = f"SELECT day, n FROM f WHERE {landed} ORDER BY day"
        rows = self._lake.rows(sql, f=Scan(self._tables.files, first, last))
        return {row["day"]: row["n"] for row in rows}

    def late_days(self, first: date, last: date, sources: Collection[str]) -> list[date]:
        """The days that rows of some sources landed on late, when others landed, `first` to `last`.

        These others are not among them.
        """
        landed, names = f"BETWEEN '{first}' AND '{last}'", ", ".join(map(literal, sources))
        sql = (
            f"SELECT DISTINCT row_day FROM r WHERE late > 0 AND source IN ({names}) "
            f"AND day {landed} AND row_day NOT {landed} ORDER BY row_day"
        )
        return [row["row_day"] for row in self._lake.rows(sql, r=self._tables.received)]

    def last_events(self, until: date) -> date | None:
        """The last day up to another whose events were read, unusable ones too."""
        sql = f"FROM f WHERE source = 'events' AND n > 0 AND NOT ({_IS_MISSING})"
        found: date | None = self._lake.rows(
            f"SELECT max(day) AS day {sql}", f=Scan(self._tables.files, until=until)
        )[0]["day"]
        return found

    def last_days(self, since: date | None = None) -> dict[str, date]:
        """By source the last day, from another on, whose rows were read, unusable ones too."""
        sql = f"FROM f WHERE n > 0 AND NOT ({_IS_MISSING}) GROUP BY source ORDER BY source"
        rows = self._lake.rows(
            f"SELECT source, max(day) AS day {sql}", f=Scan(self._tables.files, since)
        )
        return {row["source"]: row["day"] for row in rows}

    def put_files(self, source: str, files: Sequence[LandedFile]) -> None:
        """Records where the rows of consecutive days came from, in place of what was recorded."""
        table = self._tables.files
        days = [one.day for one in files]
        data = pa.Table.from_pylist([vars(one) for one in files], schema=table.schema)
        where = f"source = {literal(source)}"
        self._lake.replace_days(table, min(days), max(days), data, where=where)

    def columns(self) -> list[LandedColumn]:
        """Since when each column is kept without a gap."""
        table = self._tables.columns
        return self._lake.records(
            LandedColumn, 'FROM c ORDER BY "column", type, derivation', c=table
        )

    def note_columns(self, kept: Collection[tuple[str, str, str]], first: date, last: date) -> None:
        """Records that some columns (name, type, derivation) are kept with the rows of some days.

        One that is on record and not among them is kept no longer. Nothing is written where all is
        on record, as on almost every day.
        """

        def changed(known: Sequence[LandedColumn]) -> list[LandedColumn]:
            since = {(one.column, one.type, one.derivation): one.first_day for one in known}
            # Days before those on record count where they join on to them.
            next_day = last + timedelta(days=1)
            found = {
                one: first if one not in since or first < since[one] <= next_day else since[one]
                for one in kept
            }
            return [
                LandedColumn(column, kind, day, derivation)
                for (column, kind, derivation), day in sorted(found.items())
            ]

        if changed(before := self.columns()) == before:
            return

        def build(existing: pa.Table) -> pa.Table:
            new = changed([LandedColumn(**row) for row in existing.to_pylist()])
            return pa.Table.from_pylist(list(map(vars, new)), schema=existing.schema)

        self._lake.rewrite(self._tables.columns, build)
