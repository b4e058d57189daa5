"""Which rows of a source are on record: every one lands, is quarantined, or waits for its day."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.pipeline.constraints import keys_of
from mlops_drift.pipeline.destination import Destination
from mlops_drift.pipeline.ledger import Account, account_of
from mlops_drift.pipeline.other_days import (
    NO_STATE,
    NOTHING,
    Found,
    RecordOfOtherDays,
    State,
    digests,
)
from mlops_drift.pipeline.raw_rows import as_json
from mlops_drift.schema.day_columns import count_days
from mlops_drift.schema.days import days_between
from mlops_drift.sources.base import Batch, Part
from mlops_drift.sql import literal
from mlops_drift.store.records import Received

# No fault of the data: the model begins later.
BEFORE_START = "is before start_date"
TOO_LATE = "has run already"
UNKNOWN_STAMP = "?"
OTHER_VALUES = " with other values for this key"


class Landing:
    """One landing of some days of a source, and of what is new among the rows of other days."""

    def __init__(self, to: Destination, batch: Batch, first: date, last: date) -> None:
        self._to, self._batch = to, batch
        self._first, self._last = first, last
        self._days = days_between(first, last)

    def put(self, accepted: pa.Table, faulty: pa.Table) -> tuple[pa.Table, Account]:
        """Puts the rows of the days into their tables, and records them.

        A landing that is cut off is made again by the next one of its first day: the record comes
        last, and what it does not hold is new. Where another process records rows in between, the
        rows of other days are compared again.

        Returns:
            All rows that are quarantined with these days, those of other days among them, and where
            all rows are.
        """
        lake = self._to.lake
        # They belong to the day of their file as long as they are in it.
        misplaced = [
            self._quarantined(part.of(day), day, self._faults(part, in_file=True))
            for day, part in self._batch.misplaced.items()
        ]
        own = pa.concat_tables([faulty, *misplaced])
        lake.replace_days(self._to.table, self._first, self._last, accepted)
        rows = count_days(accepted["day"]) + count_days(own["day"])
        ledger: list[Received] | None = None
        entries: list[Received] = []
        quarantined = own

        def build(existing: pa.Table) -> pa.Table:
            nonlocal ledger, quarantined, entries
            is_mine = pc.equal(existing["source"], self._to.source)
            mine = [Received(**row) for row in existing.filter(is_mine).to_pylist()]
            if mine != ledger:
                ledger, elsewhere, found = mine, self._elsewhere(mine), Found()
                if self._batch.others:
                    record = RecordOfOtherDays(self._to, elsewhere, set(self._days))
                    found = record.find(self._batch.others)
                quarantined = pa.concat_tables([own, *(self._late(*new) for new in found.new)])
                self._quarantine(mine, quarantined)
                entries = self._entries(elsewhere, rows, found)
            # Of entries of other sources no objects are made.
            mine_now = pa.Table.from_pylist(list(map(vars, entries)), schema=existing.schema)
            return pa.concat_tables([existing.filter(pc.invert(is_mine)), mine_now])

        lake.rewrite(self._to.tables.received, build)
        return quarantined, account_of(entries)

    def _is_mine(self, day: date | None) -> bool:
        return day is not None and self._first <= day <= self._last

    def _faults(self, part: Part, *, in_file: bool) -> list[str]:
        """Why the file of a day, or any day, does not hold the rows of a part."""
        column = part.day_column or "day"
        texts = [None] * part.rows.num_rows
        if column in part.rows.column_names:
            cells = pa.table({"c": part.rows[column]})
            sql = "SELECT CAST(c AS VARCHAR) AS c FROM cells"
            texts = self._to.lake.query(sql, cells=cells)["c"].to_pylist()
        faults = []
        for day, text in zip(part.days.to_pylist(), texts, strict=True):
            if day is None:
                fault = f"{text} is not a day such as 2024-10-01" if text else "missing"
            elif in_file:
                fault = f"the row is of {day}"
            elif day < self._to.start_date:
                fault = f"{day} {BEFORE_START} {self._to.start_date}"
            else:
                fault = f"{day} {TOO_LATE}"
            faults.append(f"{column}: {fault}")
        return faults

    def _late(self, part: Part, is_changed: Sequence[bool]) -> pa.Table:
        """Rows that no day took, as they are quarantined with the first day."""
        pairs = zip(self._faults(part, in_file=False), is_changed, strict=True)
        faults = [fault + (OTHER_VALUES if changed else "") for fault, changed in pairs]
        return self._quarantined(part, self._first, faults)

    def _quarantined(self, part: Part, day: date, faults: Sequence[str]) -> pa.Table:
        """The rows of a part as they are quarantined with a day."""
        columns = {
            "day": [day] * len(faults),
            "source": [self._to.source] * len(faults),
            "key": keys_of(self._to, part),
            "reason": faults,
            "row": as_json(self._to.lake, part.rows),
            "row_day": part.days,
        }
        return pa.table(columns, schema=self._to.tables.quarantined.schema)

    def _elsewhere(self, ledger: Iterable[Received]) -> list[Received]:
        """The entries of other days, without what is said of the whole source.

        A day whose late rows were quarantined with these days is looked at again.
        """
        reopened = {entry.row_day for entry in ledger if self._is_mine(entry.day)}
        found = []
        for entry in ledger:
            if self._is_mine(entry.day) or self._is_mine(entry.row_day):
                continue
            is_plain = entry.total is None and entry.waiting is None and entry.note is None
            kept = entry if is_plain else replace(entry, total=None, waiting=None, note=None)
            if entry.row_day in reopened:
                stamp = None if entry.stamp is None else UNKNOWN_STAMP
                kept = replace(kept, digest=None, stamp=stamp)
            found.append(kept)
        return found

    def _quarantine(self, ledger: Iterable[Received], rows: pa.Table) -> None:
        """Puts quarantined rows in place of those that were, and of late ones of these days."""
        lake, table = self._to.lake, self._to.tables.quarantined
        source = f"source = {literal(self._to.source)}"
        of_mine = (entry.day for entry in ledger if self._is_mine(entry.row_day))
        if with_late := [day for day in of_mine if not self._is_mine(day)]:
            mine = f"row_day IS NOT NULL AND row_day BETWEEN '{self._first}' AND '{self._last}'"
            none, where = table.schema.empty_table(), f"{source} AND {mine}"
            lake.replace_days(table, min(with_late), max(with_late), none, where=where)
        lake.replace_days(table, self._first, self._last, rows, where=source)

    def _entries(
        self, elsewhere: Sequence[Received], rows: Mapping[date, int], found: Found
    ) -> list[Received]:
        """The ledger after this landing."""
        late = Counter(day for part, _ in found.new for day in part.days.to_pylist())
        source, states = self._to.source, {**found.states, **self._own_states()}
        entries = [
            *elsewhere,
            *(Received(day, source, day, rows[day]) for day in self._days),
            *(Received(self._first, source, day, count) for day, count in late.items()),
        ]
        # The state of each day is on one entry: of its own rows, or else the last.
        carriers = {entry.row_day: entry for entry in sorted(entries, key=lambda one: one.is_own)}
        for number, entry in enumerate(entries):
            if entry.row_day in states:
                carries = carriers[entry.row_day] is entry
                state = states[entry.row_day] if carries else NO_STATE
                entries[number] = replace(entry, **vars(state))
        newest = max(range(len(entries)), key=lambda n: (entries[n].is_own, entries[n].day))
        note = "; ".join(filter(None, [self._batch.note, found.note])) or None
        entries[newest] = replace(
            entries[newest], total=found.total, waiting=found.waiting, note=note
        )
        return entries

    def _own_states(self) -> dict[date | None, State]:
        """What the source holds of the days that land."""
        if self._batch.others is None:
            return {}
        misplaced = (part.of(day) for day, part in self._batch.misplaced.items())
        held = digests(self._to.lake, [*self._batch.parts, *misplaced], self._to.names)
        return {
            day: State(held.get(day, NOTHING)[1], self._batch.stamps.get(day)) for day in self._days
        }
