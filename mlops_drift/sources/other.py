"""A source of another package, named by its import path or its entry point."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from mlops_drift.plugins import load
from mlops_drift.sources.base import Source, SourceConfig


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
        return self.config.open(folder)


def kind_among(known: Collection[str]) -> Callable[[Any], str | None]:
    """Tells which class reads a section: its kind, or `other`; None without a kind."""

    def kind(section: Any) -> str | None:
        named = isinstance(section, Mapping)
        found = section.get("kind") if named else getattr(section, "kind", None)
        return found if found is None or found in known else "other"

    return kind
