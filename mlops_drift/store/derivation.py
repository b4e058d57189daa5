"""Derived features: SQL over one day's events and what was known before that day."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache, cached_property
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.schema.columns import Column
from mlops_drift.schema.days import days_between
from mlops_drift.sql import identifier, without_end
from mlops_drift.store.schemas import duckdb_type
from mlops_drift.store.sealed import (
    EVENTS,
    PAST_EVENTS,
    PAST_LABELS,
    FeatureError,
    sealed_database,
    typed,
)
from mlops_drift.store.tables import column_fields

# What DuckDB writes like a column, or defines by what is such, and depends on the moment.
CLOCK = {
    *("ago", "current_date", "current_time", "current_timestamp"),
    *("current_localtime", "current_localtimestamp", "localtime", "localtimestamp"),
}


class Derivation:
    """Makes the derived columns of a model.

    The SQL of a day sees three relations: `events`, the events of that day; `past_events`, those
    of the `history_days` days before it; `past_labels`, the labels that arrived on these. It
    gives the key and every derived column, one row for each event of the day. So a feature rests
    on nothing later than its day, and on no label of that day, in whichever order days are made.
    A `FeatureError` if the SQL is not one query, or depends on the clock or on chance.
    """

    def __init__(
        self, sql: str, key: str, columns: Mapping[str, Column], history_days: int
    ) -> None:
        self.sql, self._key, self._columns = _one_query(sql), key, columns
        self.history_days = history_days

    @property
    def types(self) -> dict[str, str]:
        """The derived columns, in SQL types."""
        return {field.name: duckdb_type(field.type) for field in column_fields(self._columns)}

    @cached_property
    def digest(self) -> str:
        """What is another where the SQL means something else, or looks further back."""
        identity = json.dumps([_meaning(_parsed(self.sql)), self.history_days], sort_keys=True)
        return hashlib.sha256(identity.encode()).hexdigest()[:16]

    @property
    def reads(self) -> set[str]:
        """Which of the three relations the SQL names."""
        return {EVENTS, PAST_EVENTS, PAST_LABELS} & set(_tables(_parsed(self.sql)))

    def derive(
        self, events: pa.Table, labels: pa.Table, first: date, last: date
    ) -> Iterator[tuple[date, pa.Table]]:
        """The key and the derived columns of each day that has events, in their declared types.

        Events and labels are those of `history_days` days before `first`, and of all days to
        `last`. No value is nan or infinite, these are null. A `FeatureError` if the SQL fails,
        reads something else, does not give one row for each event, or a value of another type.
        """
        # Sums depend on the order of what is added up, to the last digit.
        by_key = [(pc.field(self._key), "ascending")]
        events_by_day = _by_day(events.sort_by(by_key))
        labels_by_day = _by_day(labels.sort_by(by_key))
        with _sealed() as connection:
            for day in days_between(first, last):
                if day not in events_by_day:
                    continue
                before = [day - timedelta(days=n) for n in range(self.history_days, 0, -1)]
                connection.register(EVENTS, events_by_day[day])
                connection.register(PAST_EVENTS, _joined(events_by_day, before, events.schema))
                connection.register(PAST_LABELS, _joined(labels_by_day, before, labels.schema))
                yield day, self._made(connection, day, events_by_day[day])

    def _made(self, connection: duckdb.DuckDBPyConnection, day: date, events: pa.Table) -> pa.Table:
        where = f"features.sql, {day}"
        try:
            result = connection.sql(self.sql)
            found = result.columns if result is not None else []
            needed = (self._key, *self._columns)
            if missing := [name for name in needed if name not in found]:
                gives = ", ".join(found) or "no rows"
                raise FeatureError(
                    f"{where}: the query gives {gives}; it lacks {', '.join(missing)}"
                )
            given = [name.lower() for name in found]
            if twice := [name for name in needed if given.count(name.lower()) > 1]:
                raise FeatureError(
                    f"{where}: the query gives {', '.join(twice)} more than once, upper and lower "
                    "case being the same; name each column once"
                )
            # On lines of its own: it may end in a comment.
            wanted = ", ".join([identifier(self._key), *typed(self.types)])
            made = connection.sql(f"SELECT {wanted} FROM (\n{self.sql}\n)").to_arrow_table()
        except duckdb.Error as error:
            raise FeatureError(
                f"{where}: {error}\nThe query may read {EVENTS}, {PAST_EVENTS} and {PAST_LABELS}"
            ) from error
        self._require_one_row_each(where, made, events)
        fields = [events.schema.field(self._key), *column_fields(self._columns)]
        return made.cast(pa.schema(fields))

    def _require_one_row_each(self, where: str, made: pa.Table, events: pa.Table) -> None:
        keys, wanted = made[self._key], events[self._key]
        lost = wanted.filter(pc.invert(pc.is_in(wanted, value_set=keys.cast(wanted.type))))
        if made.num_rows != events.num_rows or len(lost):
            counted = f"{made.num_rows} rows for {events.num_rows} events"
            example = f", none for {self._key} {lost[0].as_py()}" if len(lost) else ""
            raise FeatureError(
                f"{where}: the query gives {counted}{example}; it must give one row for each event"
            )


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """The sealed database of this process: opening one takes longer than most queries."""
    return sealed_database()


@contextmanager
def _sealed() -> Iterator[duckdb.DuckDBPyConnection]:
    with _engine().cursor() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


@cache
def _one_query(sql: str) -> str:
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise FeatureError(f"features.sql: {error}") from error
    kinds = [statement.type.name for statement in statements]
    if kinds != ["SELECT"]:
        found = ", ".join(kinds) or "no statement"
        raise FeatureError(f"features.sql must be one SELECT, found {found}")
    query = without_end(statements[0].query)
    _require_timeless(query)
    return query


def _require_timeless(query: str) -> None:
    """Requires that a query gives the same whenever it runs."""
    called = set(_called(_parsed(query)))
    with _sealed() as connection:
        unstable = connection.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() "
            "WHERE stability <> 'CONSISTENT' AND function_name IN (SELECT unnest(?))",
            [sorted(called)],
        ).fetchall()
    if found := sorted({name for (name,) in unstable} | called & CLOCK):
        raise FeatureError(
            f"features.sql calls {', '.join(found)}, which depends on when it runs or on "
            "chance: a feature must be the same whenever its day is made again. Use the columns "
            "day and event_time; a column of that name is read as events.name"
        )


def _parsed(query: str) -> Any:
    with _sealed() as connection:
        [(tree,)] = connection.execute("SELECT json_serialize_sql(?)", [query]).fetchall()
    return json.loads(tree)


def _meaning(node: Any) -> Any:
    """A parsed query without the places of its words."""
    if isinstance(node, dict):
        return {name: _meaning(part) for name, part in node.items() if name != "query_location"}
    return [_meaning(part) for part in node] if isinstance(node, list) else node


def _tables(node: Any) -> Iterator[str]:
    """The tables that a parsed query names, in lower case."""
    if isinstance(node, dict):
        if "table_name" in node:
            yield node["table_name"].lower()
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _tables(part)


def _called(node: Any) -> Iterator[str]:
    """The functions of a parsed query, and the names that stand alone."""
    if isinstance(node, dict):
        if "function_name" in node:
            # With one argument it counts from today.
            once = node["function_name"] == "age" and len(node["arguments"]) == 1
            yield "current_date" if once else node["function_name"].lower()
        names = node.get("column_names") or []
        if len(names) == 1:
            yield names[0].lower()
        if node.get("sample_size") is not None and node.get("seed", -1) in (-1, None):
            yield "random"
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _called(part)


def _by_day(table: pa.Table) -> dict[date, pa.Table]:
    days = table["day"]
    return {day: table.filter(pc.equal(days, day)) for day in pc.unique(days).to_pylist()}


def _joined(by_day: Mapping[date, pa.Table], days: list[date], schema: pa.Schema) -> pa.Table:
    found = [by_day[day] for day in days if day in by_day]
    return pa.concat_tables([schema.empty_table(), *found])
