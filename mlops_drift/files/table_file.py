"""Table files by the ends of their names."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mlops_drift.files.csv_file import read_csv
from mlops_drift.files.error import TableError, refuse_unclear_names
from mlops_drift.files.json_file import read_json
from mlops_drift.files.place import File

TEXT_ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson")
ENDINGS = (".parquet", *TEXT_ENDINGS)

_PARQUET = b"PAR1"
_PLAIN = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}


@dataclass(frozen=True)
class TableFile:
    """The columns and rows of a file as it holds them; no name of a folder adds any.

    Attributes:
        texts: the rows of a file without types, every value as text exactly as written.
        delimiter: what divides the values of a CSV file; otherwise None.
    """

    path: File
    schema: pa.Schema
    count: int
    texts: pa.Table | None = None
    delimiter: str | None = None

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows; a `TableError` if the file is damaged."""
        names = None if columns is None else list(columns)
        rows = _parquet_rows(self.path, names) if self.texts is None else self.texts
        # For `a` Arrow also reads a column that is called `a.b`.
        return rows if names is None else rows.select(names)


def open_file(path: File) -> TableFile:
    """A table file: .parquet, .csv, .tsv, .json or .jsonl, those of text also with .gz.

    A text file is read at once, Parquet when its rows are asked for.

    Raises:
        TableError: there is no such file, its name has another ending, or it does not hold what its
            name says: see `read_csv` and `read_json`.
    """
    if not path.is_file():
        raise TableError(f"{path}: no such file")
    found = ending(path)
    if found == ".parquet":
        return _parquet(path)
    if found not in TEXT_ENDINGS:
        raise TableError(
            f"{path}: the name must end in one of {', '.join(ENDINGS)}, those of text files also "
            f"with .gz; found {path.name!r}"
        )
    if found in (".csv", ".tsv"):
        rows, delimiter = read_csv(path, "\t" if found == ".tsv" else None)
    else:
        rows, delimiter = read_json(path), None
    return TableFile(path, rows.schema, rows.num_rows, rows, delimiter)


def ending(path: File) -> str:
    """The end of a file's name that says what it holds, without `.gz` and in lower case."""
    found = path.suffix.lower()
    if found != ".gz":
        return found
    inner = Path(path.stem).suffix.lower()
    return inner if inner in TEXT_ENDINGS else found


def _parquet(path: File) -> TableFile:
    _refuse_other_than_parquet(path)
    with _opened(path) as file:
        schema = file.schema_arrow
        refuse_unclear_names(schema.names, str(path))
        return TableFile(path, schema, file.metadata.num_rows)


@contextmanager
def _opened(path: File) -> Iterator[pq.ParquetFile]:
    try:
        source = path if isinstance(path, Path) else pa.BufferReader(path.read_bytes())
        with pq.ParquetFile(source) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        reason = str(error).split("\n")[0]
        raise TableError(
            f"{path}: the Parquet file is damaged: {reason}; write it again"
        ) from error


def _parquet_rows(path: File, names: list[str] | None) -> pa.Table:
    """Rows with texts and bytes in types of which Arrow can take some."""
    with _opened(path) as file:
        rows = file.read(columns=names)
    for number, field in enumerate(rows.schema):
        if field.type in _PLAIN:
            rows = rows.set_column(number, field.name, rows[number].cast(_PLAIN[field.type]))
    return rows


def _refuse_other_than_parquet(path: File) -> None:
    try:
        with path.open("rb") if isinstance(path, Path) else BytesIO(path.read_bytes()) as file:
            begin, size = file.read(len(_PARQUET)), file.seek(0, 2)
            file.seek(max(0, size - len(_PARQUET)))
            end = file.read()
    except OSError as error:
        raise TableError(f"{path}: cannot be opened: {error.strerror}") from error
    if not size:
        raise TableError(f"{path}: the file is empty; Parquet has a schema even without rows")
    if begin != _PARQUET:
        raise TableError(f"{path}: is no Parquet file, which begins with PAR1; name it as it is")
    if end != _PARQUET or size < 3 * len(_PARQUET):
        raise TableError(f"{path}: the Parquet file is cut off, or still being written")
