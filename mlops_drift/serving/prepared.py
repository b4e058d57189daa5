"""A query that DuckDB plans once: Python's interface plans at each call, which takes longer.

It calls the documented C functions of the library that Python's interface is built on.
"""

import ctypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from ctypes import POINTER, byref, c_bool, c_char_p, c_double, c_int, c_int64, c_uint32, c_void_p
from ctypes import c_uint64 as c_idx
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from weakref import finalize

import _duckdb
import duckdb

from mlops_drift.learning.compiled.base import Value
from mlops_drift.memory import memory_bound
from mlops_drift.store.sealed import SEALED

# A text of so many bytes lies where otherwise its address does.
_INLINE = 12


class _Result(ctypes.Structure):
    """DuckDB's own; only the last field is in use."""

    _fields_ = (
        *(("counts", c_idx * 3), ("columns", c_void_p)),
        *(("error", c_char_p), ("internal", c_void_p)),
    )


class _Kind(NamedTuple):
    """How values of an SQL type are bound, and read.

    Attributes:
        bind: the C function that binds one.
        encode: makes its arguments; raises if a value is of another type.
        empty: what is bound in the place of null.
        read: of the address of a vector's data, and a row.
    """

    bind: str
    encode: Callable[[Value], tuple[Any, ...]]
    empty: Value
    read: Callable[[int, int], Value]


def _whole(value: Value) -> tuple[int]:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is no whole number")
    # ctypes would cut it.
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"{value} is out of range")
    return (value,)


def _number(value: Value) -> tuple[float]:
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    try:
        return (float(value),)
    except OverflowError as error:
        raise ValueError("a whole number is out of range") from error


def _truth(value: Value) -> tuple[bool]:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return (value,)


def _text(value: Value) -> tuple[bytes, int]:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    encoded = value.encode()
    return encoded, len(encoded)


def _text_at(data: int, row: int) -> str:
    start = data + 16 * row
    length = c_uint32.from_address(start).value
    if length > _INLINE:
        return ctypes.string_at(c_void_p.from_address(start + 8).value or 0, length).decode()
    return ctypes.string_at(start + 4, length).decode()


_KINDS = {
    "BIGINT": _Kind(
        *("duckdb_bind_int64", _whole, 0),
        lambda data, row: c_int64.from_address(data + 8 * row).value,
    ),
    "DOUBLE": _Kind(
        *("duckdb_bind_double", _number, 0.0),
        lambda data, row: c_double.from_address(data + 8 * row).value,
    ),
    "BOOLEAN": _Kind(
        *("duckdb_bind_boolean", _truth, False),
        lambda data, row: c_bool.from_address(data + row).value,
    ),
    "VARCHAR": _Kind("duckdb_bind_varchar_length", _text, "", _text_at),
}


def parameter(number: int, kind: str) -> str:
    """SQL of a parameter of a type; the first has the number 0.

    DuckDB plans anew for a null, which has no type of its own, and for a parameter that is named
    twice. So one more tells of each whether it is there, and each is to be named once.
    """
    there, value = 2 * number + 1, 2 * number + 2
    return f"CASE WHEN CAST(${there} AS BOOLEAN) THEN CAST(${value} AS {kind}) END"


class PreparedQuery:
    """One SELECT over a sealed database: in memory, or over a DuckDB file that is only read.

    Its parameters are written as `parameter` does. A `duckdb.Error` if it cannot be planned. May
    be used by one thread at a time.
    """

    def __init__(
        self, sql: str, parameters: Sequence[str], results: Sequence[str], file: Path | None = None
    ) -> None:
        self._kinds = [_KINDS[kind] for kind in parameters]
        self._readers = [_KINDS[kind].read for kind in results]
        self._binders = [getattr(_quick(), kind.bind) for kind in self._kinds]
        self._bind_truth = _quick().duckdb_bind_boolean
        database, connection, statement = _opened(file), c_void_p(), c_void_p()
        self.close = finalize(self, _close, database, connection, statement)
        if _slow().duckdb_connect(database, byref(connection)):
            self._fail("cannot connect")
        for text in ("SET TimeZone = 'UTC'", "SET enable_progress_bar = false"):
            if _slow().duckdb_query(connection, text.encode(), None):
                self._fail(f"{text} failed")
        if _slow().duckdb_prepare(connection, sql.encode(), byref(statement)):
            self._fail((_slow().duckdb_prepare_error(statement) or b"").decode())
        self._statement = statement

    def _fail(self, message: str) -> NoReturn:
        self.close()
        raise duckdb.Error(message)

    def run(self, values: Sequence[Value]) -> list[tuple[Value, ...]]:
        """The rows for some values of the parameters; null is None.

        Raises:
            duckdb.Error: if the query fails.
            TypeError: if a value is of another type than its parameter.
            ValueError: if a value is beyond its type.
        """
        if not self.close.alive:
            raise duckdb.Error("the database is closed")
        statement, number = self._statement, 1
        for value, kind, bind in zip(values, self._kinds, self._binders, strict=True):
            self._bind_truth(statement, number, value is not None)
            bind(statement, number + 1, *kind.encode(kind.empty if value is None else value))
            number += 2
        result = _Result()
        try:
            if _slow().duckdb_execute_prepared(statement, byref(result)):
                raise duckdb.Error((_slow().duckdb_result_error(byref(result)) or b"").decode())
            return [row for chunk in _chunks(result) for row in self._rows(chunk)]
        finally:
            _quick().duckdb_destroy_result(byref(result))

    def _rows(self, chunk: c_void_p) -> Iterator[tuple[Value, ...]]:
        quick, columns = _quick(), []
        for number, read in enumerate(self._readers):
            vector = quick.duckdb_data_chunk_get_vector(chunk, number)
            valid = quick.duckdb_vector_get_validity(vector)
            columns.append((read, quick.duckdb_vector_get_data(vector), valid))
        for row in range(quick.duckdb_data_chunk_get_size(chunk)):
            yield tuple(
                read(data, row)
                if valid is None or quick.duckdb_validity_row_is_valid(valid, row)
                else None
                for read, data, valid in columns
            )


