"""One read of a database: one transaction that only reads, ends in time, and may be tried again."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Timer

import pyarrow as pa
import sqlalchemy as sa

from mlops_drift.sources.base import SourceError
from mlops_drift.sources.database import adbc, alchemy, faults
from mlops_drift.sources.database.address import Address
from mlops_drift.sources.database.faults import Fault

TRIES = 4
PAUSE_SECONDS = 0.5
CONNECT_SECONDS = 10

# What speaks through libpq, and what that is asked for, unless the URL says otherwise: without an
# answer a connection ends.
_LIBPQ = {"postgresql", "postgresql+psycopg", "postgresql+psycopg2"}
_OPTIONS = {
    "application_name": "mlops_drift",
    "connect_timeout": str(CONNECT_SECONDS),
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}

# Makes the statement that is asked for, in the SQL of a database.
Ask = Callable[[sa.Dialect], sa.TextClause]


class DaysAreTextsError(SourceError):
    """The day column of a table holds texts, or else nothing that can be compared with days."""


class Database:
    """A database that is read.

    Args:
        url: as the YAML has it.
        folder: where the path of a database that is a file starts.
        seconds: how long a read may take.
        timezone: in which a query compares moments with dates, where a session can have one.
    """

    def __init__(self, url: str, folder: Path, seconds: float, timezone: str = "UTC") -> None:
        self._written, self._folder, self._seconds = url, folder, seconds
        self._timezone = timezone

    def read(self, place: str, ask: Ask, table: str | None) -> pa.Table:
        """The rows of a statement, all of one moment.

        Args:
            place: what is read, for messages.
            ask: makes the statement.
            table: what is read; None for a query.

        Raises:
            SourceError: if it cannot be read; the message holds no part of the URL.
            DaysAreTextsError: if the bounds of a table are no values of its day column.
        """
        address = Address(self._written, self._folder)
        if address.url.drivername in _LIBPQ:
            address.url = address.url.set(query={**_OPTIONS, **address.url.query})
        was_lost, tries = False, 0
        while True:
            tries += 1
            found = self._try(address, ask, table)
            if isinstance(found, pa.Table):
                return found
            was_lost = was_lost or found.is_lost
            # Raised here, where no error of the driver is at hand: that may hold the URL.
            if not (found.is_lost or (was_lost and found.is_down)):
                error = DaysAreTextsError if found.are_texts else SourceError
                raise error(f"{place}: {found.problem}; {found.hint}")
            if tries == TRIES:
                raise SourceError(f"{place}: {found.problem}, in {tries} tries; {found.hint}")
            time.sleep(PAUSE_SECONDS * tries)

    def _try(self, address: Address, ask: Ask, table: str | None) -> pa.Table | Fault:
        """The rows, or why there are none."""
        way = adbc if adbc.reads(address) else alchemy
        is_connected, is_late = False, Event()
        try:
            with way.connect(address) as connection:
                is_connected = True
                # The bounds of a table are moments in UTC.
                zone = "UTC" if table else self._timezone
                if prepared := self._prepared(connection.dialect.name, zone):
                    connection.prepare(prepared)
                with self._limited(connection.stop, is_late):
                    return connection.read(ask(connection.dialect))
        except way.errors() as error:
            said = way.said(error)
        if not is_connected:
            return faults.of_connection(said)
        stopped = is_late.is_set()
        return faults.of_statement(said, address, table, self._seconds, is_stopped=stopped)

    def _prepared(self, dialect: str, timezone: str) -> str:
        """What makes a transaction read only, in a time zone."""
        if dialect == "sqlite":
            return "PRAGMA query_only = ON"
        if dialect == "postgresql":
            values = {
                "transaction_read_only": "on",
                "statement_timeout": f"{int(self._seconds * 1000)}",
                "TimeZone": timezone,
            }
            return "SELECT " + ", ".join(
                f"set_config('{name}', '{value}', true)" for name, value in values.items()
            )
        return ""

    @contextmanager
    def _limited(self, stop: Callable[[], None], is_late: Event) -> Iterator[None]:
        """Stops a statement that takes too long, also where the server would not."""

        def end() -> None:
            is_late.set()
            stop()

        timer = Timer(self._seconds, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
