"""Reads PostgreSQL through its ADBC driver, which gives Arrow."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa
import sqlalchemy as sa

from mlops_drift.sources.database.address import Address
from mlops_drift.sources.database.faults import Said

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor

DRIVER = "adbc_driver_postgresql"

Result = TypeVar("Result")


def reads(address: Address) -> bool:
    """Whether an address is read so: it names no other driver, and this one is installed.

    That of SQLite is not used: it rounds numbers of columns that hold texts too, and no statement
    of it can be stopped.
    """
    return address.url.drivername == "postgresql" and find_spec(DRIVER) is not None


class Connection:
    """A connection that never commits."""

    def __init__(self, cursor: "Cursor") -> None:
        self._cursor = cursor

    @property
    def dialect(self) -> sa.Dialect:
        """How PostgreSQL writes SQL."""
        return _dialect()

    def prepare(self, statement: str) -> None:
        """Runs what makes the transaction as a source needs it."""
        self._apart(lambda: self._cursor.execute(statement))

    def read(self, statement: sa.TextClause) -> pa.Table:
        """The rows of a statement."""
        compiled: Any = statement.compile(dialect=self.dialect)
        values = [compiled.params[name] for name in compiled.positiontup]

        def read() -> pa.Table:
            self._cursor.execute(str(compiled), values or None)
            return self._cursor.fetch_arrow_table()

        found = self._apart(read)
        for at, field in enumerate(found.schema):
            if (field.metadata or {}).get(b"POSTGRESQL:type") == b"money":
                # As whole numbers of its smallest unit, it would be read as something else.
                unread = pa.array([b"" if one else None for one in found.column(at).is_valid()])
                found = found.set_column(at, field.name, unread.cast(pa.binary()))
        return found

    def stop(self) -> None:
        """Ends the statement that runs, from another thread."""
        self._cursor.adbc_cancel()

    def _apart(self, call: Callable[[], Result]) -> Result:
        """Calls the driver in a thread: in the main one it would take a Ctrl-C for itself."""
        with ThreadPoolExecutor(1) as thread:
            future = thread.submit(call)
            try:
                return future.result()
            finally:
                if not future.done():
                    self.stop()


@contextmanager
def connect(address: Address) -> Iterator[Connection]:
    """Connects for one read."""
    from adbc_driver_postgresql import dbapi

    _, options = _dialect().create_connect_args(address.url)
    # A URL would have to be encoded as libpq reads it; so each value is what it is.
    settings = " ".join(f"{name}={_quoted(str(value))}" for name, value in options.items())
    with dbapi.connect(settings) as connection, connection.cursor() as cursor:
        yield Connection(cursor)


def errors() -> tuple[type[Exception], ...]:
    """What its driver raises."""
    from adbc_driver_manager import Error

    return (Error, pa.ArrowException)


def said(error: Exception) -> Said:
    """What the driver says."""
    from adbc_driver_manager import AdbcStatusCode

    state = getattr(error, "sqlstate", None) or ""
    is_lost = not state and getattr(error, "status_code", None) == AdbcStatusCode.IO
    return Said(str(error), state, is_lost)


@cache
def _dialect() -> sa.Dialect:
    from sqlalchemy.dialects.postgresql import psycopg

    # Of all dialects of PostgreSQL it writes the types of parameters, as :last + 1 needs them.
    return psycopg.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


def _quoted(value: str) -> str:
    escaped = value.replace("\\", r"\\").replace("'", r"\'")
    return f"'{escaped}'"
