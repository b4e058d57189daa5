"""The assets `predictions` and `production_predictions` of what is predicted elsewhere."""

import dagster as dg

from mlops_drift.assets import column_lineage
from mlops_drift.assets.common import (
    FEATURES,
    LABELS,
    PREDICTIONS,
    PRODUCTION_PREDICTIONS,
    days_of,
    model_asset,
    row_count,
    user_errors,
)
from mlops_drift.assets.decisions import show_decision
from mlops_drift.assets.landing import arriving_asset
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.external import follow_versions
from mlops_drift.lifecycle.late_days import match_late_days
from mlops_drift.pipeline.external_predictions import match_predictions
from mlops_drift.pipeline.landing import land_predictions
from mlops_drift.pipeline.reference_days import awaited_reference
from mlops_drift.registry.registry import Registry
from mlops_drift.resources import LakeResource
from mlops_drift.sources.base import Source


def external_assets(spec: ModelSpec, source: Source) -> list[dg.AssetsDefinition]:
    """Builds the two assets."""
    lineage = column_lineage.of_external_predictions(spec)

    predictions = arriving_asset(
        spec,
        PREDICTIONS,
        "The predictions that arrived on each day, made elsewhere, whichever day their event was. "
        "The first one of an event counts; those without an event are kept, counted, and only "
        "their distribution is used.",
        spec.tables.landed_predictions,
        lambda model, first, last: land_predictions(model, source, first, last),
    )

    @model_asset(
        spec,
        PRODUCTION_PREDICTIONS,
        "What was predicted for the events of each day, with the number of the version that the "
        "prediction names. Written once: materializing a past day again adds what is missing and "
        "changes nothing. The version that most predictions of a day are of serves it.",
        code=("sources", "learning/metrics", "drift"),
        table=spec.tables.predictions,
        # The labels of the reference are part of it.
        upstream=[FEATURES, LABELS, PREDICTIONS],
    )
    def production_predictions(
        context: dg.AssetExecutionContext,
        mlops_drift_lake: LakeResource,
        mlops_drift_registry: dg.ResourceParam[Registry],
    ) -> dg.MaterializeResult:
        model, (first, last) = mlops_drift_lake.of(spec, mlops_drift_registry), days_of(context)
        matched = match_predictions(model, first, last)
        late = match_late_days(model, first, last)
        with user_errors():
            promoted = follow_versions(model, source, first, last)
        for promotion in promoted:
            show_decision(context.instance, model, promotion.decision)
        serving = model.store.versions.serving(last, last)[last]
        return dg.MaterializeResult(
            metadata={
                **row_count(matched.served.rows),
                "added rows": matched.served.added,
                **({"late rows": late} if late else {}),
                "events without a prediction": matched.unpredicted,
                "versions": ", ".join(map(str, matched.served.versions)) or "none",
                "serves": str(serving) if serving else awaited_reference(spec, last) or "nobody",
                **lineage,
            }
        )

    return [predictions, production_predictions]
