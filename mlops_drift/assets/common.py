"""What the assets of a model share: keys, partitions, descriptions of tables, metadata."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

from mlops_drift import settings
from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError
from mlops_drift.monitors.base import Asset
from mlops_drift.registry.base import VersionRegistry
from mlops_drift.registry.code_digests import code_digest
from mlops_drift.store.tables import Table

EVENTS: Asset = "events"
LABELS: Asset = "labels"
FEATURES = "features"
PRODUCTION_PREDICTIONS = "production_predictions"
DRIFT_METRICS: Asset = "drift_metrics"
PERFORMANCE_METRICS: Asset = "performance_metrics"
TRAINING_SET = "training_set"
CHALLENGER = "challenger"
TEST_PREDICTIONS = "test_predictions"
CHAMPION = "champion"

DAILY_ASSETS = (
    EVENTS,
    LABELS,
    FEATURES,
    PRODUCTION_PREDICTIONS,
    DRIFT_METRICS,
    PERFORMANCE_METRICS,
)
RETRAINING_ASSETS = (TRAINING_SET, CHALLENGER, TEST_PREDICTIONS, CHAMPION)

# Tags of a run: which model, which day, why, and which decision it carries out.
MODEL_TAG = "mlops_drift/model"
DAY_TAG = "mlops_drift/day"
REASON_TAG = "mlops_drift/reason"
DECISION_TAG = "mlops_drift/decision"
# On runs of the command line, which a person watches: whether to try again is up to them.
HISTORICAL_RUN_TAG = "mlops_drift/historical_run"


def asset_key(spec: ModelSpec, asset: str) -> dg.AssetKey:
    """The key of one of a model's assets."""
    return dg.AssetKey([spec.name, asset])


def version_link(spec: ModelSpec, registry: VersionRegistry, version: int) -> dict[str, Any]:
    """Metadata that leads to a version's page; empty where the registry has none."""
    page = registry.version_page(spec.name, version, settings.mlflow_ui())
    return {"mlflow version": dg.MetadataValue.url(page)} if page else {}


def partitions(spec: ModelSpec) -> dg.DailyPartitionsDefinition:
    """The days of a model, in its time zone."""
    end = spec.end_date
    return dg.DailyPartitionsDefinition(
        start_date=spec.start_date.isoformat(),
        end_date=date.fromordinal(end.toordinal() + 1).isoformat() if end else None,
        timezone=spec.timezone,
    )


def days_of(context: dg.AssetExecutionContext) -> tuple[date, date]:
    """The first and the last day of a run, which may hold a range of partitions."""
    days = sorted(context.partition_keys)
    return date.fromisoformat(days[0]), date.fromisoformat(days[-1])


def asset_options(
    spec: ModelSpec,
    asset: str,
    *,
    description: str,
    kinds: set[str],
    code: Sequence[str],
    table: Table | None = None,
    daily: bool = False,
    upstream: Sequence[str] = (),
) -> dict[str, Any]:
    """The keyword arguments that every asset decorator gets.

    Args:
        spec: the model.
        asset: name of the asset.
        description: what it is, in Markdown.
        kinds: the technologies shown on its node.
        code: the parts of the package whose sources are its code version.
        table: the table it writes.
        daily: whether it has a partition a day.
        upstream: assets that it depends on.
    """
    metadata: dict[str, Any] = {}
    if table is not None:
        metadata["dagster/column_schema"] = column_schema(spec, table.schema)
        metadata["dagster/table_name"] = table.name
    options: dict[str, Any] = {
        "key": asset_key(spec, asset),
        "group_name": spec.name,
        "description": description,
        "kinds": kinds,
        "code_version": code_digest("pipeline", "lifecycle", "store", *code)[:16],
        "metadata": metadata,
        "deps": [asset_key(spec, name) for name in upstream],
        "tags": {MODEL_TAG: spec.name},
    }
    if daily:
        options["partitions_def"] = partitions(spec)
        options["backfill_policy"] = dg.BackfillPolicy.single_run()
    return options


def column_schema(spec: ModelSpec, schema: pa.Schema) -> dg.TableSchema:
    """A table's columns as Dagster shows them."""
    columns = {**spec.inputs, **spec.columns}
    described = {name: column.description for name, column in columns.items()}
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=field.name,
                type=str(field.type),
                description=described.get(field.name) or None,
                constraints=dg.TableColumnConstraints(nullable=field.nullable),
            )
            for field in schema
        ]
    )


def row_count(rows: int) -> dict[str, Any]:
    """The metadata that Dagster plots as rows of a partition or of a whole asset."""
    return {"dagster/row_count": rows}


def counts_table(counts: Mapping[str, int], name: str) -> dg.TableMetadataValue:
    """Counts by reason, as a table."""
    return dg.MetadataValue.table(
        [dg.TableRecord({name: reason, "rows": n}) for reason, n in counts.items()],
        schema=dg.TableSchema(
            columns=[dg.TableColumn(name, "string"), dg.TableColumn("rows", "int")]
        ),
    )


@contextmanager
def user_errors() -> Iterator[None]:
    """What a user can repair fails the run with its message, without a traceback."""
    try:
        yield
    except UserError as error:
        raise dg.Failure(str(error)) from error


def set_folder(folder: Path) -> dg.PathMetadataValue:
    """A folder as metadata."""
    return dg.MetadataValue.path(str(folder))
