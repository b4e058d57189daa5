"""Where the rows of a source land."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from mlops_drift.config.context import ModelContext
from mlops_drift.schema.columns import Column
from mlops_drift.sources.base import TableName
from mlops_drift.store.lake import Lake
from mlops_drift.store.tables import ModelTables, Table


@dataclass(frozen=True)
class Destination:
    """Where the events or the labels of a model land; the declared columns are without the key."""

    lake: Lake
    tables: ModelTables
    source: TableName
    key: str
    columns: Mapping[str, Column]
    start_date: date

    @classmethod
    def of(cls, model: ModelContext, source: TableName) -> "Destination":
        """Where one of the two lands."""
        spec, store = model.spec, model.store
        labels = {spec.target.column: spec.target.labels}
        columns = spec.source_columns if source == "events" else labels
        return cls(store.lake, store.tables, source, spec.key, columns, spec.start_date)

    @property
    def table(self) -> Table:
        """Where accepted rows land."""
        return self.tables.events if self.source == "events" else self.tables.labels

    @property
    def names(self) -> list[str]:
        """The declared columns, the key first."""
        return [self.key, *self.columns]
