"""The ledger of a source: how many rows landed or were quarantined with each day.

Those of other days came too late, are before the model's first day, or have no readable day.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from mlops_drift.sql import literal
from mlops_drift.store.model_store import ModelStore


@dataclass(frozen=True)
class Received:
    """Rows of a source that are on record, and what the source held when it was last read.

    Attributes:
        day: the day that they landed or were quarantined with.
        row_day: the day that they are of; None where it cannot be read.
        digest: of all rows of `row_day` that the source held; of one entry of a `row_day` only, as
            the next two.
        stamp: size and time of change of the file of `row_day`; empty where there was none to read,
            None where no file holds one day.
        gone: rows of `row_day` on record that the source no longer has.
        total: rows of the whole source; of the newest day only, as what follows.
        waiting: rows of days that have not run.
        note: what looks wrong about the source.
    """

    day: date
    source: str
    row_day: date | None
    rows: int
    digest: str | None = None
    stamp: str | None = None
    gone: int | None = None
    total: int | None = None
    waiting: int | None = None
    note: str | None = None

    @property
    def is_own(self) -> bool:
        """Whether the rows are of the day that they landed with."""
        return self.day == self.row_day


@dataclass(frozen=True)
class Account:
    """Where all rows of a source are; always `rows + gone == recorded + waiting`.

    Attributes:
        rows: rows of the source at its last landing.
        recorded: rows that landed or were quarantined.
        waiting: rows of days that have not run.
        gone: rows on record that the source no longer has, or has with other values.
        late: rows that were quarantined because their day had run, by day.
        gone_days: rows that are gone from days that had run, by day.
        note: what looks wrong about the source; empty if nothing does.
    """

    rows: int
    recorded: int
    waiting: int
    gone: int
    late: Mapping[date, int] = field(default_factory=dict)
    gone_days: Mapping[date, int] = field(default_factory=dict)
    note: str = ""


def read_account(store: ModelStore, source: str) -> Account | None:
    """Where all rows of a source are; None before its first landing."""
    of_source = f"SELECT * FROM r WHERE source = {literal(source)}"
    rows = store.lake.rows(of_source, r=store.tables.received)
    return account_of([Received(**row) for row in rows]) if rows else None


def account_of(ledger: Collection[Received]) -> Account:
    """Where the rows of a ledger are, which has at least one entry of a day's own rows."""
    ran = {entry.day: entry for entry in ledger if entry.is_own}
    newest = ran[max(ran)]
    late: Counter[date] = Counter()
    gone: Counter[date] = Counter()
    for entry in ledger:
        if entry.row_day is not None and entry.row_day in ran:
            late[entry.row_day] += 0 if entry.is_own else entry.rows
            gone[entry.row_day] += entry.gone or 0
    recorded = sum(entry.rows for entry in ledger)
    waiting, all_gone = newest.waiting or 0, sum(entry.gone or 0 for entry in ledger)
    return Account(
        recorded + waiting - all_gone if newest.total is None else newest.total,
        recorded,
        waiting,
        all_gone,
        dict(sorted((+late).items())),
        dict(sorted((+gone).items())),
        newest.note or "",
    )
