"""Rows to screen, and what becomes of them."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa

from mlops_drift.pipeline.destination import Destination
from mlops_drift.pipeline.screening import screen_events, screen_labels
from mlops_drift.schema.columns import Target
from mlops_drift.sources.base import Batch, Part
from mlops_drift.store.tables import model_tables

MONDAY = date(2024, 10, 7)
BINARY = Target(column="y", kind="binary", classes=["yes", "no"], positive="yes")


def day(number):
    return MONDAY + timedelta(days=number)


def decimals(*texts, precision=38, scale=10):
    return pa.array([Decimal(text) for text in texts], pa.decimal128(precision, scale))


def batch(columns, days=None):
    n = len(next(iter(columns.values())))
    dated = [day(number) for number in days or [0] * n]
    moments = [datetime.combine(item, datetime.min.time()) for item in dated]
    part = Part(
        pa.table(columns),
        pa.chunked_array([pa.array(dated, pa.date32())]),
        pa.chunked_array([pa.array(moments, pa.timestamp("us"))]),
        "data/events.csv",
    )
    return Batch((part,))


def events_of(lake, declared, key_type="text"):
    tables = model_tables("churn", "id", key_type, declared, BINARY)
    return Destination(lake, tables, tables.events, "events", "id", declared, MONDAY)


def screened_events(lake, columns, declared, days=None, key_type="text"):
    days = days or [0]
    return screen_events(
        events_of(lake, declared, key_type),
        batch(columns, days * (1 if len(days) > 1 else len(next(iter(columns.values()))))),
        day(min(days)),
        day(max(days)),
    )


def screened_labels(lake, columns, target=BINARY, days=None, key_type="text"):
    return screen_labels(labels_of(lake, target, key_type), batch(columns, days))


def labels_of(lake, target=BINARY, key_type="text"):
    tables = model_tables("churn", "id", key_type, {}, target)
    truths = {target.column: target.labels}
    return Destination(lake, tables, tables.labels, "labels", "id", truths, MONDAY)


def judged(lake, values, column):
    """The typed values that are accepted, and the reasons of the others."""
    values = values if isinstance(values, pa.Array) else pa.array(values)
    ids = [f"k{number}" for number in range(len(values))]
    screened = screened_events(lake, {"id": ids, "x": values}, {"x": column})
    assert screened.accepted.num_rows + screened.quarantined.num_rows == len(values)
    return screened.accepted["x"].to_pylist(), screened.quarantined["reason"].to_pylist()
