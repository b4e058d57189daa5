"""Which rows of a source are on record: every one lands, is quarantined, or waits for its day."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.pipeline.destination import Destination
from mlops_drift.pipeline.late_rows import Changes, changes, put_late
from mlops_drift.pipeline.ledger import Account, account_of, entries, is_own
from mlops_drift.pipeline.other_days import (
    NO_STATE,
    NOTHING,
    Found,
    RecordOfOtherDays,
    State,
    digests,
)
from mlops_drift.pipeline.quarantine import quarantined_rows
from mlops_drift.schema.day_columns import count_days
from mlops_drift.schema.days import days_between
from mlops_drift.sources.base import Batch
from mlops_drift.sql import literal
from mlops_drift.store.records import Received

UNKNOWN_STAMP = "?"


@dataclass(frozen=True)
class Put:
    """What became of a landing.

    Attributes:
        quarantined: all rows that are quarantined with its days, those of other days among them.
        account: where all rows of the source are.
        late: how many rows landed on other days, by day.
        again: how its own days differ from what had landed of them before.
    """

    quarantined: pa.Table
    account: Account
    late: Mapping[date, int]
    again: Mapping[date, Changes]


class Landing:
    """One landing of some days of a source, and of what is new among the rows of other days.

    The days after them, up to `until`, land next.
    """

    def __init__(
        self, to: Destination, batch: Batch, first: date, last: date, until: date | None = None
    ) -> None:
        self._to, self._batch = to, batch
        self._first, self._last = first, last
        self._days = days_between(first, last)
        self._next = days_between(last, until or last)[1:]

    def put(self, accepted: pa.Table, faulty: pa.Table) -> Put:
        """Puts the rows of the days into their tables, and records them.

        New rows of days that have run land late, on their own day; those that their day has with
        other values are quarantined.

        A landing that is cut off is made again by the next one of its first day: the record comes
        last, and what it does not hold is new. Where another process records rows in between, the
        rows of other days are compared again.

        Of days that land again the new rows count as late.
        """
        lake = self._to.lake
        # They belong to the day of their file as long as they are in it.
        misplaced = [
            quarantined_rows(self._to, part.of(day), day)
            for day, part in self._batch.misplaced.items()
        ]
        own = pa.concat_tables([faulty, *misplaced])
        again = changes(self._to, self._first, self._last, accepted)
        lake.replace_days(self._to.table, self._first, self._last, accepted)
        rows = count_days(accepted["day"]) + count_days(own["day"])
        before: pa.Table | None = None
        now, quarantined = self._to.tables.received.schema.empty_table(), own
        late = Counter[date]()

        def build(existing: pa.Table) -> pa.Table:
            nonlocal before, now, quarantined, late
            is_of_source = pc.equal(existing["source"], self._to.source)
            ledger = existing.filter(is_of_source)
            if before is None or not ledger.equals(before):
                before, elsewhere, found = ledger, self._elsewhere(ledger), Found()
                if self._batch.others:
                    on_record = self._to, entries(elsewhere)
                    record = RecordOfOtherDays(*on_record, set(self._days), self._next)
                    found = record.find(self._batch.others)
                others = [put_late(self._to, new, self._first) for new in found.new]
                late = Counter({day: n for day, n in found.kept.items() if day})
                late.update(day for landed, _ in others for day in landed)
                quarantined = pa.concat_tables([own, *(rows for _, rows in others)])
                self._quarantine(ledger, quarantined)
                came = self._came_late(ledger) + Counter({day: n.new for day, n in again.items()})
                now = self._with_these(elsewhere, rows, found, late + came)
            return pa.concat_tables([existing.filter(pc.invert(is_of_source)), now])

        lake.rewrite(self._to.tables.received, build)
        return Put(quarantined, account_of(now), late, again)

    def _came_late(self, ledger: pa.Table) -> Counter[date]:
        """How many rows of the days that land have landed late so far."""
        known = ledger.filter(
            pc.and_(self._is_mine(ledger["row_day"]), pc.is_valid(ledger["late"]))
        )
        counts = Counter[date]()
        for entry in entries(known):
            if entry.row_day:
                counts[entry.row_day] += entry.late or 0
        return counts

    def _is_mine(self, days: pa.ChunkedArray) -> pa.ChunkedArray:
        """Which of some days are those of this landing."""
        return pc.is_in(days, value_set=pa.array(self._days))

    def _elsewhere(self, ledger: pa.Table) -> pa.Table:
        """The entries of other days, without what is said of the whole source.

        A day whose late rows were quarantined with these days is looked at again.
        """
        landed, of = self._is_mine(ledger["day"]), self._is_mine(ledger["row_day"])
        reopened = ledger["row_day"].filter(landed).unique()
        kept = ledger.filter(pc.invert(pc.or_(landed, of)))
        for name in ("total", "waiting", "note"):
            kept = _with(kept, name, pa.nulls(kept.num_rows))
        is_reopened = pc.is_in(kept["row_day"], value_set=reopened)
        stamp = pc.if_else(pc.is_valid(kept["stamp"]), UNKNOWN_STAMP, None)
        kept = _with(kept, "stamp", pc.if_else(is_reopened, stamp, kept["stamp"]))
        return _with(kept, "digest", pc.if_else(is_reopened, None, kept["digest"]))

    def _quarantine(self, ledger: pa.Table, rows: pa.Table) -> None:
        """Puts quarantined rows in place of those that were, and of late ones of these days."""
        lake, table = self._to.lake, self._to.tables.quarantined
        source = f"source = {literal(self._to.source)}"
        late = pc.and_not(self._is_mine(ledger["row_day"]), self._is_mine(ledger["day"]))
        if with_late := ledger["day"].filter(late).to_pylist():
            mine = f"row_day IS NOT NULL AND row_day BETWEEN '{self._first}' AND '{self._last}'"
            none, where = table.schema.empty_table(), f"{source} AND {mine}"
            lake.replace_days(table, min(with_late), max(with_late), none, where=where)
        lake.replace_days(table, self._first, self._last, rows, where=source)

    def _with_these(
        self, elsewhere: pa.Table, rows: Mapping[date, int], found: Found, late: Counter[date]
    ) -> pa.Table:
        """The ledger after this landing."""
        new = Counter(day for one in found.new for day in one.part.days.to_pylist()) + found.kept
        source, states = self._to.source, {**found.states, **self._own_states()}
        ran = elsewhere["day"].filter(is_own(elsewhere))
        newest = max(self._last, pc.max(ran).as_py() or self._last)
        # Of entries that stay as they are no objects are made.
        looked_at = pa.array([*states, newest], pa.date32())
        is_looked_at = pc.is_in(elsewhere["row_day"], value_set=looked_at)
        mine = [
            *entries(elsewhere.filter(is_looked_at)),
            *(Received(day, source, day, rows[day], late=late[day] or None) for day in self._days),
            *(
                Received(self._first, source, day, count, late=late[day] if day else 0)
                for day, count in new.items()
            ),
        ]
        # The state of each day is on one entry: of its own rows, or else the last.
        carriers = {entry.row_day: entry for entry in sorted(mine, key=lambda one: one.is_own)}
        note = "; ".join(filter(None, [self._batch.note, found.note])) or None
        for number, entry in enumerate(mine):
            state = NO_STATE if entry.row_day in states else None
            if carriers[entry.row_day] is entry:
                state = states.get(entry.row_day)
            changed = {} if state is None else vars(state)
            if entry.is_own and entry.day == newest:
                changed |= {"total": found.total, "waiting": found.waiting, "note": note}
            mine[number] = replace(entry, **changed)
        table = pa.Table.from_pylist(list(map(vars, mine)), schema=elsewhere.schema)
        return pa.concat_tables([elsewhere.filter(pc.invert(is_looked_at)), table])

    def _own_states(self) -> dict[date | None, State]:
        """What the source holds of the days that land."""
        if self._batch.others is None:
            return {}
        misplaced = (part.of(day) for day, part in self._batch.misplaced.items())
        held = digests(self._to.lake, [*self._batch.parts, *misplaced], self._to.names)
        return {
            day: State(held.get(day, NOTHING)[1], self._batch.stamps.get(day)) for day in self._days
        }


def _with(table: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(name), column.cast(table.schema.types[place]))
