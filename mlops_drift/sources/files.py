"""Events and labels from CSV, Parquet and JSON files."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Literal, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, field_validator, model_validator

from mlops_drift.files.error import TableError
from mlops_drift.files.place import File
from mlops_drift.files.remote import SCHEMES, RemoteFile, check_url, is_remote
from mlops_drift.files.table_file import ending, open_file
from mlops_drift.schema.days import days_between, span
from mlops_drift.schema.fields import Name, Strict
from mlops_drift.sources.base import (
    Batch,
    Look,
    MissingDayError,
    Origin,
    Part,
    Source,
    SourceConfig,
    SourceError,
    TableName,
    with_near_names,
)
from mlops_drift.sources.dating import TimeZone, moments, odd_hours
from mlops_drift.sources.stored_files import DAY, StoredFiles

# A record may leave out fields without a value.
JSON_ENDINGS = (".json", ".jsonl", ".ndjson")


class FileTable(Strict):
    """One file for all days, or one a day."""

    path: str = Field(
        min_length=1,
        description="A CSV, Parquet or JSON file (.gz allowed); `{day}` in it stands for the day, "
        "as 2024-10-01: put it in quotes. Relative to the folder of the YAML file, or a URL "
        "`s3://`, `gs://` or `abfs://`, whose credentials are those of the environment.",
    )
    day_column: Name | None = Field(
        None,
        description="The date or timestamp column that gives a row's day. Needed unless the path "
        "holds `{day}`.",
    )
    missing: Literal["error", "empty"] = Field(
        "error", description="What a day without a file means, where the path holds `{day}`."
    )

    @field_validator("path")
    @classmethod
    def _braces_hold_the_day(cls, path: str) -> str:
        if {"{", "}"} & set(path.replace("{day}", "")):
            raise ValueError(
                f"found {path!r}; braces hold only {{day}}, which is written as 2024-10-01"
            )
        return path

    @field_validator("path")
    @classmethod
    def _url_is_of_a_store(cls, path: str) -> str:
        if is_remote(path):
            return check_url(path)
        if "://" in path:
            known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
            raise ValueError(f"found {path.partition('://')[0]}://; a URL begins with {known}")
        return path

    @model_validator(mode="after")
    def _rows_have_a_day(self) -> Self:
        if self.day_column is None and "{day}" not in self.path:
            raise ValueError(
                f"path {self.path!r} holds no {{day}}, so day_column must name the column that "
                "gives a row's day"
            )
        return self


class FilesSource(SourceConfig):
    """Events and labels in files."""

    kind: Literal["files"] = Field(description="files")
    events: FileTable = Field(description="One row an event: key, day and feature columns.")
    labels: FileTable = Field(
        description="One row a label: key, label; its day is the day on which it became known."
    )
    timezone: TimeZone = "UTC"

    @property
    def day_zone(self) -> str:
        return self.timezone

    def open(self, folder: Path) -> Source:
        return Files(self, folder)


class Files(Source):
    """Reads one file for all days, or one file a day."""

    def __init__(self, config: FilesSource, folder: Path) -> None:
        self._tables = {"events": config.events, "labels": config.labels}
        self._files = {
            name: StoredFiles(table.path, folder) for name, table in self._tables.items()
        }
        self._timezone = config.timezone

    def events(self, first: date, last: date) -> Batch:
        return self._read("events", first, last)

    def labels(self, first: date, last: date) -> Batch:
        return self._read("labels", first, last)

    def missing_days(self, table: TableName, first: date, last: date) -> dict[date, str]:
        declared, files = self._tables[table], self._files[table]
        if DAY not in declared.path or declared.missing == "empty":
            return {}
        stamps = files.stamps(days_between(first, last))
        return {day: files.path_of(day) for day, stamp in stamps.items() if not stamp}

    def _read(self, name: TableName, first: date, last: date) -> Batch:
        table, days = self._tables[name], days_between(first, last)
        if DAY in table.path:
            return self._read_days(name, days)
        path = self._files[name].file()
        if not _is_there(path):
            raise SourceError(
                f"{path}: no such file (wanted for {span(first, last)}); "
                "put the file there, or correct `path` in the model's defs.yaml"
            )
        whole = _dated(path, table.day_column, self._timezone)
        mine = pc.is_in(whole.days, value_set=pa.array(days, pa.date32()))
        return Batch(
            (whole.filter(mine),),
            origins=dict.fromkeys(days, self._files[name].origin(path)),
            others=lambda stamps: [Look(whole)],
            note=odd_hours([whole.times], self._timezone),
        )

    def _read_days(self, name: TableName, days: list[date]) -> Batch:
        table, files, parts, times = self._tables[name], self._files[name], [], []
        stamps = files.stamps(days)
        missing = {day: files.path_of(day) for day, stamp in stamps.items() if not stamp}
        if missing and table.missing == "error":
            raise MissingDayError(missing)
        misplaced: dict[date, Part] = {}
        origins: dict[date, Origin] = {}
        for day in days:
            if day in missing:
                continue
            file = files.file(day)
            part = _dated(file, table.day_column, self._timezone, day)
            origins[day] = files.origin(file)
            mine = pc.fill_null(pc.equal(part.days, pa.scalar(day, pa.date32())), False)
            parts.append(part.filter(mine))
            others = part.filter(pc.invert(mine))
            if others.rows.num_rows:
                misplaced[day] = others
            if table.day_column is not None:
                times.append(part.times)
        note = odd_hours(times, self._timezone)
        return Batch(tuple(parts), misplaced, origins, stamps, partial(self._looks, name), note)

    def _looks(self, name: TableName, stamps: Mapping[date, str]) -> Iterator[Look]:
        """The rows of each day whose file has changed."""
        empty = pa.schema([("day", pa.date32()), ("time", pa.timestamp("us"))]).empty_table()
        nothing = Part(pa.table({}), empty["day"], empty["time"], "")
        table, files = self._tables[name], self._files[name]
        for day, found in files.stamps(stamps).items():
            if found == stamps[day]:
                continue
            try:
                file, column = files.file(day), table.day_column
                part = _dated(file, column, self._timezone, day).of(day) if found else nothing
                yield Look(part, day, found)
            except SourceError as error:
                # It may still be written; the other days go on.
                yield Look(nothing, day, stamp="", problem=str(error))


def _is_there(file: Path | RemoteFile) -> bool:
    try:
        return file.is_file()
    except TableError as error:
        raise SourceError(str(error)) from None


def _dated(path: File, day_column: str | None, timezone: str, own: date | None = None) -> Part:
    """The rows of a file, each with its day; a file of one day without a day column has its own."""
    try:
        rows = open_file(path).read()
    except TableError as error:
        raise SourceError(str(error)) from error
    names, sparse = rows.column_names, ending(path) in JSON_ENDINGS
    sparse = sparse and (own is not None or not rows.num_rows)
    if day_column is None or (day_column not in names and not rows.num_rows and sparse):
        days = pa.chunked_array([pa.array([own] * rows.num_rows, pa.date32())])
        times = days.cast(pa.timestamp("us"))
    elif day_column in names:
        days, times = moments(path, day_column, rows[day_column], timezone)
    else:
        problem = f"{path}: the day column {day_column!r} is missing"
        hint = "name one of these as `day_column`"
        raise SourceError(with_near_names(problem, [day_column], names, hint))
    return Part(rows, days, times, str(path), day_column, sparse)
