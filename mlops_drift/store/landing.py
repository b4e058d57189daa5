"""What landed of one model's sources, and what is missing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa

from mlops_drift.sql import literal
from mlops_drift.store.lake import Lake, Scan
from mlops_drift.store.records import LandedColumn, LandedFile
from mlops_drift.store.tables import ModelTables, Table

# Name, type and derivation of a column.
ColumnIdentity = tuple[str, str, str]

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
        late = {of for _, of in self.late_landings(first, last, sources)}
        return sorted(day for day in late if not first <= day <= last)

    def late_landings(
        self, first: date, last: date, sources: Collection[str]
    ) -> list[tuple[date, date]]:
        """Each day, `first` to `last`, that rows of another day landed with, late, and that day."""
        names = ", ".join(map(literal, sources))
        sql = (
            f"SELECT DISTINCT day, row_day FROM r WHERE late > 0 AND source IN ({names}) "
            f"AND day BETWEEN '{first}' AND '{last}' AND row_day <> day ORDER BY day, row_day"
        )
        rows = self._lake.rows(sql, r=self._tables.received)
        return [(row["day"], row["row_day"]) for row in rows]

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
        return [one for one in self._columns() if one.last_day is None]

    def _columns(self) -> list[LandedColumn]:
        table = self._tables.columns
        return self._lake.records(
            LandedColumn, 'FROM c ORDER BY "column", type, derivation, first_day', c=table
        )

    def note_columns(self, kept: Mapping[ColumnIdentity, date | None], last: date) -> None:
        """Records which columns are kept with the rows of some days.

        Each with the first of these days since which the rows have it, None where they do not to
        the end: that is no beginning. One that is on record and not among them is kept no longer.
        Nothing is written where all is on record, as on almost every day.
        """
        before = self._columns()
        lasting = {_identity(one) for one in before if one.last_day is None}
        # A column that is kept no longer, and was when these days landed first, ends with them.
        is_past = any(begun and one not in lasting for one, begun in kept.items()) and last < (
            self._last("FROM e", e=self._tables.events) or last
        )

        def changed(known: Sequence[LandedColumn]) -> list[LandedColumn]:
            found = [
                one
                for identity, begun in kept.items()
                for one in _extended(identity, begun, last, known, is_past=is_past)
            ]
            return sorted(found, key=lambda one: (*_identity(one), one.first_day))

        if changed(before) == before:
            return

        def build(existing: pa.Table) -> pa.Table:
            new = changed([LandedColumn(**row) for row in existing.to_pylist()])
            return pa.Table.from_pylist(list(map(vars, new)), schema=existing.schema)

        self._lake.rewrite(self._tables.columns, build)


def _identity(column: LandedColumn) -> ColumnIdentity:
    return column.column, column.type, column.derivation


def _extended(
    identity: ColumnIdentity,
    begun: date | None,
    last: date,
    known: Sequence[LandedColumn],
    *,
    is_past: bool,
) -> list[LandedColumn]:
    """What is on record of a column, with the days from `begun` to `last`, which may be past."""
    mine = [one for one in known if _identity(one) == identity]
    since = next((one.first_day for one in mine if one.last_day is None), None)
    if begun is None or (since and begun >= since):
        return mine
    name, kind, derivation = identity
    new = LandedColumn(name, kind, begun, derivation)
    # They may join on to earlier ones that have landed again, and to those after them.
    for one in mine:
        if one.last_day and one.first_day <= begun <= one.last_day + date.resolution:
            new, last = replace(new, first_day=one.first_day), max(last, one.last_day)
    if since is None:
        return [replace(new, last_day=last) if is_past else new]
    if last + date.resolution >= since:
        return [new]
    return [replace(new, last_day=last), LandedColumn(name, kind, since, derivation)]
