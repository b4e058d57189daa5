"""CSV: values divided by a delimiter, in double quotes where they hold it, a quote or a line end.

Arrow reads it, fast and without guesses. What it does not tell, or reads generously, Python's
strict reader finds, line by line, where something is wrong or unclear.
"""

import csv
import re
from functools import partial
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from mlops_drift.files.error import in_line, refuse_unclear_names
from mlops_drift.files.place import File
from mlops_drift.files.text import line_of, lines_of, read_bytes

_DELIMITERS = ",;\t|"
_FIRST_LINES = 100
_PIECE = 1 << 24
_BLOCK = 1 << 20
_LARGEST = (1 << 31) - 1
_QUOTE, _RETURN, _NEWLINE = b'"\r\n'
_JSON = (b'{"', b"[{")
# What Excel reads and writes as the first line: the delimiter of the others.
_SEPARATOR = re.compile(rb'"?sep=([,;\t|])"?[\r\n]+', re.IGNORECASE)

# A cell may be a long text.
csv.field_size_limit(_LARGEST)


def read_csv(path: File, delimiter: str | None = None) -> tuple[pa.Table, str]:
    r"""The rows of a CSV file, every cell as text, and its delimiter.

    The first line that is not blank is the header; a line before it may say the delimiter as Excel
    does: `sep=;`. Lines end in \n, \r\n or \r, also in turns. Blank lines are skipped; in a file of
    one column they are rows without a value, which are written so. An empty cell is null, in quotes
    or not.

    Without a delimiter it is the one of `, ; tab |` which divides the first rows alike.

    Raises:
        TableError: the file is not text or has no header; a line has too few or too many values; a
            quote is not closed.
    """
    data = read_bytes(path)
    start = len(data) - len(data.lstrip(b"\r\n"))
    if separator := _SEPARATOR.match(data, start):
        start, delimiter = separator.end(), separator[1].decode()
    if start == len(data):
        raise in_line(path, 1, "the file is empty; its first line must name the columns")
    if data.startswith(_JSON, start):
        raise in_line(path, line_of(data, start), "this is JSON; name the file .json or .jsonl")
    delimiter = delimiter or _delimiter_of(path, data, start)
    names, end = _header(path, data, start, delimiter)
    refuse_unclear_names(names, f"{path}, line {line_of(data, start)}")
    body = memoryview(data)[end:]
    if not body:
        return pa.schema([(name, pa.string()) for name in names]).empty_table(), delimiter
    refuse_bad_lines = partial(_refuse_bad_lines, path, data, start, delimiter, len(names))
    if not _has_plain_quotes(body, ord(delimiter)):
        refuse_bad_lines()
    try:
        return _read(body, names, delimiter, _BLOCK), delimiter
    except pa.ArrowInvalid:
        refuse_bad_lines()
        # Nothing is wrong but that a row is longer than a block.
        return _read(body, names, delimiter, min(len(body), _LARGEST)), delimiter


def _delimiter_of(path: File, data: bytes, start: int) -> str:
    """What divides most of the first rows as it divides the header, or else the header most."""
    head = list(islice(lines_of(path, data, start), _FIRST_LINES))
    return max(_DELIMITERS, key=partial(_plausibility, head))


def _plausibility(head: list[str], delimiter: str) -> tuple[bool, int]:
    """Whether most rows have as many values as the header, and how many that has."""
    rows = [row for row in csv.reader(head, delimiter=delimiter) if row]
    # A quote within a name: what was taken for a delimiter is part of a quoted name.
    if not rows or any('"' in name for name in rows[0]):
        return False, 0
    width = len(rows[0])
    alike = sum(len(row) == width for row in rows[1:])
    return width > 1 and 2 * alike >= len(rows) - 1, width


def _header(path: File, data: bytes, start: int, delimiter: str) -> tuple[list[str], int]:
    """The names of the columns, and where the rows begin."""
    reader = csv.reader(lines_of(path, data, start), delimiter=delimiter, strict=True)
    try:
        names = next(reader)
    except csv.Error as error:
        raise in_line(path, line_of(data, start), _quoting(error)) from error
    lines = islice(lines_of(path, data, start), reader.line_num)
    return names, start + sum(len(line.encode()) for line in lines)


def _quoting(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        problem = "a quote is opened here and never closed; the file is cut off, or"
    else:
        problem = f"a value goes on after its closing quote ({error});"
    return f'{problem} a quote within a quoted value must be written twice: ""'


def _has_plain_quotes(body: memoryview, delimiter: int) -> bool:
    """Whether every quote opens a cell, closes one, or is one of two within: no reader differs."""
    octets = np.frombuffer(body, dtype=np.uint8)
    ends = np.array([delimiter, _RETURN, _NEWLINE, _QUOTE], dtype=np.uint8)
    count = 0
    for first in range(0, len(octets), _PIECE):
        quotes = first + np.flatnonzero(octets[first : first + _PIECE] == _QUOTE)
        opening, closing = quotes[count % 2 :: 2], quotes[1 - count % 2 :: 2]
        before = octets[opening[opening > 0] - 1]
        after = octets[closing[closing < len(octets) - 1] + 1]
        if not (np.isin(before, ends).all() and np.isin(after, ends).all()):
            return False
        count += len(quotes)
    return count % 2 == 0


def _refuse_bad_lines(path: File, data: bytes, start: int, delimiter: str, width: int) -> None:
    """Raises a `TableError` about the first line that has no row of so many values."""
    offset = line_of(data, start)
    rows = csv.reader(lines_of(path, data, start), delimiter=delimiter, strict=True)
    line = offset
    try:
        for row in rows:
            if len(row) != width and row:
                raise in_line(path, line, _ragged(row, width, at_end=not any(rows)))
            line = offset + rows.line_num
    except csv.Error as error:
        raise in_line(path, line, _quoting(error)) from error


def _ragged(row: list[str], width: int, at_end: bool) -> str:
    shown = ", ".join(row)[:60]
    problem = f"{_count(len(row))} where the header has {_count(width, 'name')}: {shown!r}"
    if len(row) > width:
        return f"{problem}; a value that holds the delimiter must be in double quotes"
    if at_end:
        return f"{problem}; the file is cut off, or still being written"
    return f"{problem}; every row needs all of its values, empty where there is none"


def _count(number: int, what: str = "value") -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _read(body: memoryview, names: list[str], delimiter: str, block: int) -> pa.Table:
    return arrow_csv.read_csv(
        pa.py_buffer(body),
        read_options=arrow_csv.ReadOptions(column_names=names, block_size=block),
        parse_options=arrow_csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=len(names) > 1
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )
