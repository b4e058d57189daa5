"""The rows of a table, read by SQL in one way, wherever they are.

Numbers are doubles, dates and times days since 1970-01-01, NaN is a null; a category is exact
text, and 1 and 1.0 are both the category ``1``.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, Union

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mlops_drift.drift import cells
from mlops_drift.drift.arrow_rows import (
    TABLE,
    filled,
    one_array,
    scannable,
    types_of,
    without_nulls,
)
from mlops_drift.drift.text_columns import (
    NUMBER,
    NUMBERS,
    WHOLE,
    Facts,
    Reading,
    find_facts,
    is_missing,
)
from mlops_drift.files.error import TableError, refuse_unclear_names
from mlops_drift.files.table_file import TableFile, open_file
from mlops_drift.sql import digits, engine, identifier, in_utc, shortest

Kind = Literal["numeric", "categorical"]
Floats = NDArray[np.float64]
Source = Union[pa.Table, duckdb.DuckDBPyRelation, str, Path, "Rows"]

_Result = TypeVar("_Result")


class ColumnError(TableError):
    """A table has no such column, or its values cannot be read as asked."""


class Rows:
    """The rows of an Arrow table, a DuckDB relation, or a table file (see `open_file`).

    Whatever reads a column raises a `ColumnError` if there is none, or not of that kind.

    Attributes:
        sql: the table in a FROM clause.
        types: DuckDB's type of each column.
        facts: of a text file, what the values of each column can be read as.

    Raises:
        TableError: the file is missing, of another kind or damaged, or a column comes twice.

    >>> rows = Rows(pa.table({"age": [31, None], "plan": ["a", "b"]}))
    >>> rows.count, rows.kinds
    (2, {'age': 'numeric', 'plan': 'categorical'})
    >>> rows.numbers("age").tolist()
    [31.0, nan]
    """

    sql = TABLE

    def __init__(self, source: pa.Table | duckdb.DuckDBPyRelation | str | Path) -> None:
        # How to read the columns that are held as text, and what that was found from.
        self._readings: dict[str, Reading] = {}
        self.facts: dict[str, Facts] = {}
        numbers: tuple[Reading, ...] = ()
        # The rows, or the Parquet file whose columns are read when they are asked for.
        self._rows: pa.Table | TableFile
        self.name = "the table"
        if isinstance(source, str | Path):
            self.name = str(source)
            file = open_file(Path(source))
            self._rows = file if file.texts is None else filled(file.texts)
            if file.texts is not None:
                # In a file that commas divide, 1,500 is no fraction.
                numbers = NUMBERS if file.delimiter != "," else (WHOLE, NUMBER)
        elif isinstance(source, pa.Table):
            self._rows = source
        else:
            self._rows = self._without_wide(source)
        refuse_unclear_names(self._rows.schema.names, self.name)
        schema = self._rows.schema
        self.types = types_of(schema)
        wide = {one.name: NUMBER for one in schema if pa.types.is_decimal256(one.type)}
        self.read_as({**self._readings, **wide})
        if numbers:
            self.facts = find_facts(self.sql, list(self.types), numbers, self.tuples)
            self.read_as({name: found.best() for name, found in self.facts.items()})

    def _without_wide(self, relation: duckdb.DuckDBPyRelation) -> pa.Table:
        """A relation as Arrow, with whole numbers of 128 bits and more as text."""
        refuse_unclear_names(relation.columns, self.name)
        types = zip(relation.columns, relation.types, strict=True)
        wide = [name for name, kind in types if str(kind) in cells.WIDE]
        if wide:
            self._readings = dict.fromkeys(wide, NUMBER)
            columns = map(identifier, wide)
            texts = ", ".join(f"CAST({column} AS VARCHAR) AS {column}" for column in columns)
            relation = relation.project(f"* REPLACE ({texts})")
        return relation.to_arrow_table()

    def read_as(self, readings: Mapping[str, Reading]) -> None:
        """Fixes how columns of a text file are read."""
        self._readings |= readings
        self.types |= {name: reading.type for name, reading in readings.items()}

    def cell(self, name: str) -> str:
        """A column as SQL in its type."""
        if name not in self._readings:
            return identifier(name)
        return f"({self._readings[name].of(identifier(name))})"

    @classmethod
    def of(cls, source: Source) -> "Rows":
        """The source as rows; rows stay what they are."""
        return source if isinstance(source, Rows) else cls(source)

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in their order."""
        return list(self.types)

    @property
    def count(self) -> int:
        """Number of rows."""
        rows = self._rows
        return int(rows.num_rows if isinstance(rows, pa.Table) else rows.count)

    @property
    def kinds(self) -> dict[str, Kind]:
        """How each column is read by default; nested ones are left out.

        Numbers, dates and times are numeric, also those of a text file that a few texts are among.
        """
        return {
            name: "numeric" if self._is_numeric(name, kind) else "categorical"
            for name, kind in self.types.items()
            if not cells.NESTED.match(kind)
        }

    def _is_numeric(self, name: str, kind: str) -> bool:
        if kind != "BOOLEAN" and (cells.NUMERIC.match(kind) or cells.TIME.match(kind)):
            return True
        return name in self.facts and self.facts[name].is_mostly_numbers

    def is_moment(self, name: str) -> bool:
        """Whether a column holds dates or timestamps."""
        return cells.is_moment(self.types[name])

    def query(
        self, sql: str, read: Callable[[duckdb.DuckDBPyRelation], _Result], columns: Sequence[str]
    ) -> _Result:
        """Runs SQL, in which `sql` is the table with the columns named, and reads the result."""
        # Without any column the rows could not be counted.
        table = self._table(list(dict.fromkeys(columns)) or self.columns[:1])
        with engine().cursor() as cursor:
            in_utc(cursor).register(self.sql, table)
            try:
                return read(cursor.sql(sql))
            except duckdb.Error as error:
                raise self._unreadable(table.column_names, error) from error

    def _table(self, columns: Sequence[str]) -> pa.Table:
        """Some columns as types that DuckDB can scan."""
        held = self._rows
        rows = held.select(columns) if isinstance(held, pa.Table) else held.read(columns)
        for number, field in enumerate(rows.schema):
            wanted = scannable(field)
            if wanted.type != field.type:
                try:
                    column = rows.column(number).cast(wanted.type)
                except pa.ArrowInvalid as error:
                    raise self._unreadable([field.name], error) from error
                rows = rows.set_column(number, wanted, column)
        return rows

    def tuples(self, sql: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """What SQL finds; see `query`."""
        return self.query(sql, duckdb.DuckDBPyRelation.fetchall, columns)

    def _unreadable(self, names: Sequence[str], error: Exception) -> ColumnError:
        # What follows the first line is about the engine, which is not at hand here.
        reason = str(error).split("\n")[0]
        what = "column" if len(names) == 1 else "one of the columns"
        return ColumnError(
            f"{what} {', '.join(map(repr, names))} of {self.name} cannot be read: {reason}"
        )

    def expression(self, name: str, kind: Kind) -> str:
        """A column as SQL: a double without NaN, or text; null where there is no value."""
        needed = "numbers, dates or times are" if kind == "numeric" else "text is"
        column, found = self.cell(name), self._type_of(name, needed)
        if kind == "numeric":
            return self._as_number(column, found, name)
        if name in self._readings and self._readings[name].digits:
            # A word for a missing value is no number.
            text = self._readings[name].digits.replace("{}", identifier(name))
            return f"CASE WHEN NOT {is_missing(identifier(name))} THEN {text} END"
        if cells.FLOAT.match(found):
            return shortest(cells.without_nan(column))
        text = f"CAST({column} AS VARCHAR)"
        return digits(text) if cells.DECIMAL.match(found) else text

    def _as_number(self, column: str, found: str, name: str) -> str:
        if number := cells.as_double(column, found):
            return number
        # A column without any value often loses its type on the way through a file.
        if cells.TEXTS.match(found) or found == '"NULL"':
            text = f"CAST({column} AS VARCHAR)"
            reading = self.facts[name].as_numbers if name in self.facts else NUMBER
            # A word for a missing value among the numbers of a text file is none of its texts.
            values = f"{column} IS NOT NULL"
            if name in self.facts:
                values += f" AND NOT {is_missing(text)}"
            other = f"FILTER (NOT {reading.reads(text)})"
            sql = f"count(*) {other}, min({text}) {other}, count(*) FROM {self.sql} WHERE {values}"
            [(texts, example, n)] = self.tuples(f"SELECT {sql}", [name])
            if not n:
                return "CAST(NULL AS DOUBLE)"
            what = f"text such as {str(example)[:40]!r} in {texts:,} of {n:,} rows"
            found = f"{what if texts else 'numbers as text'};"
        else:
            found += ","
        raise ColumnError(
            f"column {name!r} of {self.name} holds {found} numbers, dates or times are needed"
        )

    def value(self, name: str) -> str:
        """A column as SQL in its own type, NaN as null; as text where that type would round it."""
        found = self._type_of(name, "single values are")
        if name in self._readings and self._readings[name].digits:
            return self.expression(name, "categorical")
        cell = self.cell(name)
        return cells.without_nan(cell) if cells.FLOAT.match(found) else cell

    def numbers(self, name: str) -> Floats:
        """A column as doubles in the order of the rows, NaN where there is no value."""
        expression = self.expression(name, "numeric")
        if self._rows.schema.field(name).type in (pa.float64(), pa.int64()):
            # Several times as fast as through SQL, and the same values.
            column = self._table([name])[name]
            if not column.null_count:
                return without_nulls(column).astype(np.float64, copy=False)
        sql = f"SELECT coalesce({expression}, 'nan'::DOUBLE) AS v FROM {self.sql}"
        values = self.query(sql, duckdb.DuckDBPyRelation.fetchnumpy, [name])["v"]
        return np.asarray(values, dtype=np.float64)

    def table(self, kinds: Mapping[str, Kind]) -> pa.Table:
        """Some columns, read as their kinds, as Arrow: doubles and strings."""
        read = (f"{self.expression(name, kinds[name])} AS {identifier(name)}" for name in kinds)
        sql = f"SELECT {', '.join(read)} FROM {self.sql}"
        return self.query(sql, duckdb.DuckDBPyRelation.to_arrow_table, list(kinds))

    def categories(self, name: str) -> dict[str | None, int]:
        """The categories of a column with their rows; null is the key None."""
        expression = self.expression(name, "categorical")
        sql = f"SELECT {expression} AS v, count(*) FROM {self.sql} GROUP BY 1"
        return dict(self.tuples(sql, [name]))

    def coded(self, name: str) -> tuple[pa.Array, NDArray[np.int64]]:
        """The categories of a column as texts, and the number of each row's, -1 for null."""
        sql = f"SELECT {self.expression(name, 'categorical')} AS v FROM {self.sql}"
        column = self.query(sql, duckdb.DuckDBPyRelation.to_arrow_table, [name])["v"]
        found = one_array(column).dictionary_encode()
        return found.dictionary, without_nulls(found.indices.fill_null(-1)).astype(np.int64)

    def _type_of(self, name: str, needed: str) -> str:
        """The type of a column, which must not be nested."""
        if name not in self.types:
            raise ColumnError(f"{self.name} has no column {name!r}; its columns are {self.columns}")
        found = self.types[name]
        if cells.NESTED.match(found):
            raise ColumnError(f"column {name!r} of {self.name} holds {found}, {needed} needed")
        return found
