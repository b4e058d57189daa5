"""Events and labels from CSV, Parquet and JSON files."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from typing import Literal, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, field_validator, model_validator

from mlops_drift.files.error import TableError
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

# A record may leave out fields without a value.
JSON_ENDINGS = (".json", ".jsonl", ".ndjson")


class FileTable(Strict):
    """One file for all days, or one a day."""

    path: str = Field(
        min_length=1,
        description="A CSV, Parquet or JSON file (.gz allowed); `{day}` in it stands for the day, "
        "as 2024-10-01: put it in quotes. Relative to the folder of the YAML file.",
    )
    day_column: Name | None = Field(
        None,
        description="The date or timestamp column that gives a row's day. Needed unless the path "
        "holds `{day}`.",
    )
    missing: Literal["error", "empty"] = Field(
        "error", description="What a day without a file means, where the path holds `{day}`."
    )

    def path_of(self, day: date) -> str:
        """The path of the file of a day."""
        return self.path.replace("{day}", day.isoformat())

    @field_validator("path")
    @classmethod
    def _braces_hold_the_day(cls, path: str) -> str:
        if {"{", "}"} & set(path.replace("{day}", "")):
            raise ValueError(
                f"found {path!r}; braces hold only {{day}}, which is written as 2024-10-01"
            )
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
        self._timezone, self._folder = config.timezone, folder

    def events(self, first: date, last: date) -> Batch:
        return self._read("events", first, last)

    def labels(self, first: date, last: date) -> Batch:
        return self._read("labels", first, last)

    def missing_days(self, table: TableName, first: date, last: date) -> dict[date, str]:
        files = self._tables[table]
        if "{day}" not in files.path or files.missing == "empty":
            return {}
        places = {day: files.path_of(day) for day in days_between(first, last)}
        return {day: path for day, path in places.items() if not (self._folder / path).exists()}

    def _read(self, name: TableName, first: date, last: date) -> Batch:
        table = self._tables[name]
        if missing := self.missing_days(name, first, last):
            raise MissingDayError(missing)
        days = days_between(first, last)
        if "{day}" in table.path:
            return self._read_days(table, days)
        path = self._folder / table.path
        if not path.is_file():
            raise SourceError(
                f"{path}: no such file (wanted for {span(first, last)}); "
                "put the file there, or correct `path` in the model's defs.yaml"
            )
        whole = _dated(path, table.day_column, self._timezone)
        mine = pc.is_in(whole.days, value_set=pa.array(days, pa.date32()))
        return Batch(
            (whole.filter(mine),),
            origins=dict.fromkeys(days, self._origin(path)),
            others=lambda stamps: [Look(whole)],
            note=odd_hours([whole.times], self._timezone),
        )

    def _read_days(self, table: FileTable, days: list[date]) -> Batch:
        parts, times = [], []
        misplaced: dict[date, Part] = {}
        origins: dict[date, Origin] = {}
        stamps: dict[date, str] = {}
        for day in days:
            path = self._folder / table.path_of(day)
            stamps[day] = _stamp(path)
            if table.missing == "empty" and not stamps[day]:
                continue
            part = self._of_day(table, day)
            origins[day] = self._origin(path)
            mine = pc.fill_null(pc.equal(part.days, pa.scalar(day, pa.date32())), False)
            parts.append(part.filter(mine))
            others = part.filter(pc.invert(mine))
            if others.rows.num_rows:
                misplaced[day] = others
            if table.day_column is not None:
                times.append(part.times)
        note = odd_hours(times, self._timezone)
        return Batch(tuple(parts), misplaced, origins, stamps, partial(self._looks, table), note)

    def _looks(self, table: FileTable, stamps: Mapping[date, str]) -> Iterator[Look]:
        """The rows of each day whose file has changed."""
        empty = pa.schema([("day", pa.date32()), ("time", pa.timestamp("us"))]).empty_table()
        nothing = Part(pa.table({}), empty["day"], empty["time"], "")
        for day, stamp in stamps.items():
            found = _stamp(self._folder / table.path_of(day))
            if found == stamp:
                continue
            try:
                part = self._of_day(table, day).of(day) if found else nothing
                yield Look(part, day, found)
            except SourceError as error:
                # It may still be written; the other days go on.
                yield Look(nothing, day, stamp="", problem=str(error))

    def _of_day(self, table: FileTable, day: date) -> Part:
        """The rows of the file of a day, with the day that each is of."""
        path = self._folder / table.path_of(day)
        return _dated(path, table.day_column, self._timezone, day)

    def _origin(self, path: Path) -> Origin:
        # As in the YAML, so that records do not depend on where the project lies.
        place = path.relative_to(self._folder) if path.is_relative_to(self._folder) else path
        return Origin(str(place), _digest(path, _stamp(path)))


def _stamp(path: Path) -> str:
    """Size and times of a file; empty without one."""
    try:
        state = path.stat()
    except OSError:
        return ""
    # The last one also changes when a file is given an older time.
    return f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}"


def _dated(path: Path, day_column: str | None, timezone: str, own: date | None = None) -> Part:
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


@lru_cache(maxsize=256)
def _digest(path: Path, stamp: str) -> str:
    """SHA-256 of a file; one that has not changed is read once a process."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
