"""Where the columns of the user are stored: what one has been lies side by side.

A column that was integer and is category now is there as `age` and as `age:category`; so is one
that another features.sql derives. Queries and rows know only the names of the `Table` at hand.
"""

from collections.abc import Iterator, Mapping
from itertools import count

import pyarrow as pa

from mlops_drift.store.tables import Table, UserColumn

# In the metadata of a stored column: the digest of what derives it.
DERIVATION = b"derivation"

_WORDS = {
    pa.float64(): "number",
    pa.int64(): "integer",
    pa.bool_(): "boolean",
    pa.string(): "category",
}


def stored_names(table: Table, stored: pa.Schema) -> dict[str, str]:
    """The stored name of each column of a table, given the columns that are there by now.

    A column has its own name where that is free, whatever the case, or is stored for the same
    column; else a name with its type.

    >>> age = {"age": UserColumn("age")}
    >>> table = Table("landing.m_events", pa.schema({"age": pa.string()}), columns=age)
    >>> stored_names(table, pa.schema({})), stored_names(table, pa.schema({"age": pa.int64()}))
    ({'age': 'age'}, {'age': 'age:category'})
    """
    free = {field.name: field for field in stored}
    taken = {name.lower() for name in free}
    found = {}
    for field in table.schema:
        user = table.columns.get(field.name)
        if user is None:
            found[field.name] = field.name
            continue
        for name in _candidates(user.name, field.type):
            if name in free and _is_same(free[name], field.type, user):
                del free[name]
                break
            if name.lower() not in taken:
                taken.add(name.lower())
                break
        found[field.name] = name
    return found


def as_stored(table: Table, rows: pa.Table, names: Mapping[str, str]) -> pa.Table:
    """Rows of a table as they are stored, in the order of its columns."""
    fields = stored_fields(table, names)
    columns = rows.select(table.schema.names).cast(table.schema).columns
    return pa.table(columns, schema=fields)


def stored_fields(table: Table, names: Mapping[str, str]) -> pa.Schema:
    """The columns of a table as they are stored."""
    fields = []
    for field in table.schema:
        user = table.columns.get(field.name)
        marked = {DERIVATION: user.derivation} if user and user.derivation else None
        fields.append(field.with_name(names[field.name]).with_metadata(marked))
    return pa.schema(fields)


def _is_same(stored: pa.Field, kind: pa.DataType, user: UserColumn) -> bool:
    """Whether a stored column is one of the user."""
    marked = (stored.metadata or {}).get(DERIVATION, b"")
    return bool(stored.type == kind) and marked == user.derivation.encode()


def _candidates(column: str, kind: pa.DataType) -> Iterator[str]:
    yield column
    yield f"{column}:{_WORDS[kind]}"
    # Of several derivations, and of columns that differ only by case.
    yield from (f"{column}:{_WORDS[kind]}:{number}" for number in count(2))
