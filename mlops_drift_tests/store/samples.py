"""A small table and rows for it."""

from datetime import date, timedelta

import pyarrow as pa

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


def rows(declared, day, **columns):
    """Rows of one day."""
    n = len(columns["id"])
    return pa.table({"day": [day] * n, **columns}, schema=declared.schema)


def shop(day, ids, x=1.0):
    """Rows of `SHOP` with the same x."""
    return rows(SHOP, day, id=list(ids), x=[x] * len(ids))
