"""SQL over all tables of the lake by their names."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Literal

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from mlops_drift.errors import UserError
from mlops_drift.sql import identifier
from mlops_drift.store.delta import files_relation, open_table
from mlops_drift.store.lake import Lake

# Values in their types, or each written exactly: as text, or as JSON.
Form = Literal["values", "text", "json"]

_FRACTION = re.compile(r"DECIMAL\((1[6-9]|[23][0-9]), ?[1-9][0-9]*\)")


# What only reads. A PIVOT is several statements to DuckDB; an EXPLAIN may run what it explains.
_READING = {"SELECT", "MULTI"}

# Binds a query without running it.
_BINDING = "EXPLAIN "


class QueryError(UserError):
    """A query is wrong; the message has the place, in DuckDB's words."""


def run_sql(lake: Lake, query: str, form: Form = "values") -> pa.Table:
    """Runs a query in which every table has its name, such as `features.churn`.

    Args:
        lake: where the tables are.
        query: one statement that reads.
        form: what the cells are; as text no value is rounded, and none is beyond what Python holds.

    Raises:
        QueryError: if it does anything but read, or DuckDB cannot run it.
    """
    with lake.cursor() as cursor:
        for name in lake.names():
            schema, table = name.split(".", 1)
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")
            relation = _relation(open_table(f"{lake.root}/{schema}/{table}"))
            view = f"{identifier(schema)}.{identifier(table)}"
            cursor.execute(f"CREATE OR REPLACE VIEW {view} AS {relation}")
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


def _statement(lake: Lake, cursor: duckdb.DuckDBPyConnection, query: str) -> str:
    """The one statement of a query, up to its semicolon."""
    with _placed(lake, query, 0):
        statements = cursor.extract_statements(query)
    if not statements:
        raise QueryError(f"the query holds no statement that returns rows: {query!r}")
    if len(statements) > 1:
        raise QueryError(
            f"the query holds {len(statements)} statements; sql runs one statement at a time"
        )
    [statement] = statements
    if statement.type.name not in _READING:
        raise QueryError(
            "sql only reads; write SELECT, FROM, VALUES, PIVOT, DESCRIBE, SUMMARIZE or SHOW, "
            f"found {statement.query.split()[0].upper()}"
        )
    written = query.encode()
    for start, kind in duckdb.tokenize(query):
        if kind == duckdb.token_type.operator and written[start : start + 1] == b";":
            return written[:start].decode()
    return query


@contextmanager
def _placed(lake: Lake, query: str, before: int) -> Iterator[None]:
    """Says what DuckDB raises about a query in a line, with the place of the fault.

    Args:
        lake: whose tables are named.
        query: the query.
        before: bytes of what DuckDB got that stand before it.
    """
    try:
        yield
    except duckdb.Error as error:
        kind, _, text = str(error).partition(" Error: ")
        where = ""
        if text.startswith("{"):
            details = json.loads(text)
            text = details["exception_message"]
            if "position" in details:
                start = query.encode()[: max(0, int(details["position"]) - before)].decode()
                line, column = start.count("\n") + 1, len(start) - start.rfind("\n")
                where = f"line {line}, column {column}: "
        sentence = _in_a_sentence(text)
        end = "" if sentence.endswith("?") else "."
        tables = ", ".join(lake.names()) or "none yet"
        raise QueryError(
            f"{where}{kind} Error: {sentence}{end} The tables are: {tables}"
        ) from error


def _in_a_sentence(text: str) -> str:
    r"""DuckDB's message without lists of what else there is, and without advice to set an option.

    >>> _in_a_sentence('There is no f!\nDid you mean "g"?\n\tCandidates:\n\tg(x)')
    'There is no f; Did you mean "g"?'
    """
    lines = [line for line in text.splitlines() if line and line[0] != "\t"]
    kept = [line.rstrip(".!: ") for line in lines if not line.startswith('Use "SET ')]
    return "; ".join(kept)


def records(result: pa.Table) -> list[dict[str, Any]]:
    """The rows of a result in the form `json`.

    Fractions of more digits than a double has are texts.

    Raises:
        QueryError: two columns have one name.

    >>> records(pa.table({"n": ["12345678901234567890"], "x": ["[0.5, 0.12345678901234567890]"]}))
    [{'n': 12345678901234567890, 'x': [0.5, '0.12345678901234567890']}]
    """
    names = result.column_names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise QueryError(
            f"more than one column is called {', '.join(map(repr, twice))}, and JSON holds one; "
            "name them apart with AS, or ask for --format csv"
        )
    rows = zip(*(column.to_pylist() for column in result.columns), strict=True)
    return [{name: _from_json(cell) for name, cell in zip(names, row, strict=True)} for row in rows]


def _from_json(cell: str | None) -> Any:
    if cell is None:
        return None
    return json.loads(cell, parse_float=_exact if cell.startswith(("[", "{")) else float)


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


def _relation(snapshot: DeltaTable) -> str:
    """A snapshot as SQL, whatever its columns are."""
    types = {field.name: _duckdb_type(field.type) for field in snapshot.schema().fields}
    partitions = {name: types[name] for name in snapshot.metadata().partition_columns}
    files = files_relation(snapshot, partitions)
    nulls = ", ".join(f"CAST(NULL AS {kind}) AS {identifier(name)}" for name, kind in types.items())
    columns = ", ".join(map(identifier, types))
    return f"SELECT {columns} FROM ({files})" if files else f"SELECT {nulls} WHERE false"


def _duckdb_type(data_type: Any) -> str:
    if data_type.type == "array":
        return f"{_duckdb_type(data_type.element_type)}[]"
    names = {
        "long": "BIGINT",
        "double": "DOUBLE",
        "string": "VARCHAR",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "timestamp_ntz": "TIMESTAMP",
    }
    return names.get(data_type.type, "VARCHAR")


def list_tables(lake: Lake, form: Form = "values") -> pa.Table:
    """All tables with their rows, columns, and number of commits."""
    rows: list[dict[str, Any]] = []
    for name in lake.names():
        table = open_table(f"{lake.root}/{name.replace('.', '/', 1)}")
        counted = run_sql(lake, f"SELECT count(*) AS n FROM {name}")["n"][0].as_py()
        columns = [field.name for field in table.schema().fields]
        rows.append(
            {
                "table": name,
                "rows": counted,
                "commits": table.version(),
                "columns": ", ".join(columns),
            }
        )
    schema = pa.schema(
        [
            ("table", pa.string()),
            ("rows", pa.int64()),
            ("commits", pa.int64()),
            ("columns", pa.string()),
        ]
    )
    found = pa.Table.from_pylist(rows, schema=schema)
    with lake.cursor() as cursor:
        return _written(cursor.from_arrow(found), form).to_arrow_table()
