"""The kinds of sources by name."""

from typing import Annotated

from pydantic import Discriminator, Tag

from mlops_drift.sources import other
from mlops_drift.sources.base import SourceConfig
from mlops_drift.sources.delta import DeltaSource
from mlops_drift.sources.files import FilesSource
from mlops_drift.sources.offline import OFFLINE
from mlops_drift.sources.python import PythonSource
from mlops_drift.sources.separate import SeparateSource
from mlops_drift.sources.service import ServiceSource
from mlops_drift.sources.simulated import SimulatorSource
from mlops_drift.sources.sql import SqlSource

SOURCES: dict[str, type[SourceConfig]] = {**OFFLINE, "service": ServiceSource}


class OtherSource(other.OtherSource):
    """A source of another package, with fields of its own."""

    shipped = SOURCES


Source = Annotated[
    Annotated[SimulatorSource, Tag("simulator")]
    | Annotated[FilesSource, Tag("files")]
    | Annotated[DeltaSource, Tag("delta")]
    | Annotated[SqlSource, Tag("sql")]
    | Annotated[PythonSource, Tag("python")]
    | Annotated[SeparateSource, Tag("separate")]
    | Annotated[ServiceSource, Tag("service")]
    | Annotated[OtherSource, Tag("other")],
    Discriminator(other.kind_among(SOURCES)),
]
