"""The tables of a small model, its days, and a way to fill them."""

from datetime import date, timedelta

import pyarrow as pa

from mlops_drift.schema.columns import Column, Target
from mlops_drift.store.tables import model_tables

MONDAY = date(2024, 10, 7)
TARGET = Target(column="y", kind="binary", classes=["yes", "no"], positive="yes")
TABLES = model_tables("churn", "id", "text", {"x": Column(type="number")}, TARGET)


def day(number):
    """A day, counted from the first Monday."""
    return MONDAY + timedelta(days=number)


def put(model, table, rows):
    """Writes rows, each with its day, over the days that they span."""
    days = sorted(row["day"] for row in rows)
    data = pa.Table.from_pylist(rows, schema=table.schema)
    model.lake.replace_days(table, days[0], days[-1], data)
