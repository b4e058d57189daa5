"""A source of another package, named by its import path or its entry point."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from mlops_drift.own_code import own_code
from mlops_drift.plugins import load
from mlops_drift.schema.days import span
from mlops_drift.sources.base import Batch, Look, Source, SourceConfig, TableName


class OtherSource(SourceConfig):
    """A source of another package, with fields of its own.

    Attributes:
        shipped: the kinds that a wrong name is compared with.
    """

    model_config = ConfigDict(extra="allow")
    shipped: ClassVar[Mapping[str, type[SourceConfig]]]

    kind: str = Field(
        description="An import path `package.module:Name`, or an entry point of the group "
        "`mlops_drift.sources`."
    )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Not of a shipped kind: `dg check yaml` requires that a section fits one schema."""
        schema = handler(core_schema)
        kind = handler.resolve_ref_schema(schema)["properties"]["kind"]
        kind["not"] = {"enum": sorted(cls.shipped)}
        return schema

    @property
    def config(self) -> SourceConfig:
        """The section as its class reads it."""
        shipped = {name: f"{one.__module__}:{one.__name__}" for name, one in self.shipped.items()}
        own = load("sources", self.kind, shipped, SourceConfig)  # type: ignore[type-abstract]
        return own.model_validate(self.model_dump())

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        _ = self.config
        return self

    @property
    def day_zone(self) -> str:
        return self.config.day_zone

    def open(self, folder: Path) -> Source:
        with own_code(self.kind, "cannot be opened"):
            return Explained(self.config.open(folder), self.kind)


class Explained(Source):
    """A source of another package, whose errors are sentences with its name."""

    def __init__(self, inner: Source, name: str) -> None:
        self._inner, self._name = inner, name
        self.tables = inner.tables

    def events(self, first: date, last: date) -> Batch:
        return self._read("events", self._inner.events, first, last)

    def labels(self, first: date, last: date) -> Batch:
        return self._read("labels", self._inner.labels, first, last)

    def predictions(self, first: date, last: date) -> Batch:
        return self._read("predictions", self._inner.predictions, first, last)

    def as_recorded(self, places: Mapping[str, str | None]) -> Source:
        with own_code(self._name, "cannot be opened as it was"):
            return Explained(self._inner.as_recorded(places), self._name)

    def missing_days(self, table: TableName, first: date, last: date) -> dict[date, str]:
        with own_code(self._name, f"failed to look for {table} of {span(first, last)}"):
            return self._inner.missing_days(table, first, last)

    def _read(
        self, table: TableName, ask: Callable[[date, date], Batch], first: date, last: date
    ) -> Batch:
        with own_code(self._name, f"failed to give {table} of {span(first, last)}"):
            batch = ask(first, last)
        others = batch.others

        def looks(stamps: Mapping[date, str]) -> Iterator[Look]:
            with own_code(self._name, f"failed to give {table} of other days"):
                yield from others(stamps) if others else ()

        return replace(batch, others=looks if others else None)


def kind_among(known: Collection[str]) -> Callable[[Any], str | None]:
    """Tells which class reads a section: its kind, or `other`; None without a kind."""

    def kind(section: Any) -> str | None:
        named = isinstance(section, Mapping)
        found = section.get("kind") if named else getattr(section, "kind", None)
        return found if found is None or found in known else "other"

    return kind
