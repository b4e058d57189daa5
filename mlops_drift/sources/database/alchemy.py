"""Reads any database through SQLAlchemy, in batches that become Arrow."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from mlops_drift.sources.arrow_types import decimals, text_of, unified
from mlops_drift.sources.base import SourceError
from mlops_drift.sources.database.address import Address
from mlops_drift.sources.database.faults import Said

BATCH_ROWS = 20_000
_READABLE = (bool, int, float, str, Decimal, date, datetime, time, UUID)


class Connection:
    """A connection that never commits."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> sa.Dialect:
        """How the database writes SQL."""
        return self._connection.dialect

    def prepare(self, statement: str) -> None:
        """Runs what makes the transaction as a source needs it."""
        self._connection.exec_driver_sql(statement)

    def read(self, statement: sa.TextClause) -> pa.Table:
        """The rows of a statement."""
        found = self._connection.execute(statement)
        names = list(found.keys())
        batches = [_batch(rows, names) for rows in found.partitions(BATCH_ROWS)]
        return unified(batches or [_batch([], names)])

    def stop(self) -> None:
        """Ends the statement that runs, from another thread, where the driver can."""
        raw: Any = self._connection.connection.dbapi_connection
        cancel: Callable[[], None] | None
        cancel = getattr(raw, "cancel", None) or getattr(raw, "interrupt", None)
        if cancel is not None:
            cancel()


@contextmanager
def connect(address: Address) -> Iterator[Connection]:
    """Connects for one read."""
    url = address.url
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    install = "as pip install 'mlops_drift[sql]' does for PostgreSQL"
    try:
        opened = sa.create_engine(url, poolclass=sa.NullPool).connect()
    except NoSuchModuleError:
        problem = f"SQLAlchemy knows no database {url.drivername!r}; install its dialect, {install}"
    except ImportError as error:
        problem = f"the driver {error.name} of the database is not installed; install it, {install}"
    except (TypeError, ValueError):
        problem = "the driver of the database cannot read an option in `url`; correct it"
    else:
        problem = ""
    if problem:
        raise SourceError(problem)
    with opened as connection:
        yield Connection(connection)


def errors() -> tuple[type[Exception], ...]:
    """What it raises."""
    return (SQLAlchemyError,)


def said(error: Exception) -> Said:
    """What SQLAlchemy and the driver below say."""
    if not isinstance(error, DBAPIError):
        return Said(str(error))
    original: Any = error.orig
    state = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None) or ""
    return Said(str(original), state, error.connection_invalidated)


def _batch(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True) if rows else [[] for _ in names]
    return pa.RecordBatch.from_arrays(list(map(_array, columns)), list(names))


def _array(values: Sequence[Any]) -> pa.Array:
    """Values in the type that holds them; as texts where they are of several."""
    kinds = {type(value) for value in values} - {type(None)}
    if not kinds:
        return pa.nulls(len(values))
    if not all(issubclass(kind, _READABLE) for kind in kinds):
        return pa.array([None if value is None else b"" for value in values], pa.binary())
    if kinds == {Decimal}:
        return decimals(pa.chunked_array([_texts(values)])).combine_chunks()
    if not kinds & {Decimal, UUID}:
        try:
            return pa.array(values)
        except (pa.ArrowException, OverflowError):
            pass
    return _texts(values)


def _texts(values: Sequence[Any]) -> pa.Array:
    return pa.array(map(text_of, values), pa.string())
