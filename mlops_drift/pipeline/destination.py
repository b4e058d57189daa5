"""Where the rows of a source land."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.pipeline.living import FurtherColumn, LivingColumns, kept_since, named
from mlops_drift.policy.situation import NO_DAY_YET
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
    """Where a table of a model's source lands.

    Attributes:
        columns: those declared, without the key.
        further: others, which only versions know.
        since: the first day on which a column is kept, of those that came later than others.
    """

    lake: Lake
    tables: ModelTables
    table: Table
    source: TableName
    key: str
    columns: Mapping[str, Column]
    start_date: date
    further: tuple[FurtherColumn, ...] = ()
    since: Mapping[str, date] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        model: ModelContext,
        source: TableName,
        living: LivingColumns | None = None,
        first: date = NO_DAY_YET,
    ) -> "Destination":
        """Where one of them lands, from a day on; for events, what versions need is given."""
        spec, tables = model.spec, model.store.tables
        columns: Mapping[str, Column]
        further: tuple[FurtherColumn, ...] = ()
        match source:
            case "events":
                further = tuple(living.of_source) if living else ()
                table, columns = tables.events.with_columns(named(further)), spec.source_columns
            case "labels":
                table, columns = tables.labels, {spec.target.column: spec.target.labels}
            case "predictions":
                table, columns = tables.landed_predictions, prediction_columns(spec)
        named_so = source, spec.key, columns, spec.start_date
        since = kept_since(model, first) if living else {}
        return cls(model.store.lake, tables, table, *named_so, further, since)

    @property
    def names(self) -> list[str]:
        """The declared columns, the key first."""
        return [self.key, *self.columns]