def _chunks(result: _Result) -> Iterator[c_void_p]:
    """The rows of a result, some at a time; those before are gone then."""
    while chunk := c_void_p(_slow().duckdb_fetch_chunk(result)):
        try:
            yield chunk
        finally:
            _quick().duckdb_destroy_data_chunk(byref(chunk))


def _opened(file: Path | None) -> c_void_p:
    library, config, database, error = _slow(), c_void_p(), c_void_p(), c_char_p()
    mode = {"access_mode": "READ_ONLY" if file else "AUTOMATIC"}
    # Sealed last: no folder can be named after that.
    options = mode | memory_bound() | SEALED
    library.duckdb_create_config(byref(config))
    try:
        for name, value in options.items():
            if library.duckdb_set_config(config, name.encode(), value.encode()):
                raise duckdb.Error(f"there is no option {name} = {value}")
        path = str(file).encode() if file else None
        if library.duckdb_open_ext(path, byref(database), config, byref(error)):
            message = (error.value or b"").decode()
            library.duckdb_free(error)
            raise duckdb.Error(message)
    finally:
        library.duckdb_destroy_config(byref(config))
    return database


def _close(database: c_void_p, connection: c_void_p, statement: c_void_p) -> None:
    _slow().duckdb_destroy_prepare(byref(statement))
    _slow().duckdb_disconnect(byref(connection))
    _slow().duckdb_close(byref(database))


_HANDLE = POINTER(c_void_p)
_SIGNATURES: Mapping[str, tuple[Any, list[Any]]] = {
    "duckdb_create_config": (c_int, [_HANDLE]),
    "duckdb_set_config": (c_int, [c_void_p, c_char_p, c_char_p]),
    "duckdb_destroy_config": (None, [_HANDLE]),
    "duckdb_open_ext": (c_int, [c_char_p, _HANDLE, c_void_p, POINTER(c_char_p)]),
    "duckdb_free": (None, [c_char_p]),
    "duckdb_close": (None, [_HANDLE]),
    "duckdb_connect": (c_int, [c_void_p, _HANDLE]),
    "duckdb_disconnect": (None, [_HANDLE]),
    "duckdb_query": (c_int, [c_void_p, c_char_p, c_void_p]),
    "duckdb_prepare": (c_int, [c_void_p, c_char_p, _HANDLE]),
    "duckdb_prepare_error": (c_char_p, [c_void_p]),
    "duckdb_destroy_prepare": (None, [_HANDLE]),
    "duckdb_bind_int64": (c_int, [c_void_p, c_idx, c_int64]),
    "duckdb_bind_double": (c_int, [c_void_p, c_idx, c_double]),
    "duckdb_bind_boolean": (c_int, [c_void_p, c_idx, c_bool]),
    "duckdb_bind_varchar_length": (c_int, [c_void_p, c_idx, c_char_p, c_idx]),
    "duckdb_execute_prepared": (c_int, [c_void_p, POINTER(_Result)]),
    "duckdb_result_error": (c_char_p, [POINTER(_Result)]),
    "duckdb_destroy_result": (None, [POINTER(_Result)]),
    "duckdb_fetch_chunk": (c_void_p, [_Result]),
    "duckdb_destroy_data_chunk": (None, [_HANDLE]),
    "duckdb_data_chunk_get_size": (c_idx, [c_void_p]),
    "duckdb_data_chunk_get_vector": (c_void_p, [c_void_p, c_idx]),
    "duckdb_vector_get_data": (c_void_p, [c_void_p]),
    "duckdb_vector_get_validity": (c_void_p, [c_void_p]),
    "duckdb_validity_row_is_valid": (c_bool, [c_void_p, c_idx]),
}


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


@cache
def _slow() -> ctypes.CDLL:
    """The library, for what takes time: other threads run meanwhile."""
    return _declared(ctypes.CDLL(_file()))


@cache
def _quick() -> ctypes.CDLL:
    """The library, for what takes no time."""
    return _declared(ctypes.PyDLL(_file()))


def _file() -> str:
    return str(_duckdb.__file__)
