"""Events that a service has answered, and all else from another source."""

from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field

from mlops_drift.sources.base import Batch, Source, SourceConfig, SourceError, TableName
from mlops_drift.sources.offline import OfflineSource


class ServiceSource(SourceConfig):
    """Events of a service from a day on; events before it, and all labels, from another source."""

    kind: Literal["service"] = Field(description="service")
    since: date = Field(
        description="The first day whose events are those that `mlops-drift serve` has answered. "
        "What it has answered of earlier days is kept, and lands nowhere."
    )
    offline: OfflineSource = Field(
        description="Where the events of earlier days and all labels come from, as a source of a "
        "model without a service; its time zone divides the days of the service too."
    )

    @property
    def day_zone(self) -> str:
        return self.offline.day_zone

    def open(self, folder: Path) -> Source:
        return Service(self.since, self.offline.open(folder))


class Service(Source):
    """What a service has besides its answers, which are in the lake: `ServedEvents` reads them."""

    def __init__(self, since: date, offline: Source) -> None:
        self.since, self.offline = since, offline

    def events(self, first: date, last: date) -> Batch:
        """The events of days before the service."""
        if last >= self.since:
            raise SourceError(f"events from {self.since} on are those of the service, in the lake")
        return self.offline.events(first, last)

    def labels(self, first: date, last: date) -> Batch:
        return self.offline.labels(first, last)

    def missing_days(self, table: TableName, first: date, last: date) -> dict[date, str]:
        if table == "events":
            last = min(last, self.since - timedelta(days=1))
        return self.offline.missing_days(table, first, last) if first <= last else {}
