"""What the assets of a model share: keys, partitions, descriptions of tables, metadata."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import dagster as dg
import pyarrow as pa
from dagster._core.definitions.metadata import RawMetadataValue

from mlops_drift import links, settings
from mlops_drift.checks import keys
from mlops_drift.checks.report import verdict_table
from mlops_drift.config.spec import ModelSpec, digest
from mlops_drift.errors import UserError
from mlops_drift.monitors.base import Asset
from mlops_drift.monitors.registry import own_checks
from mlops_drift.registry.base import VersionRegistry
from mlops_drift.registry.code_digests import code_digest, own_code_digest
from mlops_drift.sources.service import ServiceSource
from mlops_drift.store.tables import Table

Metadata = dict[str, RawMetadataValue]
# What an asset makes; what it yields is stored before it goes on.
Made = dg.MaterializeResult | Iterator[dg.MaterializeResult]

# A column of the user's whose meaning nobody has written down.
NOT_DESCRIBED = "Not described in defs.yaml."

SERVED = "served"
EVENTS: Asset = "events"
LABELS: Asset = "labels"
FEATURES = "features"
PREDICTIONS: Asset = "predictions"
PRODUCTION_PREDICTIONS = "production_predictions"
DRIFT_METRICS: Asset = "drift_metrics"
PERFORMANCE_METRICS: Asset = "performance_metrics"
SERVING_METRICS: Asset = "serving_metrics"
TRAINING_SET = "training_set"
CHALLENGER = "challenger"
TEST_PREDICTIONS = "test_predictions"
CHAMPION = "champion"
REPORT = "report"

DAILY_ASSETS = (
    *(EVENTS, LABELS, FEATURES, PRODUCTION_PREDICTIONS),
    *(DRIFT_METRICS, PERFORMANCE_METRICS),
)
# Of these the numbers and decisions count, not the columns.
FACTS_FIRST = (DRIFT_METRICS, PERFORMANCE_METRICS, SERVING_METRICS, CHAMPION)
RETRAINING_ASSETS = (TRAINING_SET, CHALLENGER, TEST_PREDICTIONS, CHAMPION)

# Tags of a run: which model, which day, why, and which decision it carries out.
MODEL_TAG = "mlops_drift/model"
DAY_TAG = "mlops_drift/day"
REASON_TAG = "mlops_drift/reason"
DECISION_TAG = "mlops_drift/decision"
# What became of a run that Dagster does not tell: failed checks, a rejection, a promotion.
OUTCOME_TAG = "mlops_drift/outcome"
# On runs of the command line, which a person watches: whether to try again is up to them.
HISTORICAL_RUN_TAG = "mlops_drift/historical_run"


def daily_assets(spec: ModelSpec) -> tuple[str, ...]:
    """The assets with days: with a service, its log comes first, and is judged last.

    Predictions that are made elsewhere land as labels do.
    """
    if isinstance(spec.source, ServiceSource):
        return (SERVED, *DAILY_ASSETS, SERVING_METRICS)
    if spec.external:
        measured = (PRODUCTION_PREDICTIONS, DRIFT_METRICS, PERFORMANCE_METRICS)
        return (EVENTS, LABELS, PREDICTIONS, FEATURES, *measured)
    return DAILY_ASSETS


def asset_key(spec: ModelSpec, asset: str) -> dg.AssetKey:
    """The key of one of a model's assets."""
    return dg.AssetKey([spec.name, asset])


def version_link(
    spec: ModelSpec, registry: VersionRegistry, version: int
) -> dict[str, dg.MetadataValue]:
    """Metadata that leads to a version's page; empty where the registry has none."""
    if spec.external:
        return {}
    page = registry.version_page(spec.name, version, settings.mlflow_ui())
    return {keys.MLFLOW_VERSION: dg.MetadataValue.url(page)} if page else {}


def report_link(spec: ModelSpec, day: date | None = None) -> dict[str, dg.MetadataValue]:
    """Metadata that leads to the report of a model, or to a day of it."""
    return {keys.REPORT: dg.MetadataValue.url(links.report_link(spec.name, day))}


