"""The kinds of sources by name."""

from typing import Annotated

from pydantic import Discriminator, Tag

from mlops_drift.sources import other
from mlops_drift.sources.base import SourceConfig
from mlops_drift.sources.offline import OFFLINE, Offline
from mlops_drift.sources.service import ServiceSource

SOURCES: dict[str, type[SourceConfig]] = {**OFFLINE, "service": ServiceSource}


class OtherSource(other.OtherSource):
    """A source of another package, with fields of its own."""

    shipped = SOURCES


Source = Annotated[
    Offline | Annotated[ServiceSource, Tag("service")] | Annotated[OtherSource, Tag("other")],
    Discriminator(other.kind_among(SOURCES)),
]
