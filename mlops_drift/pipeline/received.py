"""Which rows of a source are on record: every one lands, is quarantined, or waits for its day."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.pipeline.constraints import keys_of
from mlops_drift.pipeline.destination import Destination
from mlops_drift.pipeline.ledger import Account, account_of, read_ledger
from mlops_drift.pipeline.other_days import (
    NO_STATE,
    NOTHING,
    Found,
    NewRows,
    RecordOfOtherDays,
    State,
    digests,
)
from mlops_drift.pipeline.raw_rows import as_json
from mlops_drift.schema.days import days_between
from mlops_drift.sources.base import Batch, Part
from mlops_drift.sql import literal
from mlops_drift.store.lake import Lake, Scan
from mlops_drift.store.records import Received

# No fault of the data: the model begins later.
BEFORE_START = "is before start_date"
TOO_LATE = "has run already"
UNKNOWN_STAMP = "?"
OTHER_VALUES = " with other values for this key"


class Landing:
    """One landing of some days of a source: what is new among the rows of other days.

    Args:
        to: where accepted rows land.
        batch: what was read.
        first: first day.
        last: last day.
    """

    def __init__(self, to: Destination, batch: Batch, first: date, last: date) -> None:
        self._to, self._batch = to, batch
        self._first, self._last = first, last
        self._days = days_between(first, last)

    def put(self, accepted: pa.Table, faulty: pa.Table) -> tuple[pa.Table, Account]:
        """Puts the rows of the days into their tables, and records them.

        A landing that is cut off is made again by the next one of its first day: the record comes
        last, and what it does not hold is new.

        Returns:
            All rows that are quarantined with these days, those of other days among them, and where
            all rows are.
        """
        lake = self._to.lake
        misplaced = [self._misplaced(day, part) for day, part in self._batch.misplaced.items()]
        own = pa.concat_tables([faulty, *misplaced])
        lake.replace_days(self._to.table, self._first, self._last, accepted)
        while True:
            ledger = read_ledger(lake, self._to.tables.received, self._to.source)
            found = self._found(ledger)
            quarantined = pa.concat_tables([own, *map(self._late, found.new)])
            lake.replace_days(
                self._to.tables.quarantined,
                self._first,
                self._last,
                quarantined,
                where=f"source = {literal(self._to.source)}",
            )
            self._take_back(ledger)
            account = self._record(ledger, accepted, own, found)
            if account is not None:
                return quarantined, account

    def _is_mine(self, day: date | None) -> bool:
        return day is not None and self._first <= day <= self._last

    def _misplaced(self, day: date, part: Part) -> pa.Table:
        """Rows in the file of a day that are of another: they belong to it as long as they are."""
        faults = [_misplaced(of, text) for of, text in _dated(self._to.lake, part)]
        return self._quarantined(part.of(day), day, faults)

    def _late(self, new: NewRows) -> pa.Table:
        """Rows that no day took, as they are quarantined with the first day."""
        dated = _dated(self._to.lake, new.part)
        faults = [
            self._fault(day, text) + (OTHER_VALUES if is_changed else "")
            for (day, text), is_changed in zip(dated, new.is_changed, strict=True)
        ]
        return self._quarantined(new.part, self._first, faults)

    def _fault(self, day: date | None, text: str | None) -> str:
        """Why no day took a row."""
        if day is None:
            return _misplaced(day, text)
        if day < self._to.start_date:
            return f"{day} {BEFORE_START} {self._to.start_date}"
        return f"{day} {TOO_LATE}"

    def _quarantined(self, part: Part, day: date, faults: Sequence[str]) -> pa.Table:
        """The rows of a part as they are quarantined with a day."""
        column = part.day_column or "day"
        return pa.table(
            {
                "day": [day] * len(faults),
                "source": [self._to.source] * len(faults),
                "key": keys_of(self._to, part),
                "reason": [f"{column}: {fault}" for fault in faults],
                "row": as_json(self._to.lake, part.rows),
                "row_day": part.days,
            },
            schema=self._to.tables.quarantined.schema,
        )

    def _found(self, ledger: Sequence[Received]) -> Found:
        """What the source holds of other days."""
        if self._batch.others is None:
            return Found()
        record = RecordOfOtherDays(self._to, self._elsewhere(ledger), set(self._days))
        return record.find(self._batch.others)

    def _elsewhere(self, ledger: Collection[Received]) -> list[Received]:
        """The entries that this landing leaves as they are.

        A day whose late rows were quarantined with these days is looked at again.
        """
        reopened = {entry.row_day for entry in ledger if self._is_mine(entry.day)}
        return [
            replace(entry, digest=None, stamp=None if entry.stamp is None else UNKNOWN_STAMP)
            if entry.row_day in reopened
            else entry
            for entry in ledger
            if not self._is_mine(entry.day) and not self._is_mine(entry.row_day)
        ]

    def _take_back(self, ledger: Iterable[Received]) -> None:
        """Removes rows that were too late for these days, which now hold them."""
        kept_with = {entry.day for entry in ledger if self._is_mine(entry.row_day)}

        def without_mine(existing: pa.Table) -> pa.Table:
            days = existing["row_day"]
            mine = pc.and_(
                pc.equal(existing["source"], self._to.source),
                pc.and_(pc.greater_equal(days, self._first), pc.less_equal(days, self._last)),
            )
            return existing.filter(pc.invert(pc.fill_null(mine, False)))

        for day in sorted(day for day in kept_with if not self._is_mine(day)):
            self._to.lake.rewrite(Scan(self._to.tables.quarantined, day, day), without_mine)

    def _entries(
        self, ledger: Collection[Received], accepted: pa.Table, own: pa.Table, found: Found
    ) -> list[Received]:
        """The ledger after this landing."""
        rows = Counter(accepted["day"].to_pylist()) + Counter(own["day"].to_pylist())
        late = Counter(day for new in found.new for day in new.part.days.to_pylist())
        entries = [
            *(
                replace(entry, total=None, waiting=None, note=None)
                for entry in self._elsewhere(ledger)
            ),
            *(Received(day, self._to.source, day, rows[day]) for day in self._days),
            *(Received(self._first, self._to.source, day, rows) for day, rows in late.items()),
        ]
        entries = _with_states(entries, {**found.states, **self._own_states()})
        newest = max(entry.day for entry in entries if entry.is_own)
        note = "; ".join(filter(None, [self._batch.note, found.note]))
        return [
            replace(entry, total=found.total, waiting=found.waiting, note=note or None)
            if entry.is_own and entry.day == newest
            else entry
            for entry in entries
        ]

    def _own_states(self) -> dict[date | None, State]:
        """What the source holds of the days that land."""
        if self._batch.others is None:
            return {}
        misplaced = (part.of(day) for day, part in self._batch.misplaced.items())
        held = digests(self._to.lake, [*self._batch.parts, *misplaced], self._to.names)
        return {
            day: State(held.get(day, NOTHING)[1], self._batch.stamps.get(day)) for day in self._days
        }

    def _record(
        self, ledger: Sequence[Received], accepted: pa.Table, own: pa.Table, found: Found
    ) -> Account | None:
        """Records the landing; None where another process has recorded late rows in between."""
        account: Account | None = None

        def build(existing: pa.Table) -> pa.Table | None:
            nonlocal account
            rows = [Received(**row) for row in existing.to_pylist()]
            mine = [entry for entry in rows if entry.source == self._to.source]
            if _of_other_days(mine) != _of_other_days(ledger):
                account = None
                return None
            entries = self._entries(mine, accepted, own, found)
            account = account_of(entries)
            others = [entry for entry in rows if entry.source != self._to.source]
            return pa.Table.from_pylist(
                [vars(entry) for entry in [*others, *entries]], schema=existing.schema
            )

        self._to.lake.rewrite(self._to.tables.received, build)
        return account


def _misplaced(day: date | None, text: str | None) -> str:
    """Why the file of a day, or any day, does not hold a row."""
    if day is not None:
        return f"the row is of {day}"
    return f"{text} is not a day such as 2024-10-01" if text else "missing"


def _dated(lake: Lake, part: Part) -> list[tuple[date | None, str | None]]:
    """The day of each row, and what its day column says."""
    texts = [None] * part.rows.num_rows
    column = part.day_column or "day"
    if column in part.rows.column_names:
        texts = lake.query(
            "SELECT CAST(c AS VARCHAR) AS c FROM r", r=pa.table({"c": part.rows[column]})
        )["c"].to_pylist()
    return list(zip(part.days.to_pylist(), texts, strict=True))


def _with_states(
    entries: Sequence[Received], states: Mapping[date | None, State]
) -> list[Received]:
    """Entries with the state of each day on one of them: its own, or else the last."""
    carriers: dict[date | None, int] = {}
    for number, entry in enumerate(entries):
        if entry.row_day not in carriers or not entries[carriers[entry.row_day]].is_own:
            carriers[entry.row_day] = number
    found = list(entries)
    for number, entry in enumerate(entries):
        if entry.row_day in states:
            carries = carriers[entry.row_day] == number
            found[number] = replace(entry, **vars(states[entry.row_day] if carries else NO_STATE))
    return found


def _of_other_days(ledger: Iterable[Received]) -> set[tuple[date, date | None, int]]:
    return {(entry.day, entry.row_day, entry.rows) for entry in ledger if not entry.is_own}
