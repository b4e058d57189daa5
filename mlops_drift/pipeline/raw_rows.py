"""Raw rows as SQL and JSON see them: any column name, any type, every digit."""

import json
import math
from typing import Any

import pyarrow as pa

from mlops_drift.sources.arrow_types import digits_of
from mlops_drift.store.lake import Lake


def as_json(lake: Lake, rows: pa.Table) -> list[str]:
    """Each row as a JSON object, as any reader of JSON takes it.

    Texts, whole numbers, floats and truths are what they are; nan and infinity, which JSON does
    not have, and all other types are text. A decimal has no zeros at the end of its fraction: how
    many there are depends on the rows that were read with it.
    """
    numbered = in_sql(rows)
    for at, field in enumerate(numbered.schema):
        if pa.types.is_decimal(field.type):
            numbered = numbered.set_column(at, field.name, digits_of(numbered.column(at)))
    plain = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_string)
    cells = ", ".join(
        name if any(is_plain(field.type) for is_plain in plain) else f"CAST({name} AS VARCHAR)"
        for name, field in zip(numbered.column_names, numbered.schema, strict=True)
    )
    shown = lake.query(f"SELECT {cells} FROM numbered", numbered=numbered)
    columns = [map(_json_value, column.to_pylist()) for column in shown.columns]
    records = (dict(zip(rows.column_names, row, strict=True)) for row in zip(*columns, strict=True))
    return [json.dumps(one, separators=(",", ":"), ensure_ascii=False) for one in records]


def in_sql(rows: pa.Table) -> pa.Table:
    """Columns by their number, c0 and on, in types that DuckDB reads exactly."""
    columns = []
    for column in rows.columns:
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_float16(column.type):
            column = column.cast(pa.float32())
        elif pa.types.is_decimal256(column.type):
            column = digits_of(column)
        columns.append(column)
    return pa.table(columns, [f"c{number}" for number in range(len(columns))])


def _json_value(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
