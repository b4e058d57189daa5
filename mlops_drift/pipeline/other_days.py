"""Rows of other days than those that land: which of them are on no record.

A day is looked at where the digest of its rows is another than the one on record. Then each of its
rows is compared with those that landed or were quarantined: a row that is not among them is new,
and one that is on record and not in the source is gone. A row whose values were changed is both.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.pipeline.constraints import typed
from mlops_drift.pipeline.destination import Destination
from mlops_drift.pipeline.raw_rows import as_json, in_sql
from mlops_drift.sources.base import LISTED, Look, OtherDays, Part
from mlops_drift.sql import identifier, literal
from mlops_drift.store.lake import Lake, Scan
from mlops_drift.store.records import Received


@dataclass(frozen=True)
class State:
    """What a source holds of a day.

    Attributes:
        digest: of all its rows; None where they cannot be read.
        stamp: of the file of the day, see `Received`.
        gone: rows on record that the source no longer has.
    """

    digest: str | None
    stamp: str | None = None
    gone: int | None = 0


NO_STATE = State(None, gone=None)
# Rows and digest of a day that has none.
NOTHING = (0, "")


@dataclass(frozen=True)
class NewRows:
    """Rows of other days that are on no record.

    Attributes:
        is_changed: of each row, whether its day has landed a row of the same key.
        is_removed: of each row, whether the retention has removed rows of its day.
    """

    part: Part
    is_changed: Sequence[bool]
    is_removed: Sequence[bool]


@dataclass
class Found:
    """What a source holds of other days.

    Attributes:
        new: rows of days that have run, or never will, that are on no record.
        kept: rows, by day, that landed late with a landing that was cut off or is made again.
        states: of each day that was looked at; None stands for no readable day.
        total: rows of the whole source, where it was read as a whole.
        waiting: rows of days that have not run.
        note: what keeps files of days that have run from being read; empty if nothing does.
    """

    new: list[NewRows] = field(default_factory=list)
    kept: Counter[date | None] = field(default_factory=Counter)
    states: dict[date | None, State] = field(default_factory=dict)
    total: int | None = None
    waiting: int = 0
    note: str = ""


class RecordOfOtherDays:
    """The rows of a source on record, but for those of the days that land: the ledger has them.

    Of days that are to land next nothing is said, as their rows are not late.
    """

    def __init__(
        self,
        to: Destination,
        ledger: Sequence[Received],
        landing: Collection[date],
        next_days: Collection[date],
    ) -> None:
        self._to, self._ledger, self._landing, self._next = to, ledger, landing, set(next_days)
        self._recorded: Counter[date | None] = Counter()
        for entry in ledger:
            self._recorded[entry.row_day] += entry.rows
        self._states = {
            entry.row_day: State(entry.digest, entry.stamp, entry.gone or 0)
            for entry in ledger
            if entry.digest is not None or entry.stamp is not None
        }
        self._ran = {entry.day for entry in ledger if entry.is_own}

    def find(self, others: OtherDays) -> Found:
        """What a source holds of other days than those that land."""
        found, problems = Found(), []
        known = {day: self._states.get(day, NO_STATE).stamp for day in self._ran - self._next}
        stamps = {day: stamp for day, stamp in known.items() if stamp is not None}
        for look in others(stamps):
            if look.problem:
                problems.append(look.problem)
                found.states[look.day] = replace(self._states[look.day], stamp=look.stamp)
                continue
            held = digests(self._to.lake, [look.part], self._to.names)
            days: set[date | None] = {look.day}
            if look.day is None:
                found.total = look.part.rows.num_rows if look.before is None else None
                found.waiting = sum(rows for day, (rows, _) in held.items() if self._waits(day))
                days = self._days_of(look, held)
            self._compare(look, days, held, found)
        if len(problems) > LISTED:
            problems[LISTED:] = [f"and {len(problems) - LISTED} more files"]
        found.note = "; ".join(problems)
        return found

    def _days_of(self, look: Look, held: Collection[date | None]) -> set[date | None]:
        """The days that a look at several days is at."""
        days = {day for day in {*self._recorded, *held} if not self._waits(day)}
        days -= {*self._landing, *self._next}
        end = look.before or date.max
        if look.since is None:
            return {day for day in days if day is None or day < end}
        return {day for day in self._ran if day in days and look.since <= day < end}

    def _waits(self, day: date | None) -> bool:
        """Whether a day has not run, and will."""
        has_run = day in self._ran or day in self._landing
        return day is not None and day >= self._to.start_date and not has_run

    def _compare(
        self,
        look: Look,
        days: Collection[date | None],
        held: Mapping[date | None, tuple[int, str]],
        found: Found,
    ) -> None:
        """Finds the states of some days, and their rows that are on no record."""
        known = {day: self._states.get(day, NO_STATE) for day in days}
        changed = {day for day in days if known[day].digest != held.get(day, NOTHING)[1]}
        new: Counter[date | None] = Counter()
        if changed:
            of_changed = pc.is_in(look.part.days, value_set=pa.array(list(changed), pa.date32()))
            rows, kept = self._new_rows(look.part.filter(of_changed), changed)
            new.update(rows.part.days.to_pylist())
            found.new += [rows] if new else []
            found.kept.update(kept)
        for day in days:
            count, digest = held.get(day, NOTHING)
            gone = known[day].gone
            if day in changed:
                gone = self._recorded[day] + found.kept[day] + new[day] - count
            found.states[day] = State(digest, look.stamp, gone)

    def _new_rows(
        self, part: Part, days: Collection[date | None]
    ) -> tuple[NewRows, dict[date | None, int]]:
        """The rows of some days that are on no record, and how many that landed are on none.

        Where the retention has removed rows from the tables, so many are taken for these.
        """
        part, quarantined = self._not_quarantined(part, days)
        part, is_changed, landed = self._not_landed(part, days)
        removed = {day: self._recorded[day] - quarantined[day] - landed[day] for day in days}
        kept = {day: -number for day, number in removed.items() if number < 0}
        lacking = {day for day, number in removed.items() if number > 0}
        new, of_new = [], part.days.to_pylist()
        for number, day in enumerate(of_new):
            if removed[day] > 0:
                removed[day] -= 1
            else:
                new.append(number)
        of_new = [of_new[number] for number in new]
        changed = [is_changed[number] for number in new]
        return NewRows(part.select(new), changed, [day in lacking for day in of_new]), kept

    def _not_quarantined(
        self, part: Part, days: Collection[date | None]
    ) -> tuple[Part, Counter[date | None]]:
        """The rows that are not quarantined, and how many are, by day."""
        kept = [entry.day for entry in self._ledger if entry.row_day in days]
        others = {entry.day for entry in self._ledger}
        table = self._to.tables.quarantined
        stored = self._to.lake.rows(
            f"SELECT day, row_day, row FROM q WHERE source = {literal(self._to.source)}",
            q=Scan(table, min(kept, default=date.max), max(kept, default=date.min)),
        )
        names = [*self._to.names, part.day_column or ""]
        record = Counter(
            (row["row_day"], _identity(row["row"], names))
            for row in stored
            if row["row_day"] in days and row["day"] in others
        )
        counts = Counter(day for day, _ in record.elements())
        if not record:
            return part, counts
        present = [name for name in names if name in part.rows.column_names]
        texts = as_json(self._to.lake, part.rows.select(present))
        left = []
        for number, (day, text) in enumerate(zip(part.days.to_pylist(), texts, strict=True)):
            row = (day, _identity(text, names))
            if record[row] > 0:
                record[row] -= 1
            else:
                left.append(number)
        return part.select(left), counts

    def _not_landed(
        self, part: Part, days: Collection[date | None]
    ) -> tuple[Part, list[bool], Counter[date | None]]:
        """The rows that did not land, whether others of their keys did, and how many did by day."""
        dated = self._ran.intersection(days)
        to = self._to
        columns = [*to.columns, *(one.name for one in to.further)]
        pairs = {f"v{number}": name for number, name in enumerate(columns, start=1)}
        # Labels have no time.
        if "event_time" in to.table.schema.names:
            pairs["event_time"] = "event_time"
        since = self._to.since
        same = " AND ".join(
            f"(s.{cell} IS NOT DISTINCT FROM l.{identifier(name)}"
            + (f" OR s.day < '{since[name]}')" if name in since else ")")
            for cell, name in pairs.items()
        )
        landed = Scan(to.table, min(dated, default=date.max), max(dated, default=date.min))
        found = to.lake.query(
            f"""
            SELECT ordinal, has_key
            FROM (SELECT *, row_number() OVER (PARTITION BY day, v0, same ORDER BY ordinal) AS nth
                  FROM (SELECT s.ordinal, s.day, s.v0, l.day IS NOT NULL AS has_key,
                            l.day IS NOT NULL AND s.is_good AND {same} AS same
                        FROM typed s LEFT JOIN landed l
                            ON s.day = l.day AND s.v0 = l.{identifier(to.key)}))
            WHERE NOT same OR nth > 1
            ORDER BY ordinal
            """,
            typed=typed(to, part),
            landed=landed,
        )
        counted = to.lake.rows("SELECT day, count(*) AS n FROM landed GROUP BY day", landed=landed)
        counts: Counter[date | None] = Counter({row["day"]: row["n"] for row in counted})
        return part.select(found["ordinal"].to_pylist()), found["has_key"].to_pylist(), counts


def digests(
    lake: Lake, parts: Iterable[Part], names: Sequence[str]
) -> dict[date | None, tuple[int, str]]:
    """The number of rows of each day, and a digest of their day and these columns in any order."""
    rows: Counter[date | None] = Counter()
    sums: Counter[date | None] = Counter()
    for part in parts:
        present = [name for name in [*names, part.day_column] if name in part.rows.column_names]
        cells = in_sql(part.rows.select(present))
        hashed = ", ".join(["event_time", *cells.column_names])
        found = lake.rows(
            f"SELECT day, count(*) AS rows, sum(hash({hashed})) AS sum FROM cells GROUP BY day",
            cells=cells.append_column("day", part.days).append_column("event_time", part.times),
        )
        rows.update({row["day"]: row["rows"] for row in found})
        sums.update({row["day"]: int(row["sum"]) for row in found})
    return {day: (rows[day], f"{sums[day]:x}") for day in rows}


def _identity(row: str, names: Sequence[str]) -> tuple[str | None, ...]:
    """What a raw row says, whatever the types of its file are."""
    values = json.loads(row)
    return tuple(_plain(values.get(name)) for name in names)


def _plain(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None else str(value).strip() or None
