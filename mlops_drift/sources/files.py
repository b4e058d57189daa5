"""Events and labels from CSV, Parquet and JSON files."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from typing import Literal, Self
from zoneinfo import available_timezones

import duckdb
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
from mlops_drift.sql import literal

# DuckDB also accepts `epoch`, `infinity` and others as a day.
DAY_AS_TEXT = r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T].*)?"

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

    @field_validator("path")
    @classmethod
    def _braces_hold_the_day(cls, path: str) -> str:
        rest = path.replace("{day}", "")
        if "{" in rest or "}" in rest:
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
    timezone: str = Field(
        "UTC",
        description="Where a day begins and ends, such as Europe/Berlin. A time without an offset "
        "is local time there; `event_time` is kept in UTC.",
    )

    @field_validator("timezone")
    @classmethod
    def _timezone_is_known(cls, timezone: str) -> str:
        # The first depends on the machine, and the second is no time zone.
        if timezone not in available_timezones() - {"localtime", "Factory"}:
            raise ValueError(f"found {timezone!r}; use a name such as Europe/Berlin or UTC")
        return timezone

    @property
    def day_zone(self) -> str:
        """The time zone whose midnights divide the days."""
        return self.timezone

    def open(self, folder: Path) -> Source:
        """Reads the files; relative paths start in a folder."""
        return Files(self, folder)


class Files(Source):
    """Reads one file for all days, or one file a day."""

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
        places = {
            day: table.path.replace("{day}", day.isoformat()) for day in days_between(first, last)
        }
        return {day: path for day, path in places.items() if not (self._folder / path).exists()}

    def _read(self, table: FileTable, first: date, last: date) -> Batch:
        missing = self._missing(table, first, last)
        if missing:
            raise MissingDayError(missing)
        days = days_between(first, last)
        if "{day}" in table.path:
            return self._read_days(table, days)
        path = self._folder / table.path
        _require_file(path, span(first, last))
        whole = _dated(path, table.day_column, self._config.timezone)
        origin = Origin(self._place(path), _digest(path))
        mine = pc.is_in(whole.days, value_set=pa.array(days, pa.date32()))
        return Batch(
            (whole.filter(mine),),
            origins=dict.fromkeys(days, origin),
            others=_WholeFile(whole),
            note=_note([whole.times], self._config.timezone),
        )

    def _read_days(self, table: FileTable, days: list[date]) -> Batch:
        parts: list[Part] = []
        misplaced: dict[date, Part] = {}
        origins: dict[date, Origin] = {}
        stamps: dict[date, str] = {}
        times = []
        for day in days:
            path = self._path(table, day)
            stamps[day] = _stamp(path)
            if table.missing == "empty" and not stamps[day]:
                continue
            _require_file(path, str(day))
            part = self._of_day(table, day)
            origins[day] = Origin(self._place(path), _digest(path))
            mine = pc.fill_null(pc.equal(part.days, pa.scalar(day, pa.date32())), False)
            parts.append(part.filter(mine))
            others = part.filter(pc.invert(mine))
            if others.rows.num_rows:
                misplaced[day] = others
            if table.day_column is not None:
                times.append(part.times)
        others_days = _DayFiles(partial(self._path, table), partial(self._of_day, table))
        note = _note(times, self._config.timezone)
        return Batch(tuple(parts), misplaced, origins, stamps, others_days, note)

    def _path(self, table: FileTable, day: date) -> Path:
        return self._folder / table.path.replace("{day}", day.isoformat())

    def _of_day(self, table: FileTable, day: date) -> Part:
        """The rows of the file of a day, with the day that each is of."""
        return _dated(self._path(table, day), table.day_column, self._config.timezone, day)

    def _place(self, path: Path) -> str:
        # As in the YAML, so that records do not depend on where the project lies.
        return str(path.relative_to(self._folder) if path.is_relative_to(self._folder) else path)


@dataclass(frozen=True)
class _WholeFile:
    """A file for all days."""

    part: Part

    def looks(self, stamps: Mapping[date, str]) -> Iterator[Look]:
        yield Look(self.part)


@dataclass(frozen=True)
class _DayFiles:
    """Files of one day each; those with a changed stamp are read."""

    path: Callable[[date], Path]
    read: Callable[[date], Part]

    def looks(self, stamps: Mapping[date, str]) -> Iterator[Look]:
        for day, stamp in stamps.items():
            found = _stamp(self.path(day))
            if found != stamp:
                yield self._look(day, found)

    def _look(self, day: date, stamp: str) -> Look:
        nothing = Part(pa.table({}), _no(pa.date32()), _no(pa.timestamp("us")), "")
        if not stamp:
            return Look(nothing, day, stamp)
        try:
            return Look(self.read(day).of(day), day, stamp)
        except SourceError as error:
            # It may still be written; the other days go on.
            return Look(nothing, day, stamp="", problem=str(error))


def _no(kind: pa.DataType) -> pa.ChunkedArray:
    return pa.chunked_array([], kind)


def _stamp(path: Path) -> str:
    """Size and times of a file; empty without one."""
    try:
        state = path.stat()
    except OSError:
        return ""
    # The last one also changes when a file is given an older time.
    return f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}"


def _require_file(path: Path, days: str) -> None:
    if not path.is_file():
        raise SourceError(
            f"{path}: no such file (wanted for {days}); "
            "put the file there, or correct `path` in the model's defs.yaml"
        )


def _dated(
    path: Path, day_column: str | None, timezone: str, named_day: date | None = None
) -> Part:
    """The rows of a file, each with its day; a file of one day without a day column has its own."""
    try:
        rows = open_file(path).read()
    except TableError as error:
        raise SourceError(str(error)) from error
    sparse = ending(path) in JSON_ENDINGS and (named_day is not None or not rows.num_rows)
    if day_column is None or (day_column not in rows.column_names and not rows.num_rows and sparse):
        days = pa.chunked_array([pa.array([named_day] * rows.num_rows, pa.date32())])
        times = days.cast(pa.timestamp("us"))
        return Part(rows, days, times, str(path), day_column, sparse)
    if day_column not in rows.column_names:
        problem = f"{path}: the day column {day_column!r} is missing"
        hint = "name one of these as `day_column`"
        raise SourceError(with_near_names(problem, [day_column], rows.column_names, hint))
    days, times = _moments(path, day_column, rows[day_column], timezone)
    return Part(rows, days, times, str(path), day_column, sparse)


def _moments(
    path: Path, name: str, column: pa.ChunkedArray, timezone: str
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """The day in a time zone and the moment in UTC of each value; null where it is none.

    A value with an offset or a zone is that moment, one without is local time.
    """
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"SET TimeZone = {literal(timezone)}")
        connection.register("dated", pa.table({"c": column}))
        [(kind,)] = connection.execute("SELECT typeof(any_value(c)) FROM dated").fetchall()
        moment = "TRY_CAST(c AS TIMESTAMPTZ)"
        if kind.startswith(("VARCHAR", "ENUM")):
            text = "trim(CAST(c AS VARCHAR))"
            is_day = f"regexp_full_match({text}, {literal(DAY_AS_TEXT)})"
            moment = f"CASE WHEN {is_day} THEN TRY_CAST({text} AS TIMESTAMPTZ) END"
        elif not kind.startswith(("DATE", "TIMESTAMP", '"NULL"')):
            raise SourceError(
                f"{path}: the day column {name!r} holds {kind}; it should hold dates, timestamps "
                "or texts such as 2024-10-01"
            )
        first, last = f"DATE '{date.min}'", f"DATE '{date.max}'"
        found = connection.sql(
            f"""
            SELECT CASE WHEN is_day THEN day END AS day, CASE WHEN is_day THEN time END AS time
            FROM (SELECT *, day BETWEEN {first} AND {last}
                        AND CAST(time AS DATE) BETWEEN {first} AND {last} AS is_day
                  FROM (SELECT CAST(m AS DATE) AS day,
                            CAST(m AT TIME ZONE 'UTC' AS TIMESTAMP) AS time
                        FROM (SELECT CASE WHEN isfinite(m) THEN m END AS m
                              FROM (SELECT {moment} AS m FROM dated))))
            """
        ).to_arrow_table()
    return found["day"], found["time"].cast(pa.timestamp("us"))


def _note(times: list[pa.ChunkedArray], timezone: str) -> str:
    """A warning where all times lie at one hour that is not midnight; empty otherwise.

    Dates that were written as moments of another zone look like this; with summer time they lie at
    two hours.
    """
    chunks = [chunk for column in times for chunk in column.chunks]
    moments = pa.chunked_array(chunks, pa.timestamp("us")).drop_null()
    if len(moments) < 2:
        return ""
    local = pc.local_timestamp(
        pc.assume_timezone(moments, "UTC").cast(pa.timestamp("us", timezone))
    )
    within = pc.subtract(
        local.cast(pa.int64()), pc.floor_temporal(local, unit="hour").cast(pa.int64())
    )
    hours = sorted(pc.unique(pc.hour(local)).to_pylist())
    if 0 in hours or len(hours) > 2 or hours[-1] - hours[0] > 1 or pc.max(within).as_py():
        return ""
    listed = " or ".join(f"{hour:02}:00" for hour in hours)
    return (
        f"all times lie at {listed} {timezone}: if these are midnights of another time zone, name "
        "it as `source.timezone`, such as Europe/Berlin; it decides which day a row is of"
    )


def _digest(path: Path) -> str:
    """SHA-256 of a file; one that has not changed is read once a process."""
    state = path.stat()
    return _digest_of(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=256)
def _digest_of(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
