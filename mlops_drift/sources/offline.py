"""The kinds of sources of a model without a service, by name; and those of other packages."""

from typing import Annotated

from pydantic import Discriminator, Tag

from mlops_drift.sources.base import SourceConfig
from mlops_drift.sources.other import OtherSource, kind_among
from mlops_drift.sources.separate import SINGLE, SeparateSource, Single

OFFLINE: dict[str, type[SourceConfig]] = {**SINGLE, "separate": SeparateSource}


class OtherOfflineSource(OtherSource):
    """A source of another package, with fields of its own."""

    shipped = OFFLINE


# The members of `OFFLINE`.
Offline = Single | Annotated[SeparateSource, Tag("separate")]
OfflineSource = Annotated[
    Offline | Annotated[OtherOfflineSource, Tag("other")], Discriminator(kind_among(OFFLINE))
]
