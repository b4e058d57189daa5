"""The ledger of a source: how many rows landed or were quarantined with each day.

Those of other days came too late, are before the model's first day, or have no readable day.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from mlops_drift.sql import literal
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Received


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
