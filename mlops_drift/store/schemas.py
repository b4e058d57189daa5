"""The columns of a table, derived from the records that it holds."""

from collections.abc import Collection
from dataclasses import fields
from datetime import date, datetime
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_TYPES: dict[object, pa.DataType] = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
    date: pa.date32(),
    datetime: pa.timestamp("us"),
    tuple[str, ...]: pa.list_(pa.string()),
    tuple[float, ...]: pa.list_(pa.float64()),
    npt.NDArray[np.int64]: pa.list_(pa.int64()),
}

_DUCKDB_TYPES = {
    pa.date32(): "DATE",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.string(): "VARCHAR",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("us"): "TIMESTAMP",
}


def duckdb_type(data_type: pa.DataType) -> str:
    """The name of a type in SQL; of one that no record has, what takes on any type."""
    if pa.types.is_list(data_type):
        return f"{duckdb_type(data_type.value_type)}[]"
    return _DUCKDB_TYPES.get(data_type, '"NULL"')


def schema_of(record: type[Any], without: Collection[str] = ()) -> pa.Schema:
    """The schema of a table whose rows are instances of a dataclass.

    A column may hold nulls where the type of its field allows None.

    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Visit:
    ...     day: date
    ...     note: str | None
    >>> print(schema_of(Visit))
    day: date32[day] not null
    note: string
    """
    hints = get_type_hints(record)
    return columns_of(**{f.name: hints[f.name] for f in fields(record) if f.name not in without})


def columns_of(**types: Any) -> pa.Schema:
    """Columns by name, each of a Python type, which holds nulls where it allows None."""
    return pa.schema([_field(name, hint) for name, hint in types.items()])


def _field(name: str, hint: Any) -> pa.Field:
    if get_origin(hint) is Literal:
        return pa.field(name, pa.string(), nullable=False)
    optional = NoneType in get_args(hint)
    return pa.field(name, _TYPES[get_args(hint)[0] if optional else hint], nullable=optional)
