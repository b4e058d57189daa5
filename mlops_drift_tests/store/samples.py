"""Small tables, rows for them, and a lake to hold them."""

from datetime import date, timedelta

import duckdb
import pyarrow as pa

from mlops_drift.store.delta import DeltaLake
from mlops_drift.store.tables import DAY, Table

FIRST = date(2024, 10, 1)
SECOND, THIRD = FIRST + timedelta(days=1), FIRST + timedelta(days=2)


def table(**columns):
    """A table by day with an integer key and columns of these types."""
    fields = [pa.field(name, kind) for name, kind in columns.items()]
    return Table(
        "features.shop", pa.schema([DAY, pa.field("id", pa.int64(), nullable=False), *fields])
    )


SHOP = table(x=pa.float64())
NOTES = Table(
    "training.notes",
    pa.schema([pa.field("name", pa.string(), nullable=False), pa.field("by", pa.int64())]),
    bounds=(),
)


def rows(declared, day, **columns):
    """Rows of one day."""
    n = len(columns["id"])
    return pa.table({"day": [day] * n, **columns}, schema=declared.schema)


def shop(day, ids, x=1.0):
    """Rows of `SHOP` with the same x."""
    return rows(SHOP, day, id=list(ids), x=[x] * len(ids))


def open_lake(root):
    """The lake of a folder, with a connection of its own."""
    return DeltaLake(root, duckdb.connect())


def ids_by_day(lake):
    """The keys of `SHOP` in a lake."""
    found = {}
    for row in lake.rows("SELECT day, id FROM shop ORDER BY day, id", shop=SHOP):
        found.setdefault(row["day"], []).append(row["id"])
    return found
