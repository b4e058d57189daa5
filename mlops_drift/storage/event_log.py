"""Dagster's events in SQLite files that stay open."""

import tempfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from typing import ClassVar

from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationPlanned,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster_shared.record import copy
from filelock import FileLock
from sqlalchemy import Connection, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.event import listen
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, QueuePool

from mlops_drift.registry.sqlite_files import SQLITE, file_of, made_beside
from mlops_drift.settings import dagster_lock

# What is replaced of Dagster's class.
REPLACED = ("_connect", "has_table", "_store_asset_check_evaluation_planned")

# Event files that stay open: the index, and those of a few runs.
OPEN_FILES = 8


class EventLog(SqliteEventLogStorage):
    """Dagster's events in SQLite, with four differences.

    Files stay open: to open and close one for every event is half of what a run of short steps
    costs (`benchmarks/README.md`). The file of a new run is a copy of an empty one: to make thirty
    tables and indexes takes longer than most steps. A commit does not wait for the disk: SQLite's
    write-ahead log survives the end of a process either way, and a power cut may take the last
    events, as it may take the last files of a table. A check has one row for each execution:
    Dagster plans a check of a partitioned asset once for every day of the run, though it is
    evaluated once, and the other rows stay behind as skipped.
    """

    _empty_file: ClassVar[bytes | None] = None

    def __init__(self, base_dir: str) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._tables: set[str] = set()
        super().__init__(base_dir)
        self._require_fitting()

    def _require_fitting(self) -> None:
        """Requires a Dagster that still calls what is replaced here, with the same arguments."""
        for name in REPLACED:
            theirs = signature(getattr(SqliteEventLogStorage, name)).parameters
            if list(theirs) != list(signature(getattr(EventLog, name)).parameters):
                raise TypeError(f"{name} takes {', '.join(theirs)}")
        with self.index_connection():
            pass

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _engine(self, shard: str) -> Engine:
        """The open file of a shard; the least recently used ones are closed."""
        if shard in self._engines and shard in self._initialized_dbs:
            self._engines.move_to_end(shard)
            return self._engines[shard]
        engine = create_engine(
            self.conn_string_for_shard(shard),
            poolclass=QueuePool,
            pool_size=1,
            # Safe across threads: the lock above lets one at a time in.
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        listen(engine, "connect", _without_waiting)
        if shard not in self._initialized_dbs:
            if not self._copied(shard):
                self._initdb(engine)
            self._initialized_dbs.add(shard)
        replaced = self._engines.pop(shard, None)
        self._engines[shard] = engine
        if replaced is not None:
            replaced.dispose()
        while len(self._engines) > OPEN_FILES:
            self._engines.popitem(last=False)[1].dispose()
        return engine

    def _copied(self, shard: str) -> bool:
        """Whether the file of a shard was made here, from an empty one."""
        place = Path(self.path_for_shard(shard))
        with FileLock(dagster_lock()):
            if place.exists():
                return False
            with made_beside(place) as url:
                Path(str(file_of(url))).write_bytes(self._empty())
        return True

    def _empty(self) -> bytes:
        """A file of events as Dagster makes it, without any."""
        if EventLog._empty_file is None:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "empty.db"
                self._initdb(create_engine(f"{SQLITE}{file}", poolclass=NullPool))
                EventLog._empty_file = file.read_bytes()
        return EventLog._empty_file

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; one that is there stays."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def _store_asset_check_evaluation_planned(
        self, event: EventLogEntry, event_id: int | None
    ) -> None:
        planned = event.dagster_event
        if planned and isinstance(planned.event_specific_data, AssetCheckEvaluationPlanned):
            data = copy(planned.event_specific_data, partitions_subset=None)
            event = event._replace(dagster_event=planned._replace(event_specific_data=data))
        super()._store_asset_check_evaluation_planned(event, event_id)


def _without_waiting(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.cursor().execute("PRAGMA synchronous = NORMAL")