def partitions(spec: ModelSpec) -> dg.DailyPartitionsDefinition:
    """The days of a model, in its time zone."""
    end = spec.end_date
    return dg.DailyPartitionsDefinition(
        start_date=spec.start_date.isoformat(),
        end_date=(end + timedelta(days=1)).isoformat() if end else None,
        timezone=spec.timezone,
    )


def days_of(context: dg.AssetExecutionContext) -> tuple[date, date]:
    """The first and the last day of a run, which may hold a range of partitions."""
    days = [date.fromisoformat(key) for key in context.partition_keys]
    return min(days), max(days)


def model_asset(
    spec: ModelSpec,
    asset: str,
    description: str,
    *,
    kinds: Collection[str] = ("deltalake", "duckdb"),
    code: Sequence[str],
    table: Table | None = None,
    upstream: Sequence[str] = (),
    lands: bool = False,
    **further: Any,
) -> Callable[[Callable[..., Made]], dg.AssetsDefinition]:
    """The decorator of one of a model's assets, with the table that it writes.

    Its code version is that of `code`, parts of the package, besides what all assets rest on. One
    that lands what comes from the source rests on `deps`, too.
    """
    if table is not None:
        facts_first = asset in FACTS_FIRST
        further["metadata"] = table_metadata(spec, table, facts_first=facts_first)
    if asset in daily_assets(spec):
        further["partitions_def"] = partitions(spec)
        further["backfill_policy"] = dg.BackfillPolicy.single_run()
    return dg.asset(
        key=asset_key(spec, asset),
        group_name=spec.name,
        description=description,
        kinds=set(kinds),
        code_version=_code_version(spec, code),
        deps=[
            *(asset_key(spec, name) for name in upstream),
            *(dg.AssetKey(key) for key in spec.deps if lands),
        ],
        tags={MODEL_TAG: spec.name},
        owners=spec.owners,
        **further,
    )


def _code_version(spec: ModelSpec, code: Sequence[str]) -> str:
    shipped = code_digest("pipeline", "lifecycle", "store", *code)
    own = spec.training.own_paths if {"learning", "monitors"} & {*code} else ()
    own += spec.gates.own_paths if "learning" in code else ()
    own += own_checks(spec.monitors) if "monitors" in code else ()
    return (digest([shipped, own_code_digest(own)]) if own else shipped)[:16]


def table_metadata(spec: ModelSpec, table: Table, *, facts_first: bool = False) -> Metadata:
    """The name and the columns of a table.

    Dagster's page of an asset begins with its columns. With `facts_first` they are a table below
    what was found, which is what one looks for there.
    """
    columns = column_schema(spec, table.schema, table.about)
    if not facts_first:
        return {"dagster/table_name": table.name, "dagster/column_schema": columns}
    rows = [{"column": c.name, "type": c.type, "meaning": c.description} for c in columns.columns]
    return {"dagster/table_name": table.name, keys.table_key("columns"): verdict_table(rows)}


def column_schema(spec: ModelSpec, schema: pa.Schema, about: Mapping[str, str]) -> dg.TableSchema:
    """A table's columns as Dagster shows them; `about` describes those that the YAML does not."""
    columns = {**spec.inputs, **spec.columns}
    given = {name: column.description or NOT_DESCRIBED for name, column in columns.items()}
    described = {
        spec.key: "Identifies the event, and its label.",
        spec.target.column: "The label: what was true of the event.",
        **given,
        **about,
    }
    return dg.TableSchema(
        [
            dg.TableColumn(
                field.name,
                str(field.type),
                described.get(field.name),
                dg.TableColumnConstraints(nullable=field.nullable),
            )
            for field in schema
        ]
    )


def row_count(rows: int) -> Metadata:
    """The metadata that Dagster plots as rows of a partition or of a whole asset."""
    return {"dagster/row_count": rows}


@contextmanager
def user_errors() -> Iterator[None]:
    """What a user can repair fails the run with its message, without a traceback."""
    try:
        yield
    except UserError as error:
        raise dg.Failure(str(error)) from error
