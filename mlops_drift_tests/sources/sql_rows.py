"""Sources that read tables and queries, and the rows that they give."""

from datetime import date

from mlops_drift.sources.sql import SqlSource

FIRST, SECOND, THIRD = date(2024, 3, 1), date(2024, 3, 2), date(2024, 3, 3)
TABLE = {"table": "orders", "day_column": "day"}


def source(folder=None, events=TABLE, url="${SHOP_DB}", **options):
    config = SqlSource(kind="sql", url=url, events=events, labels=TABLE, **options)
    return config.open(folder)


def rows_of(batch):
    [part] = batch.parts
    return part.rows.to_pylist()


def ids(batch):
    return sorted(row["id"] for row in rows_of(batch))
