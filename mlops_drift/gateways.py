"""Opens the lake, the registry and the trials of searches at their configured places."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import duckdb

from mlops_drift import settings
from mlops_drift.memory import bound_engine, bounded
from mlops_drift.registry.registry import Registry
from mlops_drift.registry.studies import Studies
from mlops_drift.store.delta import DeltaLake
from mlops_drift.store.lake import Lake


@contextmanager
def open_lake(
    root: str | None = None, database: duckdb.DuckDBPyConnection | None = None
) -> Iterator[Lake]:
    """The lake at its configured place, or at another.

    It is read with a DuckDB in memory: the one given, or the one of this process.
    """
    with (database or _in_memory()).cursor() as connection:
        yield DeltaLake(root or settings.lake_root(), connection)


@cache
def _in_memory() -> duckdb.DuckDBPyConnection:
    """One for all lakes of a process: to make a database takes longer than most queries."""
    return prepared(duckdb.connect())


def prepared(database: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A database that is to read a lake for as long as the process lives, in bounded memory."""
    bound_engine()
    # The process may live for weeks, and files of a table are read once or twice.
    return bounded(database).execute("SET enable_external_file_cache = false")


def open_registry() -> Registry:
    """The registry at its configured place."""
    return Registry(*places_of_registry())


def places_of_registry() -> tuple[str, Path, Path, str]:
    """Where the registry lies: its database, artifacts and locks, and the prefix of its aliases."""
    roots = settings.artifact_root(), settings.registry_lock_root()
    return settings.tracking_uri(), *roots, settings.alias_prefix()


def open_studies() -> Studies:
    """The trials of all searches, at their configured place."""
    return Studies(settings.studies_url(), settings.registry_lock_root())
