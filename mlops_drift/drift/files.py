"""Table files: what they are, and how their rows get into SQL."""

import csv
import gzip
from functools import partial
from glob import escape
from io import StringIO
from itertools import islice
from pathlib import Path

from mlops_drift.errors import UserError
from mlops_drift.sql import literal

# A folder named like `day=2024-01-01` is no column.
# Nor are the rows above one with too many values a preface to be skipped.
_CSV = (
    "nullstr = ['', 'NA', 'N/A', 'n/a', '#N/A', '<NA>', 'NULL', 'null', 'None', 'NaN', 'nan'], "
    "header = true, skip = 0, "
    "quote = '\"', escape = '\"', comment = '', all_varchar = true, hive_partitioning = false"
)
_DELIMITERS = ",;\t|"
_FIRST_LINES = 100
_SUFFIXES = (".parquet", ".csv", ".tsv")


class RowsError(UserError, ValueError):
    """A table cannot be read."""


def suffix(path: Path) -> str:
    """The last suffix but `.gz`, in lower case."""
    return next((part for part in reversed(path.suffixes) if part != ".gz"), "").lower()


def in_sql(path: Path, delimiter: str) -> str:
    """The rows of a file in a FROM clause; of a text file, as text."""
    place = literal(escape(str(path)))
    if suffix(path) == ".parquet":
        return f"read_parquet({place}, hive_partitioning = false)"
    return f"read_csv({place}, delim = {literal(delimiter)}, {_CSV})"


def delimiter_of(path: Path) -> str:
    """The delimiter that divides the first rows of a CSV file into the same number of values.

    Where there is none, because a row is ragged, the one that the header has most of; of a Parquet
    file nothing.

    Raises:
        RowsError: the file is missing, not text, or not what its name says.
    """
    if not path.is_file():
        raise RowsError(f"{path}: no such file")
    if suffix(path) not in _SUFFIXES:
        raise RowsError(f"{path} must end in one of {', '.join(_SUFFIXES)}, found {path.name!r}")
    if suffix(path) != ".csv":
        return "\t" if suffix(path) == ".tsv" else ""
    open_text = gzip.open if path.suffix == ".gz" else open
    try:
        with open_text(path, "rt", encoding="utf-8-sig", newline="") as lines:
            head = "".join(islice(lines, _FIRST_LINES))
    except UnicodeDecodeError as error:
        raise RowsError(f"{path} cannot be read: {error}; save it as UTF-8") from error
    except (OSError, EOFError) as error:
        raise RowsError(f"{path} cannot be read: {error}") from error
    return max(_DELIMITERS, key=partial(_plausibility, head))


def _plausibility(head: str, delimiter: str) -> tuple[bool, int]:
    """Whether all rows have as many values, and how many the header has."""
    try:
        rows = [row for row in csv.reader(StringIO(head, newline=""), delimiter=delimiter) if row]
    except csv.Error:
        return False, 0
    # A quote within a name: what was taken for a delimiter is part of a quoted name.
    if not rows or any('"' in name for name in rows[0]):
        return False, 0
    width = len(rows[0])
    return width > 1 and all(len(row) == width for row in rows), width
