"""The rows of a table, wherever they are, read by SQL in one way.

Reading a column means the same for every source: numbers are doubles, dates and times are days
since 1970-01-01, NaN is a null; a category is text, and 1 and 1.0 are both the category ``1``
(whole numbers up to 2**53).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar, Union

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mlops_drift.drift.files import RowsError, delimiter_of, in_sql, suffix
from mlops_drift.drift.text_columns import (
    NUMBER,
    NUMBERS,
    TEXT,
    WHOLE,
    Facts,
    Reading,
    find_facts,
    readings_of_both,
)
from mlops_drift.sql import identifier

Kind = Literal["numeric", "categorical"]
Floats = NDArray[np.float64]
Source = Union[pa.Table, duckdb.DuckDBPyRelation, str, Path, "Rows"]

_Result = TypeVar("_Result")
_TUPLES = duckdb.DuckDBPyRelation.fetchall
_NUMPY = duckdb.DuckDBPyRelation.fetchnumpy
_ARROW = duckdb.DuckDBPyRelation.to_arrow_table

_NUMBER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL|BOOLEAN")
_FRACTION = re.compile(r"FLOAT|DOUBLE|DECIMAL")
_TIME = re.compile(r"DATE|TIME|INTERVAL")
_TEXT = re.compile(r"VARCHAR|ENUM|UUID|BLOB")
_NESTED = re.compile(r".*\]$|STRUCT|MAP|UNION|LIST|ARRAY")

_MICROSECONDS_PER_DAY = 86_400_000_000
# Up to here every whole number is exact as a double.
_WHOLE = 2**53


class ColumnError(RowsError):
    """A table has no such column, or its values cannot be read as asked."""


class Rows:
    """The rows of an Arrow table, a DuckDB relation, or a Parquet or CSV file.

    Args:
        source: the table, or the path of a file (``.parquet``, ``.csv``, ``.tsv``, the text files
            also with ``.gz``).

    Attributes:
        sql: the table in a FROM clause.
        name: what errors call it.
        types: DuckDB's type of each column.
        facts: of a text file, what the values of each column can be read as.

    Raises:
        RowsError: the file is missing, of another kind or damaged, or a column comes twice (of a
            CSV file the second one is called ``name_1``).

    >>> rows = Rows(pa.table({"age": [31, None], "plan": ["a", "b"]}))
    >>> rows.count, rows.kinds
    (2, {'age': 'numeric', 'plan': 'categorical'})
    >>> rows.numbers("age").tolist()
    [31.0, nan]
    """

    def __init__(self, source: pa.Table | duckdb.DuckDBPyRelation | str | Path) -> None:
        # How to read the columns of a text file, and what that was found from.
        self._readings: dict[str, Reading] = {}
        self.facts: dict[str, Facts] = {}
        numbers: tuple[Reading, ...] = ()
        self._arrow: pa.Table | None = None
        self._parquet: Path | None = None
        self.name = "the table"
        if isinstance(source, str | Path):
            self.name = str(source)
            delimiter = delimiter_of(Path(source))
            self.sql = in_sql(Path(source), delimiter)
            if suffix(Path(source)) == ".parquet":
                self._parquet = Path(source)
                self._arrow = self._with_durations()
            else:
                # The file is parsed once, not once for each column.
                described = self.query(f"DESCRIBE SELECT * FROM {self.sql}", _TUPLES)
                filled = ", ".join(_filled(name) for name, *_ in described)
                self._arrow = self.query(f"SELECT {filled} FROM {self.sql}", _ARROW)
                # In a file that commas divide, 1,500 is no fraction.
                numbers = NUMBERS if delimiter != "," else (WHOLE, NUMBER)
        else:
            self._arrow = source if isinstance(source, pa.Table) else source.to_arrow_table()
        if self._arrow is not None:
            self._arrow = _readable(self._arrow, self.name)
            self.sql = "arrow_rows"
        described = self.query(f"DESCRIBE SELECT * FROM {self.sql}", _TUPLES)
        self.types: dict[str, str] = {name: kind for name, kind, *_ in described}
        if numbers:
            self.facts = find_facts(self.sql, list(self.types), numbers, self._tuples)
            self.read_as({name: found.best() for name, found in self.facts.items()})

    def _with_durations(self) -> pa.Table | None:
        """The whole file where it has durations, which DuckDB would read as plain numbers."""
        with self._readable(), pq.ParquetFile(self._parquet) as file:
            schema = file.schema_arrow
            _refuse_twins(schema.names, self.name)
            if not any(pa.types.is_duration(field.type) for field in schema):
                return None
            self._parquet = None
            return file.read()

    def read_as(self, readings: Mapping[str, Reading]) -> None:
        """Fixes how columns of a text file are read."""
        self._readings |= readings
        self.types |= {name: reading.type for name, reading in readings.items()}

    def _cell(self, name: str) -> str:
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

    @cached_property
    def count(self) -> int:
        """Number of rows."""
        counted = self.query(f"SELECT count(*) FROM {self.sql}", _TUPLES)
        return int(counted[0][0])

    @property
    def kinds(self) -> dict[str, Kind]:
        """How each column is read unless told otherwise: what has an order and a scale by value.

        Numbers, dates and times are numeric, also those of a text file that a few texts are among;
        text, booleans and columns without a type are categorical; lists and other nested columns
        are left out.
        """
        return {
            name: "numeric"
            if (kind != "BOOLEAN" and (_NUMBER.match(kind) or _TIME.match(kind)))
            or self._is_mostly_numbers(name)
            else "categorical"
            for name, kind in self.types.items()
            if not _NESTED.match(kind)
        }

    def _is_mostly_numbers(self, name: str) -> bool:
        return name in self.facts and self.facts[name].is_mostly_numbers

    def is_moment(self, name: str) -> bool:
        """Whether a column holds dates or timestamps."""
        return self.types[name].startswith(("DATE", "TIMESTAMP"))

    def query(
        self,
        sql: str,
        read: Callable[[duckdb.DuckDBPyRelation], _Result],
        columns: Sequence[str] | None = None,
    ) -> _Result:
        """Runs SQL, in which `sql` is the table, and reads the result.

        Args:
            sql: the statement.
            read: what to make of its result.
            columns: which columns the statement needs; registering those of a wide table takes
                longer than reading one.

        Raises:
            RowsError: the table cannot be read.
        """
        with self._readable(), _engine().cursor() as cursor:
            cursor.execute("SET TimeZone = 'UTC'")
            cursor.execute("SET enable_progress_bar = false")
            if self._arrow is not None:
                # Without any column the rows could not be counted.
                needed = columns or self._arrow.column_names
                cursor.register("arrow_rows", self._arrow.select(list(dict.fromkeys(needed))))
            return read(cursor.sql(sql))

    def _tuples(self, sql: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        return self.query(sql, _TUPLES, columns)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            # What follows the first line are settings of DuckDB, which are not at hand here.
            reason = str(error).split("\n")[0]
            if self.name.removesuffix(".gz").endswith((".csv", ".tsv")):
                reason += (
                    " Every row needs as many values as the header has names, and a value that "
                    "holds the delimiter or a quote must be in double quotes."
                )
            raise RowsError(f"{self.name} cannot be read: {reason}") from error

    def expression(self, name: str, kind: Kind) -> str:
        """A column as SQL: a double without NaN, or text; null where there is no value.

        Raises:
            ColumnError: there is no such column, or it cannot be read as its kind.
        """
        if name not in self.types:
            raise self._no_column(name)
        column, found = self._cell(name), self.types[name]
        if _NESTED.match(found):
            needed = "numbers, dates or times are" if kind == "numeric" else "text is"
            raise ColumnError(f"column {name!r} of {self.name} holds {found}, {needed} needed")
        if kind == "numeric":
            return self._as_number(column, found, name)
        if _FRACTION.match(found):
            number = _without_nan(f"CAST({column} AS DOUBLE)")
            whole = f"{number} = trunc({number}) AND abs({number}) < {_WHOLE}"
            return (
                f"CASE WHEN {whole} THEN CAST(CAST({number} AS BIGINT) AS VARCHAR) "
                f"ELSE CAST({number} AS VARCHAR) END"
            )
        return f"CAST({column} AS VARCHAR)"

    def _as_number(self, column: str, found: str, name: str) -> str:
        if _FRACTION.match(found):
            return _without_nan(f"CAST({column} AS DOUBLE)")
        if _NUMBER.match(found):
            return f"CAST({column} AS DOUBLE)"
        if _TIME.match(found):
            moment = f"CAST({column} AS TIMESTAMPTZ)" if found == "TIMESTAMPTZ_NS" else column
            return f"epoch_us({moment}) / {_MICROSECONDS_PER_DAY}e0"
        # A column without any value often loses its type on the way through a file.
        if _TEXT.match(found) or found == '"NULL"':
            text = f"CAST({column} AS VARCHAR)"
            reading = self.facts[name].as_numbers if name in self.facts else NUMBER
            texts, example, values = self.query(
                f"SELECT count(*) FILTER (NOT {reading.reads(text)}), "
                f"min({text}) FILTER (NOT {reading.reads(text)}), count(*), "
                f"FROM {self.sql} WHERE {column} IS NOT NULL",
                _TUPLES,
                [name],
            )[0]
            if not values:
                return "CAST(NULL AS DOUBLE)"
            what = f"text such as {str(example)[:40]!r} in {texts:,} of {values:,} rows"
            raise ColumnError(
                f"column {name!r} of {self.name} holds {what if texts else 'numbers as text'}; "
                "numbers, dates or times are needed"
            )
        raise ColumnError(
            f"column {name!r} of {self.name} holds {found}, numbers, dates or times are needed"
        )

    def value(self, name: str) -> str:
        """A column as SQL in its own type, NaN as null.

        Raises:
            ColumnError: there is no such column, or its values are lists or otherwise nested.
        """
        if name not in self.types:
            raise self._no_column(name)
        found = self.types[name]
        if _NESTED.match(found):
            raise ColumnError(
                f"column {name!r} of {self.name} holds {found}, single values are needed"
            )
        cell = self._cell(name)
        return _without_nan(cell) if found in ("FLOAT", "DOUBLE") else cell

    def numbers(self, name: str) -> Floats:
        """A column as doubles in the order of the rows, NaN where there is no value.

        Raises:
            ColumnError: there is no such column, or it holds no numbers.
        """
        expression = self.expression(name, "numeric")
        if self._parquet is not None and self.types[name] in ("DOUBLE", "BIGINT"):
            # Several times as fast as through SQL, and the same values.
            with self._readable(), pq.ParquetFile(self._parquet) as file:
                column = file.read(columns=[name], use_threads=False)[name]
            # DuckDB's DOUBLE may be another type of the file.
            if not column.null_count and column.type in (pa.float64(), pa.int64()):
                return without_nulls(column).astype(np.float64, copy=False)
        sql = f"SELECT coalesce({expression}, 'nan'::DOUBLE) AS v FROM {self.sql}"
        values: Floats = np.asarray(self.query(sql, _NUMPY, [name])["v"], dtype=np.float64)
        return values

    def table(self, kinds: Mapping[str, Kind]) -> pa.Table:
        """Some columns, read as their kinds, as Arrow: doubles and strings.

        Raises:
            ColumnError: there is no such column, or it cannot be read as its kind.
        """
        read = [
            f"{self.expression(name, kind)} AS {identifier(name)}" for name, kind in kinds.items()
        ]
        return self.query(f"SELECT {', '.join(read)} FROM {self.sql}", _ARROW, list(kinds))

    def categories(self, name: str) -> dict[str | None, int]:
        """The categories of a column with their rows; null is the key None.

        Raises:
            ColumnError: there is no such column, or it cannot be text.
        """
        expression = self.expression(name, "categorical")
        counted = self.query(
            f"SELECT {expression} AS v, count(*) FROM {self.sql} GROUP BY 1", _TUPLES, [name]
        )
        return dict(counted)

    def encoded(self, name: str) -> tuple[list[str | None], NDArray[np.int64]]:
        """The categories of a column and the number of the one that each row has.

        Returns:
            The categories, last of them None for null, and their numbers in the order of the rows.

        Raises:
            ColumnError: there is no such column, or it cannot be text.
        """
        return self._encoded(name, self.expression(name, "categorical"))

    def groups(self, name: str) -> tuple[list[Any], NDArray[np.int64]]:
        """The values of a column, ascending, and the number of the one that each row has.

        Returns:
            The values, last of them None for null, and their numbers in the order of the rows.

        Raises:
            ColumnError: there is no such column, or its values are nested.
        """
        values, numbers = self._encoded(name, self.value(name))
        ascending = sorted(range(len(values) - 1), key=lambda number: values[number])
        rank = np.empty(len(values), dtype=np.int64)
        rank[[*ascending, -1]] = np.arange(len(values))
        return [*(values[number] for number in ascending), None], rank[numbers]

    def _encoded(self, name: str, expression: str) -> tuple[list[Any], NDArray[np.int64]]:
        sql = f"SELECT {expression} AS v FROM {self.sql}"
        column = self.query(sql, _ARROW, [name])["v"]
        encoded = _one_array(column).dictionary_encode(null_encoding="encode")
        found = encoded.dictionary.to_pylist()
        # Null comes last, also where no row has it.
        values = [*(value for value in found if value is not None), None]
        place = np.cumsum([value is not None for value in found]) - 1
        place[[value is None for value in found]] = len(values) - 1
        return values, place[without_nulls(encoded.indices)].astype(np.int64)

    def _no_column(self, name: str) -> ColumnError:
        return ColumnError(f"{self.name} has no column {name!r}; its columns are {self.columns}")


def without_nulls(values: pa.Array | pa.ChunkedArray) -> NDArray[Any]:
    """Numbers without a null as an array; unlike Arrow's own way it does not import pandas."""
    return np.from_dlpack(_one_array(values))


