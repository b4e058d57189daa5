"""JSON: one array of records, or records one after another, be it one a line."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import islice
from math import isfinite
from typing import Any

import pyarrow as pa

from mlops_drift.files.error import TableError, in_line, refuse_unclear_names
from mlops_drift.files.place import File
from mlops_drift.files.text import decoded, line_of, read_bytes

_SPACE = re.compile(r"[ \t\r\n]*")
_COMMA = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
_END = re.compile(r"[ \t\r\n]*\][ \t\r\n]*")
_HALF = re.compile("[\ud800-\udfff]")
_BATCH = 50_000

# Numbers that may be written in another way.
_SHORTER = re.compile(r"[.][0-9]*0$|[0-9][eE]")
# A decimal of so many digits is a double of its own, and so is a whole number below 2^53.
_DIGITS_OF_A_DOUBLE = 15
_INEXACT = 2**53

# An object with its keys in their order, each as often as it is written.
_Object = tuple[tuple[str, Any], ...]


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


def _constant(word: str) -> _Number | None:
    return None if word == "NaN" else _Number(word)


_DECODER = json.JSONDecoder(
    object_pairs_hook=tuple, parse_float=_Number, parse_int=_Number, parse_constant=_constant
)


def read_json(path: File) -> pa.Table:
    """The records of a JSON file as rows, every cell as text.

    The columns are the keys of all records in the order in which they come; a key that a record
    lacks, null, NaN and an empty text are null. Numbers keep their digits, and whole ones have no
    point: 1.0 is 1. Infinity is this word, truths are true and false, and lists and objects are
    JSON. A file without records has neither rows nor columns.

    Raises:
        TableError: the file is empty, is not JSON, is cut off, or holds something else than
            records; a record has a key twice, be it in upper and lower case.
    """
    text = decoded(path, read_bytes(path))
    if _space(text, 0) == len(text):
        raise TableError(
            f"{path}: the file is empty: cut off, or still being written; for no rows write []"
        )
    records = _records(path, text)
    names: dict[str, None] = {}
    tables = []
    while (table := _table(path, text, islice(records, _BATCH), names)) is not None:
        tables.append(table)
    return pa.concat_tables(tables, promote_options="default") if tables else pa.table({})


def _records(path: File, text: str) -> Iterator[tuple[int, _Object]]:
    """The records, and where each begins."""
    place = _space(text, 0)
    is_array = text.startswith("[", place)
    if is_array:
        place = _space(text, place + 1)
    closed = _END.match(text, place) if is_array else None
    while place < len(text) and not closed:
        record, end = _record(path, text, place)
        yield place, record
        if not is_array:
            place = _space(text, end)
        elif comma := _COMMA.match(text, end):
            place = comma.end()
        elif not (closed := _END.match(text, end)):
            raise _broken(path, text, place, _space(text, end), "a comma or ] is missing")
    if is_array and not closed:
        raise _broken(path, text, len(text), len(text), "the array is not closed")
    if closed and closed.end() < len(text):
        raise _broken(path, text, closed.end(), closed.end(), "there is more after the array")


def _record(path: File, text: str, place: int) -> tuple[_Object, int]:
    try:
        found, end = _DECODER.raw_decode(text, place)
    except json.JSONDecodeError as error:
        raise _broken(path, text, place, error.pos, error.msg) from error
    except RecursionError as error:
        raise _broken(path, text, place, place, "it is nested too deeply") from error
    if not isinstance(found, tuple):
        problem = f'this is no record such as {{"id": 1}}: {text[place:end][:40]}'
        raise in_line(path, line_of(text, place), problem)
    return found, end


def _broken(path: File, text: str, place: int, fault: int, problem: str) -> TableError:
    """The error about a record that begins at a place."""
    line, at = line_of(text, place), line_of(text, fault)
    where = "" if line == at else f" in line {at}"
    # An open text runs to the end of the file.
    if not text[fault:].strip() or ("Unterminated" in problem and "\n" not in text[fault:].strip()):
        problem += f"{where}; the file is cut off, or still being written"
    else:
        problem += f"{where}; write one record a line, or an array of records"
    return in_line(path, line, f"this is no JSON: {problem}")


def _space(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place


def _table(
    path: File, text: str, records: Iterator[tuple[int, _Object]], names: dict[str, None]
) -> pa.Table | None:
    """Records as a table, if there are any; new names are added to those of the file."""
    columns: dict[str, list[str | None]] = {name: [] for name in names}
    known: set[tuple[str, ...]] = set()
    places: list[int] = []
    for place, record in records:
        keys = tuple([key for key, _ in record])
        if keys not in known:
            where = f"{path}, line {line_of(text, place)}"
            refuse_unclear_names(keys, where)
            new = [key for key in keys if key not in names]
            refuse_unclear_names([*names, *new], where)
            names.update(dict.fromkeys(new))
            columns |= {key: [None] * len(places) for key in new}
            known.add(keys)
        places.append(place)
        for key, value in record:
            columns[key].append(_cell(value))
        if len(keys) < len(columns):
            for key in columns.keys() - set(keys):
                columns[key].append(None)
    if not places:
        return None
    if not names:
        raise in_line(path, line_of(text, places[0]), "the record is empty; name its values")
    try:
        return pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})
    except UnicodeEncodeError as error:
        rows = zip(places, *columns.values(), strict=True)
        place = next(place for place, *cells in rows if any(_HALF.search(c or "") for c in cells))
        problem = "half of a character (\\ud800 to \\udfff) is no text"
        raise in_line(path, line_of(text, place), problem) from error


def _cell(value: Any) -> str | None:
    kind = type(value)
    if kind is str:
        return value or None
    if kind is _Number:
        return _digits(value)
    return None if value is None else _json(value)


def _digits(number: str) -> str:
    """A number as text that is the same for the same number: 1.0 is 1, and 1.50 is 1.5.

    With an exponent it is a floating-point number, which from 2^53 on is not a whole one alone.
    What a double does not say stays as it is written.

    >>> [_digits(number) for number in ("1.0", "-0.0", "1.50", "5e2", "15e-1", "1.2e18", "1e400")]
    ['1', '0', '1.5', '500', '1.5', '1.2e+18', '1e400']
    """
    # Python's garbage collector goes through objects of own classes again and again.
    written = str(number)
    if not _SHORTER.search(written):
        return written
    if "e" not in written.lower():
        plain = written.rstrip("0").rstrip(".")
        return plain.lstrip("-") if plain in ("0", "-0") else plain
    try:
        value = Decimal(written)
    except InvalidOperation:
        # No decimal has such an exponent.
        return written
    if abs(value) < _INEXACT and value == int(value):
        return str(int(value))
    double = float(value)
    digits = "".join(map(str, value.as_tuple().digits)).strip("0")
    says_it = double and isfinite(double) and len(digits) <= _DIGITS_OF_A_DOUBLE
    return repr(double) if says_it else written


def _json(value: Any) -> str:
    """A value as it was written, but for space and escapes."""
    if isinstance(value, tuple):
        return "{" + ", ".join(f"{_json(key)}: {_json(one)}" for key, one in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json, value)) + "]"
    return value if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)
