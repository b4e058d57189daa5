"""The ledger of a source: how many rows landed or were quarantined with each day.

Those of other days came too late, are before the model's first day, or have no readable day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

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
        late: rows that came after their day had run and were quarantined, by day.
        gone_days: rows that are gone from days that had run, by day.
        note: what looks wrong about the source; empty if nothing does.
        landed_late: rows that came after their day had run and landed, by day.
    """

    rows: int
    recorded: int
    waiting: int
    gone: int
    late: Mapping[date, int] = field(default_factory=dict)
    gone_days: Mapping[date, int] = field(default_factory=dict)
    note: str = ""
    landed_late: Mapping[date, int] = field(default_factory=dict)


def read_account(store: ModelStore, source: str) -> Account | None:
    """Where all rows of a source are; None before its first landing."""
    of_source = f"SELECT * FROM r WHERE source = {literal(source)}"
    ledger = store.lake.query(of_source, r=store.tables.received)
    return account_of(ledger) if ledger.num_rows else None


def entries(ledger: pa.Table) -> list[Received]:
    """The entries of a ledger, which is rows of the table `received`."""
    return [Received(**row) for row in ledger.to_pylist()]


def is_own(ledger: pa.Table) -> pa.ChunkedArray:
    """Of each entry, whether its rows are of the day that they landed with."""
    return pc.fill_null(pc.equal(ledger["day"], ledger["row_day"]), False)


def account_of(ledger: pa.Table) -> Account:
    """Where the rows of a ledger are, which has at least one entry of a day's own rows."""
    own = is_own(ledger)
    ran = ledger["day"].filter(own)
    *_, newest = entries(ledger.filter(pc.and_(own, pc.equal(ledger["day"], pc.max(ran)))))
    has_run = pc.is_in(ledger["row_day"], value_set=ran.combine_chunks())
    recorded, all_gone = _sum(ledger["rows"]), _sum(ledger["gone"])
    waiting, came_late = newest.waiting or 0, ledger.filter(pc.and_not(has_run, own))
    landed_late = pc.fill_null(came_late["late"], 0)
    # Of a day that has landed again they are among its own rows.
    all_late = ledger.filter(pc.greater(pc.fill_null(ledger["late"], 0), 0))
    quarantined = pc.subtract(came_late["rows"], landed_late)
    return Account(
        recorded + waiting - all_gone if newest.total is None else newest.total,
        recorded,
        waiting,
        all_gone,
        _by_day(came_late["row_day"], quarantined),
        _by_day(ledger["row_day"].filter(has_run), ledger["gone"].filter(has_run)),
        newest.note or "",
        _by_day(all_late["row_day"], all_late["late"]),
    )


def _sum(numbers: pa.ChunkedArray) -> int:
    return int(pc.sum(numbers).as_py() or 0)


def _by_day(days: pa.ChunkedArray, numbers: pa.ChunkedArray) -> dict[date, int]:
    """The positive sums of numbers by day."""
    entries_of = pa.table({"day": days, "n": numbers})
    found = entries_of.filter(pc.greater(numbers, 0)).group_by("day").aggregate([("n", "sum")])
    return dict(sorted(zip(*(found[name].to_pylist() for name in ("day", "n_sum")), strict=True)))
