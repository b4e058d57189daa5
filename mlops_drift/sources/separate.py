"""Events from one source and labels from another."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from mlops_drift.sources.base import Batch, Source, SourceConfig, TableName
from mlops_drift.sources.delta import DeltaSource
from mlops_drift.sources.files import FilesSource
from mlops_drift.sources.other import OtherSource, kind_among
from mlops_drift.sources.python import PythonSource
from mlops_drift.sources.simulated import SimulatorSource
from mlops_drift.sources.sql import SqlSource

SINGLE: dict[str, type[SourceConfig]] = {
    "simulator": SimulatorSource,
    "files": FilesSource,
    "delta": DeltaSource,
    "sql": SqlSource,
    "python": PythonSource,
}


class OtherSingleSource(OtherSource):
    """A source of another package, with fields of its own."""

    shipped = SINGLE


def _with_both_tables(section: Any) -> Any:
    """A section that describes one of two tables; what stands for the other is not read."""
    if isinstance(section, Mapping) and ("events" in section) != ("labels" in section):
        table = section.get("events", section.get("labels"))
        return {**section, "events": table, "labels": table}
    return section


# The members of `SINGLE`.
Single = (
    Annotated[SimulatorSource, Tag("simulator")]
    | Annotated[FilesSource, Tag("files")]
    | Annotated[DeltaSource, Tag("delta")]
    | Annotated[SqlSource, Tag("sql")]
    | Annotated[PythonSource, Tag("python")]
)
SingleSource = Annotated[
    Single | Annotated[OtherSingleSource, Tag("other")],
    Discriminator(kind_among(SINGLE)),
    BeforeValidator(_with_both_tables),
]


class SeparateSource(SourceConfig):
    """Events from one source, labels from another."""

    kind: Literal["separate"] = Field(description="separate")
    events: SingleSource = Field(
        description="A source, of which events are read; it needs no `labels`."
    )
    labels: SingleSource = Field(
        description="A source, of which labels are read; it needs no `events`. Its time zone is "
        "that of the events."
    )

    @model_validator(mode="after")
    def _have_one_time_zone(self) -> Self:
        events, labels = self.events.day_zone, self.labels.day_zone
        if events != labels:
            raise ValueError(
                f"events have the time zone {events} and labels {labels}; a day begins for both "
                "at one moment: write the same `timezone` in both"
            )
        return self

    @property
    def day_zone(self) -> str:
        return self.events.day_zone

    def open(self, folder: Path) -> Source:
        return Separate(self.events.open(folder), self.labels.open(folder))


class Separate(Source):
    """Asks one source for events and another for labels."""

    def __init__(self, events: Source, labels: Source) -> None:
        self._events, self._labels = events, labels

    def events(self, first: date, last: date) -> Batch:
        return self._events.events(first, last)

    def labels(self, first: date, last: date) -> Batch:
        return self._labels.labels(first, last)

    def as_recorded(self, places: Mapping[str, str | None]) -> Source:
        return Separate(self._events.as_recorded(places), self._labels.as_recorded(places))

    def missing_days(self, table: TableName, first: date, last: date) -> dict[date, str]:
        source = self._events if table == "events" else self._labels
        return source.missing_days(table, first, last)
