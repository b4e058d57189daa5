"""A lake on disk beside one in memory, and tables for both."""

import duckdb
import pyarrow as pa

from mlops_drift.store.delta import DeltaLake
from mlops_drift.store.memory import MemoryLake
from mlops_drift.store.tables import DAY, Table

FIELDS = [
    DAY,
    pa.field("source", pa.string(), nullable=False),
    pa.field("id", pa.int64(), nullable=False),
    pa.field("x", pa.float64()),
]
BY_DAY = Table("landing.journal", pa.schema(FIELDS), bounds=("day", "source"))
WHOLE = Table("training.journal", pa.schema(FIELDS), bounds=())

# One connection reads all lakes: each offers its own tables to its own queries.
DATABASE = duckdb.connect()


def both_lakes(root):
    """An empty lake on disk and one in memory."""
    return DeltaLake(f"{root}/delta", DATABASE), MemoryLake(root, DATABASE)


def contents(table):
    """The schema of a table and its rows, in an order that depends on them only."""
    return table.schema, sorted(table.to_pylist(), key=repr)
