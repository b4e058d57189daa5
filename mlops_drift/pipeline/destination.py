"""Where the rows of a source land."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from mlops_drift.config.context import ModelContext
from mlops_drift.pipeline.living import FurtherColumn, LivingColumns, named
from mlops_drift.schema.columns import Column
from mlops_drift.sources.base import TableName
from mlops_drift.store.lake import Lake
from mlops_drift.store.tables import ModelTables, Table


@dataclass(frozen=True)
class Destination:
    """Where the events or the labels of a model land.

    Attributes:
        columns: those declared, without the key.
        further: others, which only versions know.
    """

    lake: Lake
    tables: ModelTables
    source: TableName
    key: str
    columns: Mapping[str, Column]
    start_date: date
    further: tuple[FurtherColumn, ...] = ()

    @classmethod
    def of(
        cls, model: ModelContext, source: TableName, living: LivingColumns | None = None
    ) -> "Destination":
        """Where one of the two lands; of events, with what versions need besides."""
        spec, store = model.spec, model.store
        labels = {spec.target.column: spec.target.labels}
        columns = spec.source_columns if source == "events" else labels
        further = tuple(living.of_source) if living and source == "events" else ()
        return cls(store.lake, store.tables, source, spec.key, columns, spec.start_date, further)

    @property
    def table(self) -> Table:
        """Where accepted rows land."""
        if self.source == "labels":
            return self.tables.labels
        return self.tables.events.with_columns(named(self.further))

    @property
    def names(self) -> list[str]:
        """The declared columns, the key first."""
        return [self.key, *self.columns]
