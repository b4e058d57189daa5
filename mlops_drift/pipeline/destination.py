"""Where the rows of a source land."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.schema.columns import Column
from mlops_drift.sources.base import TableName
from mlops_drift.store.lake import Lake
from mlops_drift.store.tables import ModelTables, Table


def prediction_columns(spec: ModelSpec) -> Mapping[str, Column]:
    """What the columns of predictions that are made elsewhere must be like."""
    if spec.external is None:
        raise TypeError(f"the predictions of {spec.name} are made here")
    return spec.external.checked(spec.target)


@dataclass(frozen=True)
class Destination:
    """Where a table of a model's source lands; the declared columns are without the key."""

    lake: Lake
    tables: ModelTables
    table: Table
    source: TableName
    key: str
    columns: Mapping[str, Column]
    start_date: date

    @classmethod
    def of(cls, model: ModelContext, source: TableName) -> "Destination":
        """Where one of them lands."""
        spec, tables = model.spec, model.store.tables
        columns: Mapping[str, Column]
        match source:
            case "events":
                table, columns = tables.events, spec.source_columns
            case "labels":
                table, columns = tables.labels, {spec.target.column: spec.target.labels}
            case "predictions":
                table, columns = tables.landed_predictions, prediction_columns(spec)
        return cls(model.store.lake, tables, table, source, spec.key, columns, spec.start_date)

    @property
    def names(self) -> list[str]:
        """The declared columns, the key first."""
        return [self.key, *self.columns]
