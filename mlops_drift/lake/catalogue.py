"""SQL over all tables of the lake by their names."""

from typing import Any

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from mlops_drift.errors import UserError
from mlops_drift.lake.delta import files_relation, open_table
from mlops_drift.lake.lake import Lake
from mlops_drift.sql import identifier


class QueryError(UserError):
    """A query is wrong; the message is DuckDB's own."""


def run_sql(lake: Lake, query: str) -> pa.Table:
    """Runs a query in which every table has its name, such as `features.churn`.

    Raises:
        QueryError: if DuckDB cannot run it.
    """
    with lake.cursor() as cursor:
        for name in lake.names():
            schema, table = name.split(".", 1)
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")
            relation = _relation(open_table(f"{lake.root}/{schema}/{table}"))
            view = f"{identifier(schema)}.{identifier(table)}"
            cursor.execute(f"CREATE OR REPLACE VIEW {view} AS {relation}")
        try:
            result = cursor.sql(query)
            if result is None:
                raise QueryError(f"the query holds no statement that returns rows: {query!r}")
            return result.to_arrow_table()
        except duckdb.Error as error:
            raise QueryError(
                f"{error}\nThe tables are: {', '.join(lake.names()) or 'none yet'}"
            ) from error


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


def list_tables(lake: Lake) -> pa.Table:
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
    return pa.Table.from_pylist(rows, schema=schema)
