"""Which rows of a source are on record: every one lands, is rejected, or waits for its day.

A small table counts, for each day that landed, the rows of the source that are of that day, and
the rows of other days that were rejected with it: those that came too late, that are of no day of
the model, or that have no readable day. What a source holds beyond these counts is new.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.lake.constraints import as_json, keys_of
from mlops_drift.lake.lake import Scan
from mlops_drift.lake.model_lake import ModelLake
from mlops_drift.lake.table import Table
from mlops_drift.sources.base import Batch, Part
from mlops_drift.spec import ModelSpec
from mlops_drift.sql import identifier, literal
from mlops_drift.steps.missing import days_between

# No fault of the data: the model was told to begin later.
BEFORE_START = "is before start_date"
TOO_LATE = "has run already"


@dataclass(frozen=True)
class Received:
    """Rows of a source that are on record, and how the source stood at its last landing.

    Attributes:
        day: the day that they landed or were rejected with.
        source: events or labels.
        row_day: the day that they are of; None where it cannot be read.
        rows: how many.
        size: bytes of the file of the day.
        total: rows of the whole source; of the newest day only, as what follows.
        waiting: rows of days that have not run.
        gone: rows on record that the source no longer has.
        note: what looks wrong about the source.
    """

    day: date
    source: str
    row_day: date | None
    rows: int
    size: int | None = None
    total: int | None = None
    waiting: int | None = None
    gone: int | None = None
    note: str | None = None

    @property
    def is_own(self) -> bool:
        """Whether the rows are of the day that they landed with."""
        return self.day == self.row_day


@dataclass(frozen=True)
class Account:
    """Where all rows of a source are.

    Attributes:
        rows: rows of the source at its last landing.
        recorded: rows that landed or were rejected.
        waiting: rows of days that have not run.
        gone: rows on record that the source no longer has.
        late: rows that were rejected because their day had run, by day.
        note: what looks wrong about the source; empty if nothing does.

    Always `rows + gone == recorded + waiting`.
    """

    rows: int
    recorded: int
    waiting: int
    gone: int
    late: Mapping[date, int] = field(default_factory=dict)
    note: str = ""


def read_account(model: ModelLake, source: str) -> Account | None:
    """Where all rows of a source are; None before its first landing."""
    return _account(_ledger(model, source))


def _account(ledger: Collection[Received]) -> Account | None:
    newest = max((entry for entry in ledger if entry.is_own), key=lambda e: e.day, default=None)
    if newest is None:
        return None
    ran = {entry.day for entry in ledger if entry.is_own}
    late: Counter[date] = Counter()
    for entry in ledger:
        if not entry.is_own and entry.row_day in ran and entry.row_day is not None:
            late[entry.row_day] += entry.rows
    recorded = sum(entry.rows for entry in ledger)
    waiting, gone = newest.waiting or 0, newest.gone or 0
    return Account(
        recorded + waiting - gone if newest.total is None else newest.total,
        recorded,
        waiting,
        gone,
        dict(sorted(late.items())),
        newest.note or "",
    )


def _ledger(model: ModelLake, source: str) -> list[Received]:
    rows = model.lake.rows(
        f"SELECT * FROM r WHERE source = {literal(source)} ORDER BY day, row_day",
        r=model.tables.received,
    )
    return [Received(**row) for row in rows]


class Landing:
    """One landing of some days of a source: what is new among the rows of other days.

    Args:
        spec: the model.
        model: its tables.
        source: events or labels.
        table: where accepted rows land.
        batch: what was read.
        first: first day.
        last: last day.
    """

    def __init__(
        self,
        spec: ModelSpec,
        model: ModelLake,
        source: str,
        table: Table,
        batch: Batch,
        first: date,
        last: date,
    ) -> None:
        self._spec, self._model, self._batch = spec, model, batch
        self._source, self._table = source, table
        self._first, self._last = first, last

    def put(self, accepted: pa.Table, rejected: pa.Table) -> tuple[pa.Table, Account]:
        """Puts the rows of the days into their tables, and records them.

        A landing that is cut off is made again by the next one of its first day: the record comes
        last, and what it does not hold is new.

        Returns:
            All rejected rows of these days, those of other days among them, and where all rows are.
        """
        lake, tables = self._model.lake, self._model.tables
        misplaced = [self._misplaced(day, part) for day, part in self._batch.misplaced.items()]
        own = pa.concat_tables([rejected, *misplaced])
        lake.replace_days(self._table, self._first, self._last, accepted)
        while True:
            ledger = _ledger(self._model, self._source)
            strays, found = self._strays(ledger)
            kept_aside = pa.concat_tables([own, *strays])
            lake.replace_days(
                tables.rejected,
                self._first,
                self._last,
                kept_aside,
                where=f"source = {literal(self._source)}",
            )
            self._take_back(ledger)
            account = self._record(ledger, accepted, own, found)
            if account is not None:
                return kept_aside, account

    def _is_mine(self, day: date | None) -> bool:
        return day is not None and self._first <= day <= self._last

    def _misplaced(self, day: date, part: Part) -> pa.Table:
        """Rows in the file of a day that are of another: they belong to it as long as they are."""
        rows = self._rejected(part, range(part.rows.num_rows), day, _misplaced)
        dates = pa.array([day] * rows.num_rows, pa.date32())
        return rows.set_column(rows.schema.get_field_index("row_day"), "row_day", dates)

    def _fault(self, day: date | None, text: str | None) -> str:
        """Why no day holds a row of a file for all days."""
        if day is None:
            return _misplaced(day, text)
        if day < self._spec.start_date:
            return f"{day} {BEFORE_START} {self._spec.start_date}"
        return f"{day} {TOO_LATE}"

    def _rejected(
        self,
        part: Part,
        numbers: Sequence[int],
        day: date,
        fault: Callable[[date | None, str | None], str],
    ) -> pa.Table:
        """Rows of a part, by number, as they are rejected with a day."""
        lake, at = self._model.lake, pa.array(numbers, pa.int64())
        part = part.select(at)
        rows, days = part.rows, part.days.to_pylist()
        column = part.day_column or "day"
        texts = [None] * rows.num_rows
        if column in rows.column_names:
            texts = lake.query(
                "SELECT CAST(c AS VARCHAR) AS c FROM r", r=pa.table({"c": rows[column]})
            )["c"].to_pylist()
        return pa.table(
            {
                "day": [day] * len(days),
                "source": [self._source] * len(days),
                "key": self._keys(part),
                "reason": [
                    f"{column}: {fault(of, text)}" for of, text in zip(days, texts, strict=True)
                ],
                "row": as_json(lake, rows),
                "row_day": days,
            },
            schema=self._model.tables.rejected.schema,
        )

    def _keys(self, part: Part) -> list[str | None]:
        kind = self._table.schema.field(self._spec.key).type
        return keys_of(self._model.lake, part, self._spec.key, kind)

    def _strays(self, ledger: Sequence[Received]) -> tuple[list[pa.Table], "_Found"]:
        """Rows of other days that are on no record, rejected with the first day."""
        others = self._batch.others
        if others is None:
            return [], _Found()
        recorded: Counter[date | None] = Counter()
        ran: dict[date | None, int | None] = {}
        for entry in self._elsewhere(ledger):
            recorded[entry.row_day] += entry.rows
            ran[entry.row_day] = entry.size if entry.is_own else ran.get(entry.row_day)
        has_run = {entry.day for entry in self._elsewhere(ledger) if entry.is_own}
        counts = {day: rows for day, rows in others.counts(ran).items() if not self._is_mine(day)}
        runs = {
            day: rows
            for day, rows in counts.items()
            if day is None or day < self._spec.start_date or day in has_run
        }
        new_days = [day for day, rows in runs.items() if rows > recorded[day]]
        rejected, found = [], Counter[date | None]()
        if new_days:
            on_record = self._on_record(new_days, ledger)
            for part in others.parts(new_days):
                numbers = _beyond(on_record, part.days.to_pylist(), self._keys(part))
                rejected.append(self._rejected(part, numbers, self._first, self._fault))
                found.update(rejected[-1]["row_day"].to_pylist())
        gone = sum(max(0, recorded[day] + found[day] - rows) for day, rows in runs.items())
        return rejected, _Found(
            found, others.total, sum(counts.values()) - sum(runs.values()), gone, self._batch.note
        )

    def _elsewhere(self, ledger: Iterable[Received]) -> list[Received]:
        """The entries that this landing leaves as they are."""
        return [
            entry
            for entry in ledger
            if not self._is_mine(entry.day) and not self._is_mine(entry.row_day)
        ]

    def _on_record(
        self, days: Collection[date | None], ledger: Iterable[Received]
    ) -> Counter[tuple[date | None, str | None]]:
        """How often each key of some days is on record, landed or rejected."""
        key, tables = identifier(self._spec.key), self._model.tables
        dated = [day for day in days if day is not None]
        listed = ", ".join(f"DATE '{day}'" for day in dated) or "NULL"
        kept = [entry.day for entry in self._elsewhere(ledger) if entry.row_day in days]
        rows = self._model.lake.rows(
            f"""
            SELECT day, CAST({key} AS VARCHAR) AS key FROM landed WHERE day IN ({listed})
            UNION ALL
            SELECT row_day, key FROM rejected
            WHERE source = {literal(self._source)} AND (row_day IN ({listed}) OR row_day IS NULL)
                AND NOT day BETWEEN DATE '{self._first}' AND DATE '{self._last}'
            """,
            landed=Scan(self._table, min(dated, default=date.max), max(dated, default=date.min)),
            rejected=Scan(
                tables.rejected, min(kept, default=date.max), max(kept, default=date.min)
            ),
        )
        return Counter((row["day"], row["key"]) for row in rows)

    def _take_back(self, ledger: Iterable[Received]) -> None:
        """Removes rows that were too late for these days, which now hold them."""
        rejected = self._model.tables.rejected
        kept_with = {entry.day for entry in ledger if self._is_mine(entry.row_day)}

        def without_mine(existing: pa.Table) -> pa.Table:
            days = existing["row_day"]
            mine = pc.and_(
                pc.equal(existing["source"], self._source),
                pc.and_(pc.greater_equal(days, self._first), pc.less_equal(days, self._last)),
            )
            return existing.filter(pc.invert(pc.fill_null(mine, False)))

        for day in sorted(day for day in kept_with if not self._is_mine(day)):
            self._model.lake.rewrite_days(rejected, day, day, without_mine)

    def _entries(
        self, ledger: Iterable[Received], accepted: pa.Table, own: pa.Table, found: "_Found"
    ) -> list[Received]:
        """The ledger after this landing."""
        rows = Counter(accepted["day"].to_pylist()) + Counter(own["day"].to_pylist())
        days = days_between(self._first, self._last)
        sizes = {day: origin.size for day, origin in self._batch.origins.items()}
        entries = [
            *(
                replace(entry, total=None, waiting=None, gone=None, note=None)
                for entry in self._elsewhere(ledger)
            ),
            *(Received(day, self._source, day, rows[day], sizes.get(day)) for day in days),
            *(Received(self._first, self._source, day, rows) for day, rows in found.strays.items()),
        ]
        newest = max(entry.day for entry in entries if entry.is_own)
        return [
            replace(
                entry,
                total=found.total,
                waiting=found.waiting,
                gone=found.gone,
                note=found.note or None,
            )
            if entry.is_own and entry.day == newest
            else entry
            for entry in entries
        ]

    def _record(
        self, ledger: Sequence[Received], accepted: pa.Table, own: pa.Table, found: "_Found"
    ) -> Account | None:
        """Records the landing; None where another process has recorded strays in between."""
        account: Account | None = None

        def build(existing: pa.Table) -> pa.Table | None:
            nonlocal account
            rows = [Received(**row) for row in existing.to_pylist()]
            mine = [entry for entry in rows if entry.source == self._source]
            if _strays_of(mine) != _strays_of(ledger):
                account = None
                return None
            entries = self._entries(mine, accepted, own, found)
            account = _account(entries)
            others = [entry for entry in rows if entry.source != self._source]
            return pa.Table.from_pylist(
                [vars(entry) for entry in [*others, *entries]], schema=existing.schema
            )

        self._model.lake.rewrite(self._model.tables.received, build)
        return account


@dataclass(frozen=True)
class _Found:
    """What a landing found of other days.

    Attributes:
        strays: rows that it rejected, by the day that they are of.
        total: rows of the whole source, where it was read as a whole.
    """

    strays: Mapping[date | None, int] = field(default_factory=dict)
    total: int | None = None
    waiting: int = 0
    gone: int = 0
    note: str = ""


def _misplaced(day: date | None, text: str | None) -> str:
    """Why the file of a day, or any day, does not hold a row."""
    if day is not None:
        return f"the row is of {day}"
    return f"{text} is not a day such as 2024-10-01" if text else "missing"


def _beyond(
    on_record: Counter[tuple[date | None, str | None]],
    days: Sequence[date | None],
    keys: Sequence[str | None],
) -> list[int]:
    """The numbers of the rows that are more than those on record, which are counted off."""
    new = []
    for number, row in enumerate(zip(days, keys, strict=True)):
        if on_record[row] > 0:
            on_record[row] -= 1
        else:
            new.append(number)
    return new


def _strays_of(ledger: Iterable[Received]) -> set[tuple[date, date | None, int]]:
    return {(entry.day, entry.row_day, entry.rows) for entry in ledger if not entry.is_own}
