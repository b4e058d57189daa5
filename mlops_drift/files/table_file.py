"""Table files by the ends of their names."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mlops_drift.files.csv_file import read_csv
from mlops_drift.files.error import FileError, refuse_unclear_names
from mlops_drift.files.json_file import read_json

TEXT_ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson")
ENDINGS = (".parquet", *TEXT_ENDINGS)

_PARQUET = b"PAR1"
_PLAIN = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}


class TableFile(ABC):
    """The columns and rows of a file as it holds them; no name of a folder adds any.

    Attributes:
        schema: its columns, their names as written and in their order.
        count: its number of rows.
        is_text: whether the file has no types, and every value is text exactly as written.
        delimiter: what divides the values of a CSV file; otherwise None.
    """

    schema: pa.Schema
    count: int
    is_text: bool = True
    delimiter: str | None = None

    @abstractmethod
    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows.

        Raises:
            FileError: the file is damaged.
        """


class _TextFile(TableFile):
    def __init__(self, rows: pa.Table, delimiter: str | None = None) -> None:
        self.schema = rows.schema
        self.count = rows.num_rows
        self.delimiter = delimiter
        self._rows = rows

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        return self._rows if columns is None else self._rows.select(list(columns))


class _ParquetFile(TableFile):
    is_text = False

    def __init__(self, path: Path) -> None:
        _refuse_other_than_parquet(path)
        self._path = path
        try:
            with pq.ParquetFile(path) as file:
                self.schema = file.schema_arrow
                self.count = file.metadata.num_rows
        except (pa.ArrowException, OSError) as error:
            raise _damaged(path, error) from error
        refuse_unclear_names(self.schema.names, str(path))

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        names = None if columns is None else list(columns)
        try:
            with pq.ParquetFile(self._path) as file:
                rows = file.read(columns=names)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(self._path, error) from error
        # For `a` Arrow also reads a column that is called `a.b`.
        return _without_views(rows if names is None else rows.select(names))


def open_file(path: Path) -> TableFile:
    """A table file: .parquet, .csv, .tsv, .json or .jsonl, those of text also with .gz.

    A text file is read at once, Parquet when its rows are asked for.

    Raises:
        FileError: there is no such file, its name has another ending, or it does not hold what its
            name says: see `read_csv` and `read_json`.
    """
    if not path.is_file():
        raise FileError(f"{path}: no such file")
    found = ending(path)
    if found == ".parquet":
        return _ParquetFile(path)
    if found in (".csv", ".tsv"):
        return _TextFile(*read_csv(path, "\t" if found == ".tsv" else None))
    if found in TEXT_ENDINGS:
        return _TextFile(read_json(path))
    raise FileError(
        f"{path}: the name must end in one of {', '.join(ENDINGS)}, those of text files also with "
        f".gz; found {path.name!r}"
    )


def ending(path: Path) -> str:
    """The end of a file's name that says what it holds, without `.gz` and in lower case.

    >>> ending(Path("rows.CSV.gz")), ending(Path("rows.parquet"))
    ('.csv', '.parquet')
    """
    found = path.suffix.lower()
    if found != ".gz":
        return found
    inner = Path(path.stem).suffix.lower()
    return inner if inner in TEXT_ENDINGS else found


def _refuse_other_than_parquet(path: Path) -> None:
    try:
        with path.open("rb") as file:
            begin = file.read(len(_PARQUET))
            size = file.seek(0, 2)
            file.seek(max(0, size - len(_PARQUET)))
            end = file.read()
    except OSError as error:
        raise FileError(f"{path}: cannot be opened: {error.strerror}") from error
    if not size:
        raise FileError(f"{path}: the file is empty; Parquet has a schema even without rows")
    if begin != _PARQUET:
        raise FileError(
            f"{path}: is no Parquet file (which begins with PAR1); name it as what it is"
        )
    if end != _PARQUET or size < 3 * len(_PARQUET):
        raise FileError(f"{path}: the Parquet file is cut off, or still being written")


def _without_views(rows: pa.Table) -> pa.Table:
    """Texts and bytes in types of which Arrow can take some."""
    for number, field in enumerate(rows.schema):
        if field.type in _PLAIN:
            column = rows[number].cast(_PLAIN[field.type])
            rows = rows.set_column(number, field.name, column)
    return rows


def _damaged(path: Path, error: Exception) -> FileError:
    reason = str(error).split("\n")[0]
    return FileError(f"{path}: the Parquet file is damaged: {reason}; write it again")
