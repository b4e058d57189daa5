"""Events and labels in Delta tables that others write."""

from collections.abc import Iterator, Mapping
from copy import copy
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Literal

import pyarrow.compute as pc
from pydantic import Field, field_validator

from mlops_drift.files.remote import check_url
from mlops_drift.schema.days import days_between, ranges
from mlops_drift.schema.fields import Name, Strict
from mlops_drift.sources.base import Batch, Look, Source, SourceConfig, SourceError, TableName
from mlops_drift.sources.dating import TimeZone, odd_hours
from mlops_drift.sources.delta_snapshot import DeltaSnapshot
from mlops_drift.variables import VariableError, filled, holds_secret, variables_in

# A network that is down is no reason to wait for long.
PATIENCE = {"connect_timeout": "5s", "timeout": "60s", "max_retries": "3", "retry_timeout": "30s"}
# So many days that have changed are in memory together.
_TOGETHER = 7


class DeltaAt(Strict):
    """A Delta table."""

    path: str = Field(
        min_length=1,
        description="Folder of the table, relative to that of the YAML file, or a URL `s3://`, "
        "`gs://`, `az://` or `abfs://`, whose credentials are those of the environment.",
    )
    day_column: Name = Field(
        description="The date or timestamp column that gives a row's day. Where the table is "
        "partitioned or ordered by it, a day opens few files."
    )

    @field_validator("path")
    @classmethod
    def _url_has_no_secret(cls, path: str) -> str:
        return check_url(path) if "://" in path else path


class DeltaSource(SourceConfig):
    """Events and labels in Delta tables; the version that is read is on record."""

    kind: Literal["delta"] = Field(description="delta")
    events: DeltaAt = Field(description="One row an event: key, day and feature columns.")
    labels: DeltaAt = Field(
        description="One row a label: key, label; its day is the day on which it became known."
    )
    timezone: TimeZone = "UTC"
    storage_options: dict[str, str] = Field(
        default_factory=dict,
        description="Options of the object store by the names that delta-rs has for them, where "
        "the environment does not say all, as `aws_region: eu-central-1`. A secret comes from "
        "the environment, as `aws_secret_access_key: ${SHOP_KEY}`; it is never shown or stored.",
    )

    @field_validator("storage_options")
    @classmethod
    def _secrets_are_elsewhere(cls, options: dict[str, str]) -> dict[str, str]:
        for name, value in options.items():
            if holds_secret(name, value) and not variables_in(value):
                raise ValueError(
                    f"{name} holds a secret, which does not belong in the file; write the name of "
                    "an environment variable in its place, as ${SHOP_KEY}"
                )
        return options

    @property
    def day_zone(self) -> str:
        return self.timezone

    def open(self, folder: Path) -> Source:
        return Delta(self, folder)


class Delta(Source):
    """Reads the newest version, and finds other days that have changed by its files."""

    def __init__(self, config: DeltaSource, folder: Path) -> None:
        self._tables: dict[TableName, DeltaAt] = {"events": config.events, "labels": config.labels}
        self._timezone, self._folder = config.timezone, folder
        self._options = config.storage_options
        self._versions: dict[TableName, int] = {}

    def events(self, first: date, last: date) -> Batch:
        return self._read("events", first, last)

    def labels(self, first: date, last: date) -> Batch:
        return self._read("labels", first, last)

    def as_recorded(self, places: Mapping[str, str | None]) -> Source:
        then = copy(self)
        then._versions = {}
        for name, table in self._tables.items():
            path, _, version = (places.get(name) or "").rpartition("@")
            if path == table.path:
                then._versions[name] = int(version)
        return then

    def _snapshot(self, name: TableName) -> DeltaSnapshot:
        """The version of a table that is to be read, by default the newest."""
        table = self._tables[name]
        is_url = "://" in table.path
        uri = table.path if is_url else str(self._folder / table.path)
        options = {**(PATIENCE if is_url else {}), **self._filled_options()}
        return DeltaSnapshot(
            table.path, uri, table.day_column, self._timezone, options, self._versions.get(name)
        )

    def _filled_options(self) -> dict[str, str]:
        found = {}
        for name, value in self._options.items():
            try:
                found[name] = filled(value)
            except VariableError as error:
                raise SourceError(f"source.storage_options.{name}: {error}") from None
        return found

    def _read(self, name: TableName, first: date, last: date) -> Batch:
        days, snapshot = days_between(first, last), self._snapshot(name)
        part = snapshot.rows(first, last)
        return Batch(
            (part,),
            origins=dict.fromkeys(days, snapshot.origin),
            stamps=snapshot.stamps(days),
            others=partial(self._looks, snapshot),
            note="; ".join(
                filter(None, [odd_hours([part.times], self._timezone), _lacking(snapshot)])
            ),
        )

    def _looks(self, snapshot: DeltaSnapshot, stamps: Mapping[date, str]) -> Iterator[Look]:
        """The rows of each day of which a file has come, gone or changed."""
        found = snapshot.stamps(stamps)
        for first, last in ranges([day for day in stamps if found[day] != stamps[day]]):
            while first <= last:
                until = min(last, first + timedelta(days=_TOGETHER - 1))
                rows = snapshot.rows(first, until)
                for day in days_between(first, until):
                    yield Look(rows.filter(pc.equal(rows.days, day)), day, found[day])
                first = until + timedelta(days=1)


def _lacking(snapshot: DeltaSnapshot) -> str:
    """A warning about rows that are of no day, and so are read on none."""
    count = snapshot.without_day
    if not count:
        return ""
    return (
        f"{count:,} rows without a day are left out"
        if count > 1
        else "1 row without a day is left out"
    )
