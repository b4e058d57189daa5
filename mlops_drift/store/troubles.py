"""Errors of disks, databases and tables as a sentence for a user.

They are judged by their text: it is all that a Dagster run or another process leaves of one.
"""

import errno
import os
import re
import traceback
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from mlops_drift import settings

_MOVE = f"let {settings.DATA_VARIABLE} name a folder that you may write"
_FREE = "free some, then run the same command again"

# What would be right, by the number that the operating system gives an error.
_ADVICE = {
    errno.EACCES: f"ask for the right, or {_MOVE}",
    errno.EPERM: f"ask for the right, or {_MOVE}",
    errno.EROFS: _MOVE,
    errno.ENOSPC: _FREE,
    errno.EDQUOT: _FREE,
    errno.EFBIG: "raise the limit of the shell (`ulimit -f`)",
    errno.EMFILE: "raise the limit of the shell (`ulimit -n`)",
    errno.ENFILE: "end some processes, or let the system open more files",
    errno.ENAMETOOLONG: "choose a shorter path",
}

# What would be right, by words of SQLite.
_ADVICE_OF_SQLITE = {
    "locked": "another process is writing it; try again when that has ended",
    "readonly": _MOVE,
    "unable to open": _MOVE,
    "full": _FREE,
    "disk i/o": "see whether its disk is full or broken",
    **dict.fromkeys(
        ("not a database", "malformed", "no such table", "no such column"),
        "bring it back from a backup, or move it away to start afresh",
    ),
}

_PYTHON = re.compile(r"\[Errno (\d+)\] [^\n]*?(?:: ('.*'|\".*\"))?\s*$", re.S)
# Frames of Rust, and where in a query DuckDB was.
_BESIDE = re.compile(r"\s*\d+: |LINE \d+:")
# As delta-rs and DuckDB name one.
_RUST = re.compile(r"\(os error (\d+)\)")
_SQLITE = re.compile(r"sqlite3\.\w+(?:\)|:) ([^\n]+)")
# What DuckDB raises about files, not about a query.
_OF_FILES = ("IOException", "OutOfMemoryException", "FatalException")
_DAMAGED = ("magic bytes", "Parquet", "parquet")


def sentence(kind: str, message: str, files: Sequence[str] = ()) -> str | None:
    """The message for a user of an error of a class; None if only a developer can mend the error.

    The files of its traceback, outermost first, show which library it comes from.
    """
    library = kind.partition(".")[0]
    if found := _SQLITE.search(message if "sqlite3." in message else f"{kind}: {message}"):
        text = found[1].lower()
        advice = (right for words, right in _ADVICE_OF_SQLITE.items() if words in text)
        return _with(f"{_database(files)}: {found[1]}", next(advice, None))
    if found := _PYTHON.search(message):
        number = int(found[1])
        place = f"{found[2]}: " if found[2] else ""
        return _with(f"{place}{os.strerror(number)}", _ADVICE.get(number))
    is_of_files = kind.endswith(_OF_FILES) or any(sign in message for sign in _DAMAGED)
    if library in ("_internal", "deltalake") or (library in ("duckdb", "_duckdb") and is_of_files):
        return _of_lake(message)
    if library == "builtins" and kind.endswith("MemoryError"):
        return "the memory is full; close other programs, or use a larger machine"
    if library == "mlflow" and "out-of-date database schema" in message:
        return (
            f"{settings.data_root() / 'mlflow.db'} is of another version of MLflow; upgrade it "
            f"with `mlflow db upgrade {settings.tracking_uri()}`"
        )
    return None


def sentence_of(error: BaseException) -> str | None:
    """As `sentence`, of an error that was raised in this process."""
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    return sentence(kind, str(error), files)


def _of_lake(message: str) -> str:
    lines = takewhile(lambda line: not _BESIDE.match(line), message.splitlines())
    message = " ".join(" ".join(lines).split())
    number = _RUST.search(message)
    advice = _ADVICE.get(int(number[1])) if number else None
    return _with(
        f"a table in {settings.lake_root()} cannot be used: {message}",
        advice or "bring it back from a backup",
    )


def _database(files: Sequence[str]) -> Path:
    """The database of the library that used it last."""
    places = {
        "mlflow": settings.data_root() / "mlflow.db",
        "optuna": settings.data_root() / "studies.db",
        "dagster": settings.dagster_root(),
    }
    users = (part for file in reversed(files) for part in Path(file).parts if part in places)
    return places[next(users, "dagster")]


def _with(message: str, advice: str | None) -> str:
    return f"{message}; {advice}" if advice else message