def _one_array(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(values, pa.Array):
        return values
    joined = pa.chunked_array(values.chunks, values.type).combine_chunks()
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def read_alike(past: Rows, now: Rows) -> None:
    """Reads the columns of two text files as the same types, where that is possible.

    A column of a text file is read as text beside one that is text by its type.
    """
    for name in past.types.keys() & now.types.keys():
        if name in past.facts and name in now.facts:
            mine, theirs = readings_of_both(past.facts[name], now.facts[name])
            past.read_as({name: mine})
            now.read_as({name: theirs})
            continue
        for one, other in ((past, now), (now, past)):
            if name in one.facts and other.types[name] == TEXT.type:
                one.read_as({name: TEXT})


def _filled(name: str) -> str:
    """A column of a text file as SQL; null where there is nothing but space."""
    cell = identifier(name)
    return f"CASE WHEN trim({cell}) <> '' THEN {cell} END AS {cell}"


def _without_nan(number: str) -> str:
    # Not isnan: DuckDB answers that by a file's statistics, which do not count NaN.
    return f"CASE WHEN isfinite({number}) OR isinf({number}) THEN {number} END"


def _readable(table: pa.Table, name: str) -> pa.Table:
    """The table with the types that DuckDB cannot scan as doubles.

    Raises:
        RowsError: a column comes twice.
    """
    _refuse_twins(table.column_names, name)
    schema = pa.schema(
        field.with_type(pa.float64())
        if pa.types.is_float16(field.type) or pa.types.is_decimal256(field.type)
        else field
        for field in table.schema
    )
    return table if schema == table.schema else table.cast(schema)


def _refuse_twins(names: Sequence[str], table: str) -> None:
    """SQL would rename a column without a name, or one of two that it cannot tell apart."""
    if "" in names:
        raise RowsError(f"{table} has a column without a name")
    folded = [name.lower() for name in names]
    twice = sorted({name for name in names if folded.count(name.lower()) > 1})
    if twice:
        raise RowsError(
            f"{table} has more than one column {', '.join(map(repr, twice))}; "
            "names must differ in more than upper and lower case"
        )
