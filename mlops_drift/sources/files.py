"""Events and labels from CSV, Parquet and JSON files."""

import hashlib
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from glob import escape
from pathlib import Path

import duckdb
import pyarrow as pa

from mlops_drift.sources.base import (
    Batch,
    MissingDayError,
    Origin,
    Source,
    SourceError,
    Stray,
    TableName,
)
from mlops_drift.sources.config import FilesSource, FileTable
from mlops_drift.sql import identifier, literal

# CSV and JSON are read as text, so that one bad cell is a rejected row and not a failed file; and
# nothing about a CSV but its delimiter is guessed: a wrong guess at comments drops rows.
CSV = "all_varchar = true, header = true, skip = 0, comment = '', quote = '\"', escape = '\"'"
JSON = "maximum_depth = 1, sample_size = -1"
READERS = {
    ".csv": f"read_csv({{path}}, {CSV})",
    ".parquet": "read_parquet({path})",
    ".json": f"(SELECT COLUMNS(*) ->> '$' FROM read_json({{path}}, {JSON}))",
    ".jsonl": f"(SELECT COLUMNS(*) ->> '$' FROM read_ndjson({{path}}, {JSON}))",
}


class Files(Source):
    """Reads one file for all days, or one file a day.

    Args:
        config: paths and day columns.
        folder: what relative paths are relative to.
    """

    def __init__(self, config: FilesSource, folder: Path) -> None:
        self._config = config
        self._folder = folder

    def events(self, first: date, last: date) -> Batch:
        """The events of the days `first` to `last`, inclusive."""
        return self._read(self._config.events, first, last)

    def labels(self, first: date, last: date) -> Batch:
        """The labels that arrived on the days `first` to `last`, inclusive."""
        return self._read(self._config.labels, first, last)

    def missing_days(self, table: TableName, first: date, last: date) -> dict[date, str]:
        """The days of a table that have no file although they need one, each with that file."""
        described = self._config.events if table == "events" else self._config.labels
        return self._missing(described, first, last)

    def _missing(self, table: FileTable, first: date, last: date) -> dict[date, str]:
        if "{day}" not in table.path or table.missing == "empty":
            return {}
        days = (first + timedelta(days=i) for i in range((last - first).days + 1))
        places = {day: table.path.replace("{day}", day.isoformat()) for day in days}
        return {day: path for day, path in places.items() if not (self._folder / path).exists()}

    def _read(self, table: FileTable, first: date, last: date) -> Batch:
        missing = self._missing(table, first, last)
        if missing:
            raise MissingDayError(missing)
        pattern = str(self._folder / table.path)
        if "{day}" not in pattern:
            return _read_file(Path(pattern), self._folder, table.day_column, first, last)
        days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        batches = [
            _read_file(path, self._folder, table.day_column, day, day, named_day=day)
            for day in days
            if (path := Path(pattern.replace("{day}", day.isoformat()))).exists()
            or table.missing == "error"
        ]
        return Batch(
            _joined([batch.rows for batch in batches], pattern),
            pattern,
            tuple(stray for batch in batches for stray in batch.strays),
            {day: origin for batch in batches for day, origin in batch.origins.items()},
        )


def _joined(tables: list[pa.Table], pattern: str) -> pa.Table:
    try:
        return pa.concat_tables([_no_rows(), *tables], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise SourceError(
            f"{pattern}: a column has another type in another day's file: {error}; "
            "write it with the same type every day"
        ) from error


def _no_rows() -> pa.Table:
    return pa.schema([("day", pa.date32()), ("event_time", pa.timestamp("us"))]).empty_table()


def _reader(path: Path) -> str:
    suffixes = [suffix for suffix in path.suffixes if suffix != ".gz"]
    suffix = suffixes[-1].lower() if suffixes else ""
    if suffix not in READERS:
        raise SourceError(
            f"{path}: cannot tell the format from the ending {suffix!r}; "
            f"it should be one of {', '.join(READERS)}, with or without .gz"
        )
    # DuckDB takes a path for a pattern, which could match another file.
    return READERS[suffix].format(path=literal(escape(str(path))))


def _read_file(
    path: Path,
    folder: Path,
    day_column: str | None,
    first: date,
    last: date,
    named_day: date | None = None,
) -> Batch:
    if not path.is_file():
        raise SourceError(
            f"{path}: no such file (wanted for {first}{'' if first == last else f' to {last}'}); "
            "put the file there, or correct `path` in the model's defs.yaml"
        )
    # As the YAML names it: the same data is the same in whichever folder the project lies.
    place = path.relative_to(folder) if path.is_relative_to(folder) else path
    origin = Origin(str(place), _digest(path))
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        try:
            batch = _query(connection, path, day_column, first, last, named_day)
        except duckdb.Error as error:
            raise SourceError(f"{path}: cannot be read: {error}") from error
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    return replace(batch, origins=dict.fromkeys(days, origin))


def _digest(path: Path) -> str:
    """SHA-256 of a file; one that has not changed is read once a process."""
    state = path.stat()
    return _digest_of(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=256)
def _digest_of(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _query(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    day_column: str | None,
    first: date,
    last: date,
    named_day: date | None,
) -> Batch:
    reader = _reader(path)
    found = [row[0] for row in connection.execute(f"DESCRIBE FROM {reader}").fetchall()]
    if found == ["json"] and not connection.execute(f"FROM {reader} LIMIT 1").fetchall():
        # JSON without records names no columns.
        return Batch(_no_rows(), str(path))
    own = {"day", "event_time", (day_column or "day").lower()}
    columns = [identifier(name) for name in found if name.lower() not in own]
    if day_column is None:
        moment = f"DATE '{named_day}'"
    elif day_column in found:
        # With a time zone an offset counts; a moment without one is taken as UTC.
        moment = f"TRY_CAST({identifier(day_column)} AS TIMESTAMPTZ)"
    else:
        raise SourceError(
            f"{path}: the day column {day_column!r} is missing; found {', '.join(found)}; "
            "name one of these as `day_column`"
        )
    wanted = [f"CAST({moment} AS DATE) AS day", f"CAST({moment} AS TIMESTAMP) AS event_time"]
    rows = connection.sql(
        f"SELECT {', '.join([*wanted, *columns])} FROM {reader} "
        f"WHERE CAST({moment} AS DATE) BETWEEN DATE '{first}' AND DATE '{last}'"
    ).to_arrow_table()
    # A file named after one day must hold only that day: anything else would be lost.
    outside = f" OR CAST({moment} AS DATE) <> DATE '{named_day}'" if named_day else ""
    content = ", ".join(f"{literal(name)}: {identifier(name)}" for name in found)
    said = f"CAST({identifier(day_column)} AS VARCHAR)" if day_column else "NULL"
    strays = connection.execute(
        f"SELECT CAST({moment} AS DATE), {said}, CAST(to_json({{{content}}}) AS VARCHAR) "
        f"FROM {reader} WHERE {moment} IS NULL{outside}"
    ).fetchall()
    return Batch(
        rows,
        str(path),
        tuple(
            Stray(named_day, f"{day_column}: {_fault(day, text)}", row) for day, text, row in strays
        ),
    )


def _fault(day: date | None, text: str | None) -> str:
    """Why no day holds a row."""
    if day:
        return f"the row is of {day}"
    return f"{text} is not a day such as 2024-10-01" if text else "missing"
