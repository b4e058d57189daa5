"""Derived columns of a single event, by the features.sql that makes those of whole days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from threading import Lock

import duckdb

from mlops_drift.learning.compiled.base import Value
from mlops_drift.serving.prepared import PreparedQuery, parameter
from mlops_drift.serving.window import EVENT_HISTORY, LABEL_HISTORY, Window
from mlops_drift.sql import identifier
from mlops_drift.store.sealed import (
    EVENTS,
    PAST_EVENTS,
    PAST_LABELS,
    FeatureError,
    typed,
)

_EPOCH = date(1970, 1, 1).toordinal()


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

    Attributes:
        since: of an event before this day the past is not known; None if it is of all.
    """

    def __init__(self, query: OnlineQuery, window: Window | None = None) -> None:
        self._query, window = query, _fitting(window, query)
        self.since = window.day if window else None
        # After day, key and event_time.
        self._key, self._names = query.key, list(query.events)[3:] + _again(query)
        self._lock = Lock()
        results = [query.events[query.key], *query.derived.values()]
        file = window.database if window else None
        try:
            parameters = [_bound(query.events[name]) for name in [*query.events, *_again(query)]]
            self._prepared = PreparedQuery(_statement(query), parameters, results, file)
        except duckdb.Error as error:
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
            FeatureError: if the SQL fails, does not give one row, or the event is older than
                `since`.
        """
        # After midnight a window waits for the events of the day before; what an event gets until
        # then is on record, and the check of skew says where that is something else.
        if self.since is not None and day < self.since:
            raise FeatureError(
                f"{self._key} {key} is of {day}, but the past that is loaded is that of "
                f"{self.since}; export and load the window of {day}"
            )
        values = [day.toordinal() - _EPOCH, key, event_time, *map(row.get, self._names)]
        try:
            with self._lock:
                found = self._prepared.run(values)
        except (duckdb.Error, TypeError, ValueError) as error:
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
        with self._lock:
            self._prepared.close()


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
    relations, number = [_event(query)], len(query.events)
    for relation, rows in _PAST.items():
        if relation in query.reads:
            relations.append(f"{relation} AS NOT MATERIALIZED ({rows(query, number)})")
            number += 1
    wanted = ", ".join([identifier(query.key), *typed(query.derived)])
    # On lines of its own: it may end in a comment.
    return f"WITH {', '.join(relations)} SELECT {wanted} FROM (\n{query.sql}\n)"


def _event(query: OnlineQuery) -> str:
    columns = [
        f"{_value(number, kind)} AS {identifier(name)}"
        for number, (name, kind) in enumerate(query.events.items())
    ]
    # Materialized, or DuckDB would work with constants, by other rules than with rows.
    return f"{EVENTS} AS MATERIALIZED (SELECT {', '.join(columns)})"


def _bound(kind: str) -> str:
    """The SQL type of the parameter that a column is made of."""
    return "BIGINT" if kind in ("DATE", "TIMESTAMP") else kind


def _value(number: int, kind: str) -> str:
    value = parameter(number, _bound(kind))
    if kind == "DATE":
        return f"DATE '1970-01-01' + CAST({value} AS INTEGER)"
    return f"make_timestamp({value})" if kind == "TIMESTAMP" else value


def _past_events(query: OnlineQuery, number: int) -> str:
    if query.entity is None:
        return _none(query.events)
    same = f"{identifier(query.entity)} IS NOT DISTINCT FROM {_entity(query, number)}"
    return f"SELECT * FROM {EVENT_HISTORY} WHERE {same}"


def _past_labels(query: OnlineQuery, number: int) -> str:
    if query.entity is None:
        return _none(query.labels)
    same = f"entity IS NOT DISTINCT FROM {_entity(query, number)}"
    return f"SELECT label.* FROM {LABEL_HISTORY} WHERE {same}"


# The rows of the event's entity, a missing one being one; in the order of their parameters.
_PAST = {PAST_EVENTS: _past_events, PAST_LABELS: _past_labels}


def _again(query: OnlineQuery) -> list[str]:
    """The columns that are parameters once more: the entity, of each relation that it restricts."""
    return [query.entity for relation in _PAST if query.entity and relation in query.reads]


def _entity(query: OnlineQuery, number: int) -> str:
    assert query.entity is not None
    return _value(number, query.events[query.entity])


def _none(columns: Mapping[str, str]) -> str:
    nulls = (f"CAST(NULL AS {kind}) AS {identifier(name)}" for name, kind in columns.items())
    return f"SELECT {', '.join(nulls)} WHERE false"
