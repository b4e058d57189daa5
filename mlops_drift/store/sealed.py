"""The sealed DuckDB that features.sql runs in: for a day of events, and for a single one."""

from collections.abc import Mapping

import duckdb

from mlops_drift.errors import UserError
from mlops_drift.memory import memory_bound
from mlops_drift.sql import identifier

# What features.sql may read.
EVENTS, PAST_EVENTS, PAST_LABELS = "events", "past_events", "past_labels"

# Nothing but these relations can be read: no file and no network. A sum is made by one thread.
SEALED = {"enable_external_access": "false", "threads": "1"}


class FeatureError(UserError, ValueError):
    """features.sql cannot be used as it is; the message says why and what would be right."""


def sealed_database() -> duckdb.DuckDBPyConnection:
    """A sealed database in memory, which reads no variable of the process either."""
    options = {**SEALED, **memory_bound(), "python_enable_replacements": "false"}
    return duckdb.connect(":memory:", config={**options})


def typed(columns: Mapping[str, str]) -> list[str]:
    """SQL that gives columns by name in their SQL types; nan and infinity are null."""
    casts = []
    for name, kind in columns.items():
        quoted = identifier(name)
        value = f"CAST({quoted} AS {kind})"
        if kind == "DOUBLE":
            value = f"CASE WHEN isfinite({value}) THEN {value} END"
        casts.append(f"{value} AS {quoted}")
    return casts
