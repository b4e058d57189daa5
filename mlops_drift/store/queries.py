"""SQL over all tables of the lake by their names."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from mlops_drift.errors import UserError
from mlops_drift.memory import bounded
from mlops_drift.sql import identifier, without_end
from mlops_drift.store.delta import DeltaLake, all_rows
from mlops_drift.store.history import AsOf, GoneError, NotYetError, table_at
from mlops_drift.store.lake import Lake
from mlops_drift.store.schemas import columns_of
from mlops_drift.store.snapshots import open_table
from mlops_drift.store.tables import Table

# Values in their types, or each written exactly: as text, or as JSON.
Form = Literal["values", "text", "json"]

_FRACTION = re.compile(r"DECIMAL\((1[6-9]|[23][0-9]), ?[1-9][0-9]*\)")

# What only reads. A PIVOT is several statements to DuckDB; an EXPLAIN may run what it explains.
_READING = {"SELECT", "MULTI"}

# Binds a query without running it.
_BINDING = "EXPLAIN "


class QueryError(UserError):
    """A query is wrong; the message has the place, in DuckDB's words."""


def run_sql(lake: Lake, query: str, form: Form = "values", as_of: AsOf | None = None) -> pa.Table:
    """Runs one statement in which every table has its name, such as `features.churn`.

    As text no value is rounded, and none is beyond what Python holds. With `as_of`, every table
    that the query names holds what it held then, in the columns of then.

    Raises:
        QueryError: if it does anything but read, DuckDB cannot run it, or it names several tables
            as of a commit.
        LakeError: if a table was not there yet then, or can no longer be read.
    """
    # Views outlive a cursor: those of another lake in this process are not to be seen.
    with bounded(duckdb.connect()) as own, DeltaLake(lake.root, own).cursor() as cursor:
        for name in lake.names() if as_of is None else _named(lake, query, as_of):
            schema, table = map(identifier, name.split(".", 1))
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            stored = all_rows(*_stored(lake, name, as_of))
            cursor.execute(f"CREATE OR REPLACE VIEW {schema}.{table} AS {stored}")
        # Names are those of tables, not of variables of this code.
        cursor.execute("SET SESSION python_enable_replacements = false")
        cursor.execute("SET SESSION errors_as_json = true")
        statement = _statement(lake, cursor, query)
        with _placed(lake, query, len(_BINDING)):
            cursor.execute(f"{_BINDING}{statement}")
        try:
            return _written(cursor.sql(statement), form).to_arrow_table()
        except duckdb.Error:
            # By itself, as what is written around it is not the user's.
            with _placed(lake, query, 0):
                cursor.execute(statement).to_arrow_table()
            raise


def _named(lake: Lake, query: str, as_of: AsOf) -> list[str]:
    """The tables that a query names; a commit is one of a single table."""
    with _placed(lake, query, 0):
        words = duckdb.tokenize(query)
    ends = [start for start, _ in words[1:]] + [len(query.encode())]
    # Not within a text, nor within a remark.
    said = " ".join(
        query.encode()[start:end].decode().strip()
        for (start, kind), end in zip(words, ends, strict=True)
        if kind not in (duckdb.token_type.string_const, duckdb.token_type.comment)
    )
    found = [name for name in lake.names() if _pattern(name).search(said)]
    if isinstance(as_of, int) and len(found) > 1:
        raise QueryError(
            f"as of commit {as_of}: the query reads {', '.join(found)}, and each has commits of "
            "its own; give a day such as 2024-10-01, or read one table"
        )
    return found


def _pattern(name: str) -> re.Pattern[str]:
    parts = (
        f'(?:"{part}"|(?<![\\w$"]){part}(?![\\w$"]))' for part in map(re.escape, name.split(".", 1))
    )
    return re.compile(" *[.] *".join(parts), re.IGNORECASE)


def _stored(lake: Lake, name: str, as_of: AsOf | None = None) -> tuple[Table, DeltaTable]:
    """A table as it is stored, or was then, whatever its columns are."""
    place = lake.place(name)
    snapshot = open_table(place) if as_of is None else table_at(place, name, as_of)
    return Table(name, pa.schema(snapshot.schema().to_arrow())), snapshot


