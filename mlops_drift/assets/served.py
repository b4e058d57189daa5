"""The assets `served` and `serving_metrics`: the log of a service, and what is found in it."""

import time
from collections.abc import Iterator

import dagster as dg

from mlops_drift import settings
from mlops_drift.assets.common import (
    FEATURES,
    PRODUCTION_PREDICTIONS,
    SERVED,
    SERVING_METRICS,
    asset_key,
    days_of,
    model_asset,
    report_link,
    row_count,
    user_errors,
)
from mlops_drift.assets.judged import judged
from mlops_drift.checks.monitors import monitor_specs
from mlops_drift.config.spec import ModelSpec
from mlops_drift.pipeline.monitoring import measure_serving
from mlops_drift.registry.registry import Registry
from mlops_drift.resources import LakeResource
from mlops_drift.serving.log.segments import LOG, unshipped
from mlops_drift.sources.service import ServiceSource
from mlops_drift.store.lake import Scan


def served_assets(spec: ModelSpec) -> list[dg.AssetsDefinition]:
    """Builds the two assets; none for a model without a service."""
    if not isinstance(spec.source, ServiceSource):
        return []
    metrics = asset_key(spec, SERVING_METRICS)

    @model_asset(
        spec,
        SERVED,
        "What the service has answered, row by row: what arrived, the features, the version's own "
        "answer and the one that was given. Each run brings all closed segments of its log into "
        "the lake, whatever day their events are of, each exactly once, and deletes them there.",
        kinds={"deltalake"},
        code=("serving",),
        table=spec.tables.served,
    )
    def served(
        context: dg.AssetExecutionContext, mlops_drift_lake: LakeResource
    ) -> dg.MaterializeResult:
        # Here, since it needs what only the extra `serve` installs.
        from mlops_drift.pipeline.shipping import ship

        model, (first, last) = mlops_drift_lake.of(spec), days_of(context)
        folder = settings.serving_root() / spec.name / LOG
        with user_errors():
            shipped = ship(model, folder)
        table = model.store.tables.served
        counted = model.store.lake.rows("SELECT count(*) AS n FROM s", s=Scan(table, first, last))
        left = unshipped(folder, time.time())
        return dg.MaterializeResult(
            metadata={
                **row_count(counted[0]["n"]),
                "shipped segments": shipped.segments,
                "shipped requests": shipped.requests,
                "shipped rows": shipped.rows,
                "bytes that are still in the log": left.bytes,
                "bytes that are missing from the log": shipped.missing,
            }
        )

    @model_asset(
        spec,
        SERVING_METRICS,
        "What the service has answered each day, compared with the batch path: features and "
        "predictions of its log, made again of the events that landed, value by value; and how "
        "many rows rules have answered, for which reasons.",
        code=("serving", "learning", "registry", "monitors", "checks"),
        table=spec.tables.checks,
        upstream=[SERVED, FEATURES, PRODUCTION_PREDICTIONS],
        check_specs=monitor_specs(spec, SERVING_METRICS, metrics),
    )
    def serving_metrics(
        context: dg.AssetExecutionContext,
        mlops_drift_lake: LakeResource,
        mlops_drift_registry: dg.ResourceParam[Registry],
    ) -> Iterator[dg.MaterializeResult]:
        model, (first, last) = mlops_drift_lake.of(spec, mlops_drift_registry), days_of(context)
        with user_errors():
            found = measure_serving(model, first, last)
        about = {**report_link(spec, last), **row_count(len(found.evaluations))}
        yield from judged(context, model, found, about)

    return [served, serving_metrics]
