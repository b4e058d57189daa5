"""The kinds of sources of a model without a service, by name; and those of other packages."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator

from mlops_drift.plugins import load
from mlops_drift.sources import base
from mlops_drift.sources.base import SourceConfig
from mlops_drift.sources.delta import DeltaSource
from mlops_drift.sources.files import FilesSource
from mlops_drift.sources.simulated import SimulatorSource

OFFLINE: dict[str, type[SourceConfig]] = {
    "simulator": SimulatorSource,
    "files": FilesSource,
    "delta": DeltaSource,
}


class OtherOfflineSource(SourceConfig):
    """A source of another package, with fields of its own.

    Attributes:
        shipped: the kinds that a wrong name is compared with.
    """

    model_config = ConfigDict(extra="allow")
    shipped: ClassVar[Mapping[str, type[SourceConfig]]] = OFFLINE

    kind: str = Field(
        description="An import path `package.module:Name`, or an entry point of the group "
        "`mlops_drift.sources`."
    )

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

    def open(self, folder: Path) -> base.Source:
        return self.config.open(folder)


def kind_among(known: Collection[str]) -> Callable[[Any], str | None]:
    """Tells which class reads a section: its kind, or `other`; None without a kind."""

    def kind(section: Any) -> str | None:
        named = isinstance(section, Mapping)
        found = section.get("kind") if named else getattr(section, "kind", None)
        return found if found is None or found in known else "other"

    return kind


OfflineSource = Annotated[
    Annotated[SimulatorSource, Tag("simulator")]
    | Annotated[FilesSource, Tag("files")]
    | Annotated[DeltaSource, Tag("delta")]
    | Annotated[OtherOfflineSource, Tag("other")],
    Discriminator(kind_among(OFFLINE)),
]
