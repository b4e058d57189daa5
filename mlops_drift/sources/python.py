"""Events and labels from functions of the user's own."""

from datetime import date, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Annotated, Literal

import pyarrow as pa
from pydantic import AfterValidator, Field

from mlops_drift.own_code import own_code, require_there
from mlops_drift.plugins import IMPORT_PATH
from mlops_drift.schema.fields import Name
from mlops_drift.sources.base import Batch, Source, SourceConfig, SourceError
from mlops_drift.sources.dated_rows import RereadDays, batch_of, part_of
from mlops_drift.sources.dating import TimeZone


def _is_there(path: str) -> str:
    if not IMPORT_PATH.fullmatch(path):
        raise ValueError(f"found {path!r}; write package.module:function")
    require_there(path)
    return path


Function = Annotated[str, AfterValidator(_is_there)]


class PythonSource(SourceConfig):
    """Events and labels from functions `(first, last) -> pyarrow.Table`, of days inclusive."""

    kind: Literal["python"] = Field(description="python")
    events: Function = Field(
        description="Import path `package.module:function` of the function that gives events: one "
        "row an event, with key, day and feature columns."
    )
    labels: Function = Field(
        description="Import path of the function that gives labels: one row a label, with key, "
        "label and the day on which it became known."
    )
    day_column: Name = Field(
        "day", description="The date or timestamp column of both that gives a row's day."
    )
    timezone: TimeZone = "UTC"
    reread_days: RereadDays = 3

    @property
    def day_zone(self) -> str:
        return self.timezone

    def open(self, folder: Path) -> Source:
        return Python(self)


class Python(Source):
    """Calls a function for each range of days."""

    def __init__(self, config: PythonSource) -> None:
        self._config = config

    def events(self, first: date, last: date) -> Batch:
        return self._batch(self._config.events, first, last)

    def labels(self, first: date, last: date) -> Batch:
        return self._batch(self._config.labels, first, last)

    def _batch(self, path: str, first: date, last: date) -> Batch:
        config = self._config
        since = first - timedelta(days=config.reread_days)
        with own_code(path, "cannot be imported"):
            function = EntryPoint("", path, "").load()
        with own_code(path, f"failed for {since} to {last}"):
            rows = function(since, last)
        if not isinstance(rows, pa.Table):
            kind = f"{type(rows).__module__}.{type(rows).__qualname__}".removeprefix("builtins.")
            raise SourceError(
                f"{path} must give a pyarrow.Table, found {kind}; pyarrow.Table.from_pandas makes "
                "one of a data frame, pyarrow.Table.from_pylist of records"
            )
        part = part_of(rows, path, config.day_column, config.timezone)
        return batch_of(part, since, (first, last), path, config.timezone)
