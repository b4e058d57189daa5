"""Arrow tables as DuckDB reads them: their types, and what it cannot read as it is."""

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mlops_drift.sql import engine

# What SQL calls the table.
TABLE = "arrow_rows"


def types_of(schema: pa.Schema) -> dict[str, str]:
    """DuckDB's type of each column; Arrow's own where DuckDB has none."""
    fields = [scannable(field) for field in schema]
    try:
        return _described(fields)
    except (duckdb.Error, pa.ArrowException):
        types: dict[str, str] = {}
        for field in fields:
            try:
                types |= _described([field])
            except (duckdb.Error, pa.ArrowException):
                types[field.name] = f"ARROW {field.type}"
        return types


def _described(fields: Sequence[pa.Field]) -> dict[str, str]:
    with engine().cursor() as cursor:
        cursor.register(TABLE, pa.schema(fields).empty_table())
        return {name: kind for name, kind, *_ in cursor.sql(f"DESCRIBE {TABLE}").fetchall()}


def scannable(field: pa.Field) -> pa.Field:
    """A column as a type that DuckDB scans and that loses nothing."""
    kind = field.type
    if pa.types.is_float16(kind):
        kind = pa.float32()
    elif pa.types.is_decimal256(kind):
        kind = pa.string()
    elif pa.types.is_timestamp(kind) and kind.unit in ("s", "ms"):
        # Of these units it does not check the range.
        kind = pa.timestamp("us", kind.tz)
    return field.with_type(kind)


def filled(rows: pa.Table) -> pa.Table:
    """The rows of a text file; null where there is nothing but space."""
    for number, name in enumerate(rows.column_names):
        blank = pc.equal(pc.utf8_trim_whitespace(rows.column(number)), "")
        if pc.any(blank).as_py():
            filled = pc.if_else(blank, pa.scalar(None, pa.string()), rows.column(number))
            rows = rows.set_column(number, name, filled)
    return rows


def without_nulls(values: pa.Array | pa.ChunkedArray) -> NDArray[Any]:
    """Numbers without a null as an array; unlike Arrow's own way it does not import pandas."""
    return np.from_dlpack(one_array(values))


def one_array(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The chunks as one array."""
    if isinstance(values, pa.Array):
        return values
    joined = pa.chunked_array(values.chunks, values.type).combine_chunks()
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined
