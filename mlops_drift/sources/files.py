"""Events and labels from CSV, Parquet and JSON files."""

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from mlops_drift.sources.base import Batch, Source, SourceError
from mlops_drift.sources.config import FilesSource, FileTable

# CSV columns are read as text, so that one bad cell is a rejected row and not a failed file.
READERS = {
    ".csv": "read_csv({path}, all_varchar = true, header = true)",
    ".parquet": "read_parquet({path})",
    ".json": "read_json_auto({path})",
    ".jsonl": "read_json_auto({path}, format = 'newline_delimited')",
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

    def _read(self, table: FileTable, first: date, last: date) -> Batch:
        pattern = str(self._folder / table.path)
        if "{day}" not in pattern:
            return _read_file(Path(pattern), table.day_column, first, last)
        days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        batches = [
            _read_file(path, table.day_column, day, day, named_day=day)
            for day in days
            if (path := Path(pattern.replace("{day}", day.isoformat()))).exists()
            or table.missing == "error"
        ]
        rows = [batch.rows for batch in batches]
        return Batch(
            pa.concat_tables(rows, promote_options="permissive") if rows else _no_rows(),
            sum(batch.undated for batch in batches),
            pattern,
        )


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
    return READERS[suffix].format(path="'" + str(path).replace("'", "''") + "'")


def _read_file(
    path: Path, day_column: str | None, first: date, last: date, named_day: date | None = None
) -> Batch:
    if not path.is_file():
        raise SourceError(
            f"{path}: no such file (wanted for {first}{'' if first == last else f' to {last}'}); "
            "put the file there, or correct `path` in the model's defs.yaml"
        )
    reader = _reader(path)
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        try:
            described = connection.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()
        except duckdb.Error as error:
            raise SourceError(f"{path}: cannot be read: {error}") from error
        found = [row[0] for row in described]
        if day_column is None:
            literal = f"DATE '{named_day}'"
            rows = connection.sql(
                f"SELECT {literal} AS day, CAST({literal} AS TIMESTAMP) AS event_time, * "
                f"FROM {reader}"
            ).to_arrow_table()
            return Batch(rows, 0, str(path))
        if day_column not in found:
            raise SourceError(
                f"{path}: the day column {day_column!r} is missing; found {', '.join(found)}; "
                "name one of these as `day_column`"
            )
        moment = f'TRY_CAST("{day_column}" AS TIMESTAMP)'
        clashing = [f'"{name}"' for name in found if name in (day_column, "day", "event_time")]
        rows = connection.sql(
            f"SELECT CAST({moment} AS DATE) AS day, {moment} AS event_time, "
            f"* EXCLUDE ({', '.join(clashing)}) FROM {reader} "
            f"WHERE CAST({moment} AS DATE) BETWEEN DATE '{first}' AND DATE '{last}'"
        ).to_arrow_table()
        # A file named after one day must hold only that day: anything else would be lost.
        outside = f" OR CAST({moment} AS DATE) <> DATE '{named_day}'" if named_day else ""
        counted = connection.execute(
            f"SELECT count(*) FROM {reader} WHERE {moment} IS NULL{outside}"
        ).fetchone()
    return Batch(rows, counted[0] if counted else 0, str(path))
