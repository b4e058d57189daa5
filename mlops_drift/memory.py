"""The memory of DuckDB: a limit, and a folder to spill to beyond it."""

import os
import tempfile
from functools import cache
from itertools import count
from pathlib import Path

import duckdb

from mlops_drift import settings
from mlops_drift.sql import engine, literal

# What a folder begins with that a DuckDB spills to; its process and a number follow.
SPILLING = ".spilling-"
_numbers = count()


def memory_bound() -> dict[str, str]:
    """The options of a DuckDB that spills beyond `settings.memory_limit`, to a folder of its own.

    It lies in the data folder, or among temporary files while there is none. DuckDB makes it when
    it first spills, and removes it when it is closed or the process ends.
    """
    root = settings.data_root()
    place = root if root.is_dir() else Path(tempfile.gettempdir())
    folder = place / f"{SPILLING}{os.getpid()}-{next(_numbers)}"
    return {"memory_limit": settings.memory_limit(), "temp_directory": str(folder)}


def bounded(database: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A database with the options of `memory_bound`; one that has spilled takes no other folder."""
    for option, value in memory_bound().items():
        database.execute(f"SET {option} = {literal(value)}")
    return database


@cache
def bound_engine() -> None:
    """Bounds the DuckDB of this process for what reads no table (`sql.engine`)."""
    bounded(engine())


def spilled_by_the_dead() -> list[Path]:
    """Folders that processes spilled to and could not remove, since they were killed."""
    spilled = settings.data_root().glob(f"{SPILLING}[0-9]*-*")
    return sorted(folder for folder in spilled if not _lives(folder))


def _lives(folder: Path) -> bool:
    process = folder.name.removeprefix(SPILLING).partition("-")[0]
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    # Another user's.
    except PermissionError:
        pass
    return True
