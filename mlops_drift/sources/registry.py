"""The kinds of sources by name."""

from typing import Annotated

from pydantic import Discriminator, Tag

from mlops_drift.sources.base import SourceConfig
from mlops_drift.sources.delta import DeltaSource
from mlops_drift.sources.files import FilesSource
from mlops_drift.sources.offline import OFFLINE, OtherOfflineSource, kind_among
from mlops_drift.sources.service import ServiceSource
from mlops_drift.sources.simulated import SimulatorSource

SOURCES: dict[str, type[SourceConfig]] = {**OFFLINE, "service": ServiceSource}


class OtherSource(OtherOfflineSource):
    """A source of another package, with fields of its own."""

    shipped = SOURCES


Source = Annotated[
    Annotated[SimulatorSource, Tag("simulator")]
    | Annotated[FilesSource, Tag("files")]
    | Annotated[DeltaSource, Tag("delta")]
    | Annotated[ServiceSource, Tag("service")]
    | Annotated[OtherSource, Tag("other")],
    Discriminator(kind_among(SOURCES)),
]
