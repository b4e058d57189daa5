"""The columns of a table, derived from the records that it holds."""

from collections.abc import Collection
from dataclasses import fields
from datetime import date
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pyarrow as pa

_TYPES: dict[object, pa.DataType] = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
    date: pa.date32(),
    tuple[str, ...]: pa.list_(pa.string()),
}


def schema_of(record: type[Any], without: Collection[str] = ()) -> pa.Schema:
    """The schema of a table whose rows are instances of a dataclass.

    Args:
        record: the dataclass; a field may be null where its type allows None.
        without: fields that are left out.

    Raises:
        KeyError: if a field has a type that no column holds.

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
    names = [field.name for field in fields(record) if field.name not in without]
    return pa.schema([_field(name, hints[name]) for name in names])


def _field(name: str, hint: Any) -> pa.Field:
    if get_origin(hint) is Literal:
        return pa.field(name, pa.string(), nullable=False)
    options = [option for option in get_args(hint) if option is not NoneType]
    optional = NoneType in get_args(hint)
    return pa.field(name, _TYPES[options[0] if optional else hint], nullable=optional)
