"""The assets `production_predictions`, `drift_metrics` and `performance_metrics`."""

from collections.abc import Iterator

import dagster as dg

from mlops_drift.assets import column_lineage
from mlops_drift.assets.champion import show_reconciled
from mlops_drift.assets.common import (
    CHAMPION,
    DRIFT_METRICS,
    FEATURES,
    LABELS,
    PERFORMANCE_METRICS,
    PRODUCTION_PREDICTIONS,
    asset_key,
    days_of,
    model_asset,
    row_count,
    version_link,
)
from mlops_drift.assets.judged import judged
from mlops_drift.assets.recent_days import drift_of_days, performance_of_days
from mlops_drift.assets.shadow import comparison_metadata, scored_metadata
from mlops_drift.checks.approval import report_approval
from mlops_drift.checks.monitors import monitor_specs
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.late_days import predict_late_days
from mlops_drift.lifecycle.shadow.scoring import measure_shadows, score_shadows
from mlops_drift.pipeline.labels import count_labels
from mlops_drift.pipeline.monitoring import measure_drift, measure_performance
from mlops_drift.pipeline.served_rows import predict_days
from mlops_drift.registry.registry import Registry
from mlops_drift.resources import LakeResource


def production_assets(spec: ModelSpec) -> list[dg.AssetsDefinition]:
    """Builds the three assets; without the first where predictions are made elsewhere."""
    drift, performance = asset_key(spec, DRIFT_METRICS), asset_key(spec, PERFORMANCE_METRICS)
    lineage = column_lineage.of_predictions(spec)

    @model_asset(
        spec,
        PRODUCTION_PREDICTIONS,
        "What was served each day: score and class of every event, with the version. The champion "
        "of a day is the last one promoted before it. Written once: materializing a past day "
        "again adds what is missing and changes nothing. A challenger that waits for approval "
        "scores the same days beside it, into a table of its own.",
        kinds={"deltalake", "mlflow"},
        code=("learning", "registry"),
        table=spec.tables.predictions,
        upstream=[FEATURES, CHAMPION],
    )
    def production_predictions(
        context: dg.AssetExecutionContext,
        mlops_drift_lake: LakeResource,
        mlops_drift_registry: dg.ResourceParam[Registry],
    ) -> dg.MaterializeResult:
        model = mlops_drift_lake.of(spec, mlops_drift_registry)
        show_reconciled(context.instance, model)
        served = predict_days(model, *days_of(context))
        late = predict_late_days(model, *days_of(context))
        return dg.MaterializeResult(
            metadata={
                **row_count(served.rows),
                "added rows": served.added,
                **({"late rows": late} if late else {}),
                "versions": ", ".join(map(str, served.versions)) or "none serves yet",
                **(
                    {"without a value that the version needs": served.lacking}
                    if served.lacking
                    else {}
                ),
                **(
                    version_link(spec, mlops_drift_registry, served.versions[-1])
                    if served.versions
                    else {}
                ),
                **lineage,
                **scored_metadata(score_shadows(model, *days_of(context))),
            }
        )

    @model_asset(
        spec,
        DRIFT_METRICS,
        "How far each day's features and predictions are from the frozen reference of the version "
        "that served them, over each window.",
        code=("drift", "monitors", "checks"),
        table=spec.tables.drift,
        upstream=[FEATURES, PRODUCTION_PREDICTIONS],
        check_specs=monitor_specs(spec, DRIFT_METRICS, drift),
    )
    def drift_metrics(
        context: dg.AssetExecutionContext,
        mlops_drift_lake: LakeResource,
        mlops_drift_registry: dg.ResourceParam[Registry],
    ) -> Iterator[dg.MaterializeResult]:
        model, (first, last) = mlops_drift_lake.of(spec, mlops_drift_registry), days_of(context)
        found = measure_drift(model, first, last)
        rows = row_count(len(found.evaluations))
        yield from judged(context, model, found, {**drift_of_days(model, last), **rows})

    @model_asset(
        spec,
        PERFORMANCE_METRICS,
        f"The {spec.training.metric} of each version on each production day that labels arrived "
        "for, and over trailing windows; what its scores lead to expect before that; its slices, "
        "its business value, its labels and its age. Beside the champion, a challenger that waits "
        "for approval, on the same events.",
        code=("monitors", "learning/metrics", "checks"),
        table=spec.tables.checks,
        upstream=[LABELS, PRODUCTION_PREDICTIONS],
        check_specs=monitor_specs(spec, PERFORMANCE_METRICS, performance),
    )
    def performance_metrics(
        context: dg.AssetExecutionContext,
        mlops_drift_lake: LakeResource,
        mlops_drift_registry: dg.ResourceParam[Registry],
    ) -> Iterator[dg.MaterializeResult]:
        model, (first, last) = mlops_drift_lake.of(spec, mlops_drift_registry), days_of(context)
        found = measure_performance(model, first, last)
        count_labels(model, first, last)
        shadow = comparison_metadata(measure_shadows(model, first, last))
        rows = row_count(len(found.evaluations))
        about = {**performance_of_days(model, last), **shadow, **rows}
        yield from judged(context, model, found, about)
        if spec.external is None:
            report_approval(context.instance, asset_key(spec, CHAMPION), model)

    own = [] if spec.external else [production_predictions]
    return [*own, drift_metrics, performance_metrics]
