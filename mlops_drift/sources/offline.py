"""The kinds of sources of a model without a service, by name; and those of other packages."""

from typing import Annotated

from pydantic import Discriminator, Tag

from mlops_drift.sources.base import SourceConfig
from mlops_drift.sources.delta import DeltaSource
from mlops_drift.sources.files import FilesSource
from mlops_drift.sources.other import OtherSource, kind_among
from mlops_drift.sources.python import PythonSource
from mlops_drift.sources.separate import SeparateSource
from mlops_drift.sources.simulated import SimulatorSource
from mlops_drift.sources.sql import SqlSource

OFFLINE: dict[str, type[SourceConfig]] = {
    "simulator": SimulatorSource,
    "files": FilesSource,
    "delta": DeltaSource,
    "sql": SqlSource,
    "python": PythonSource,
    "separate": SeparateSource,
}


class OtherOfflineSource(OtherSource):
    """A source of another package, with fields of its own."""

    shipped = OFFLINE


OfflineSource = Annotated[
    Annotated[SimulatorSource, Tag("simulator")]
    | Annotated[FilesSource, Tag("files")]
    | Annotated[DeltaSource, Tag("delta")]
    | Annotated[SqlSource, Tag("sql")]
    | Annotated[PythonSource, Tag("python")]
    | Annotated[SeparateSource, Tag("separate")]
    | Annotated[OtherOfflineSource, Tag("other")],
    Discriminator(kind_among(OFFLINE)),
]