def _statement(lake: Lake, cursor: duckdb.DuckDBPyConnection, query: str) -> str:
    """The one statement of a query, up to its semicolon."""
    with _placed(lake, query, 0):
        statements = cursor.extract_statements(query)
    if not statements:
        raise QueryError(f"the query holds no statement that returns rows: {query!r}")
    statement, *others = statements
    if others:
        found = f"the query holds {len(statements)} statements"
        raise QueryError(f"{found}; sql runs one statement at a time")
    if statement.type.name not in _READING:
        raise QueryError(
            "sql only reads; write SELECT, FROM, VALUES, PIVOT, DESCRIBE, SUMMARIZE or SHOW, "
            f"found {statement.query.split()[0].upper()}"
        )
    return without_end(query)


@contextmanager
def _placed(lake: Lake, query: str, before: int) -> Iterator[None]:
    """Says what DuckDB raises about a query, which it got after so many other bytes, in a line."""
    try:
        yield
    except duckdb.Error as error:
        (kind, _, text), where = str(error).partition(" Error: "), ""
        if text.startswith("{"):
            details = json.loads(text)
            text = details["exception_message"]
            if "position" in details:
                start = query.encode()[: max(0, int(details["position"]) - before)].decode()
                line, column = start.count("\n") + 1, len(start) - start.rfind("\n")
                where = f"line {line}, column {column}: "
        sentence = f"{where}{kind} Error: {_in_a_sentence(text)}"
        end = "" if sentence.endswith("?") else "."
        tables = ", ".join(lake.names()) or "none yet"
        raise QueryError(f"{sentence}{end} The tables are: {tables}") from error


def _in_a_sentence(text: str) -> str:
    """DuckDB's message without lists of what else there is, and without advice to set an option."""
    lines = [line for line in text.splitlines() if line and line[0] != "\t"]
    kept = [line.rstrip(".!: ") for line in lines if not line.startswith('Use "SET ')]
    return "; ".join(kept)


def records(result: pa.Table) -> list[dict[str, object]]:
    """The rows of a result in the form `json`; a `QueryError` if two columns have one name.

    Fractions of more digits than a double has are texts.
    """
    names = result.column_names
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise QueryError(
            f"more than one column is called {', '.join(map(repr, twice))}, and JSON holds one; "
            "name them apart with AS, or ask for --format csv"
        )
    rows = result.to_pylist()
    return [{name: _from_json(cell) for name, cell in row.items()} for row in rows]


def _from_json(cell: str | None) -> Any:
    is_nested = cell and cell.startswith(("[", "{"))
    return json.loads(cell or "null", parse_float=_exact if is_nested else float)


def _exact(number: str) -> float | str:
    found = float(number)
    return found if Decimal(repr(found)) == Decimal(number) else number


def _written(result: duckdb.DuckDBPyRelation, form: Form) -> duckdb.DuckDBPyRelation:
    if form == "values":
        return result
    # By their numbers: names may come twice.
    cells = [
        f"{_cell(f'#{number}', str(kind), form)} AS {identifier(name)}"
        for number, (name, kind) in enumerate(zip(result.columns, result.types, strict=True), 1)
    ]
    return result.project(", ".join(cells))


def _cell(value: str, kind: str, form: Form) -> str:
    text = f"CAST({value} AS VARCHAR)"
    if form == "text":
        return text
    if kind.startswith("TIMESTAMP"):
        return f"to_json(regexp_replace({text}, '^([0-9]+-[0-9]+-[0-9]+) ', '\\1T'))"
    # A fraction in JSON is a double to most who read it, which has no more than 15 digits.
    return f"to_json({text if kind == 'JSON' or _FRACTION.fullmatch(kind) else value})"


def list_tables(lake: Lake, form: Form = "values", as_of: date | None = None) -> pa.Table:
    """All tables with their rows, columns, and number of commits; or those there were on a day.

    Of a table of which that can no longer be read, only the name is known.
    """
    rows: list[tuple[str, int | None, int | None, str | None]] = []
    schema = columns_of(table=str, rows=int | None, commits=int | None, columns=str | None)
    with lake.cursor() as cursor:
        cursor.execute("SET SESSION errors_as_json = true")
        for name in lake.names():
            try:
                table, snapshot = _stored(lake, name, as_of)
            except NotYetError:
                continue
            except GoneError:
                rows.append((name, None, None, None))
                continue
            query = f"SELECT count(*) AS n FROM {all_rows(table, snapshot)}"
            with _placed(lake, query, 0):
                counted = cursor.sql(query).to_arrow_table()["n"][0].as_py()
            rows.append((name, counted, snapshot.version(), ", ".join(table.schema.names)))
        listed = [dict(zip(schema.names, row, strict=True)) for row in rows]
        found = cursor.from_arrow(pa.Table.from_pylist(listed, schema))
        return _written(found, form).to_arrow_table()
