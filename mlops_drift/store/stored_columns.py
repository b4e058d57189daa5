"""Where the columns of the user are stored: the types that one has had lie side by side.

A column that was integer and is category now is there as `age` and as `age:category`. Queries and
rows know only the names of the `Table` at hand.
"""

from collections.abc import Iterator, Mapping
from itertools import count

import pyarrow as pa

from mlops_drift.store.tables import Table

_WORDS = {
    pa.float64(): "number",
    pa.int64(): "integer",
    pa.bool_(): "boolean",
    pa.string(): "category",
}


def stored_names(table: Table, stored: Mapping[str, pa.DataType]) -> dict[str, str]:
    """The stored name of each column of a table, given the columns that are there by now.

    A column has its own name where that is free or has its type, whatever the case; else a name
    with its type.

    >>> age = Table("landing.m_events", pa.schema({"age": pa.string()}), columns={"age": "age"})
    >>> stored_names(age, {}), stored_names(age, {"age": pa.int64()})
    ({'age': 'age'}, {'age': 'age:category'})
    """
    taken = {name.lower() for name in stored}
    found = {}
    for field in table.schema:
        if field.name not in table.columns:
            found[field.name] = field.name
            continue
        for name in _candidates(table.columns[field.name], field.type):
            if stored.get(name) == field.type or name.lower() not in taken:
                break
        taken.add(name.lower())
        found[field.name] = name
    return found


def as_stored(table: Table, rows: pa.Table, names: Mapping[str, str]) -> pa.Table:
    """Rows of a table under the names that they are stored by, in the order of its columns."""
    named = rows.select(table.schema.names).cast(table.schema)
    return named.rename_columns([names[name] for name in table.schema.names])


def _candidates(column: str, kind: pa.DataType) -> Iterator[str]:
    yield column
    yield f"{column}:{_WORDS[kind]}"
    # Two columns that differ only by case, one after the other, have one name in every engine.
    yield from (f"{column}:{_WORDS[kind]}:{number}" for number in count(2))
