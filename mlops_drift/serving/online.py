"""Derived columns of a single event, by the features.sql that makes those of whole days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from threading import Lock

import duckdb

from mlops_drift.learning.compiled.base import Value
from mlops_drift.serving.window import EVENT_HISTORY, LABEL_HISTORY, Window
from mlops_drift.sql import identifier
from mlops_drift.store.sealed import (
    EVENTS,
    PAST_EVENTS,
    PAST_LABELS,
    FeatureError,
    sealed_database,
    typed,
)


@dataclass(frozen=True)
class OnlineQuery:
    """The features.sql of a model, with all that it takes to run it, as JSON can hold it.

    Attributes:
        sql: one query, which gives the key and every derived column.
        reads: which of the relations events, past_events and past_labels it names.
        key: the column that identifies an event.
        events: the columns of an event, in their order, in SQL types.
        labels: those of a label.
        derived: the columns that the query makes, in SQL types.
        history_days: how many days before an event it may look at.
        entity: the column that restricts the past; None where the query reads none.
    """

    sql: str
    reads: list[str]
    key: str
    events: dict[str, str]
    labels: dict[str, str]
    derived: dict[str, str]
    history_days: int
    entity: str | None

    @property
    def needs_window(self) -> bool:
        """Whether an event looks at the past."""
        return self.entity is not None


class OnlineDerivation:
    """Makes the derived columns of one event at a time, to the last bit as their day has them.

    The event is the only row of `events`; `past_events` and `past_labels` are those of its entity
    in a window. Whether a query gives the same then is proven beforehand (`prove_online`). The
    database is sealed as that of whole days is. May be used by several threads, one after another.
    A `FeatureError` if the window is of another query, or the query does not fit it.
    """

    def __init__(self, query: OnlineQuery, window: Window | None = None) -> None:
        self._query, self._window = query, _fitting(window, query)
        self._key, self._names = query.key, list(query.events)[3:]
        self._lock = Lock()
        self._database = sealed_database(self._window.database if self._window else None)
        self._database.execute("SET TimeZone = 'UTC'")
        text = _statement(query)
        try:
            # Parsed once; the values are needed to plan it.
            [self._statement] = self._database.extract_statements(text)
            self._database.execute(f"EXPLAIN {text}", [None] * len(query.events))
        except duckdb.Error as error:
            self.close()
            raise FeatureError(f"features.sql of a single event: {error}") from error

    def derive(
        self, row: Mapping[str, Value], key: str | int, event_time: int | None, day: date
    ) -> dict[str, Value]:
        """The derived columns of an event; none is nan or infinite, these are null.

        Args:
            row: the columns of the source and the inputs, as they would be stored: in the declared
                types, without nan and -0.0; one left out is null.
            key: of the event.
            event_time: in microseconds since 1970 in UTC.
            day: of the event.

        Raises:
            FeatureError: if the SQL fails, does not give one row, or the window is of another day.
        """
        window = self._window
        if window is not None and window.day != day:
            raise FeatureError(
                f"{self._key} {key} is of {day}, but the past that is loaded is that of "
                f"{window.day}; export and load the window of {day}"
            )
        values = [day, key, event_time, *map(row.get, self._names)]
        try:
            with self._lock:
                found = self._database.execute(self._statement, values).fetchall()
        except duckdb.Error as error:
            raise FeatureError(f"features.sql, {self._key} {key}, {day}: {error}") from error
        if len(found) != 1 or found[0][0] != key:
            others = [one for one, *_ in found if one != key]
            gives = f"a row for {others[0]}" if others else f"{len(found)} rows for it"
            raise FeatureError(
                f"features.sql, {self._key} {key}, {day}: the query gives {gives}; it must give "
                "one row for each event"
            )
        return dict(zip(self._query.derived, found[0][1:], strict=True))

    def close(self) -> None:
        """Closes the database; nothing can be derived any more."""
        self._database.close()


def _fitting(window: Window | None, query: OnlineQuery) -> Window | None:
    """The window that a query needs; None where it needs none."""
    if not query.needs_window:
        return None
    needed = f"the {query.history_days} days before a day by {query.entity}"
    if window is None:
        raise FeatureError(f"features.sql reads the past: load a window of {needed}")
    if (window.entity, window.history_days) != (query.entity, query.history_days):
        raise FeatureError(
            f"the window of {window.day} holds the {window.history_days} days before it by "
            f"{window.entity}; features.sql needs {needed}: export it again"
        )
    return window


def _statement(query: OnlineQuery) -> str:
    """SQL that gives the key and the derived columns of the event that its parameters are."""
    relations = [_event(query)]
    if PAST_EVENTS in query.reads:
        rows = _past(query, query.events, "*", EVENT_HISTORY)
        relations.append(f"{PAST_EVENTS} AS NOT MATERIALIZED ({rows})")
    if PAST_LABELS in query.reads:
        rows = _past(query, query.labels, "label.*", LABEL_HISTORY)
        relations.append(f"{PAST_LABELS} AS NOT MATERIALIZED ({rows})")
    wanted = ", ".join([identifier(query.key), *typed(query.derived)])
    # On lines of its own: it may end in a comment.
    return f"WITH {', '.join(relations)} SELECT {wanted} FROM (\n{query.sql}\n)"


def _event(query: OnlineQuery) -> str:
    columns = []
    for number, (name, kind) in enumerate(query.events.items(), 1):
        value = f"CAST(${number} AS {'BIGINT' if kind == 'TIMESTAMP' else kind})"
        value = f"make_timestamp({value})" if kind == "TIMESTAMP" else value
        columns.append(f"{value} AS {identifier(name)}")
    # Materialized, or DuckDB would work with constants, by other rules than with rows.
    return f"{EVENTS} AS MATERIALIZED (SELECT {', '.join(columns)})"


def _past(query: OnlineQuery, columns: Mapping[str, str], wanted: str, table: str) -> str:
    """SQL of the past rows of the event's entity, a missing one being one; without it, of none."""
    if query.entity is None:
        nulls = (f"CAST(NULL AS {kind}) AS {identifier(name)}" for name, kind in columns.items())
        return f"SELECT {', '.join(nulls)} WHERE false"
    number, kind = list(query.events).index(query.entity) + 1, query.events[query.entity]
    column = identifier(query.entity) if table == EVENT_HISTORY else "entity"
    asked = f"CAST(${number} AS {kind})"
    return f"SELECT {wanted} FROM {table} WHERE {column} IS NOT DISTINCT FROM {asked}"
