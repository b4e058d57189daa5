"""The asset `report`: the page of a model, which needs no server."""

import dagster as dg

from mlops_drift import links, settings
from mlops_drift.assets.common import (
    DRIFT_METRICS,
    PERFORMANCE_METRICS,
    REPORT,
    SERVING_METRICS,
    Metadata,
    asset_key,
    model_asset,
    user_errors,
    version_link,
)
from mlops_drift.checks import keys
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.registry.registry import Registry
from mlops_drift.reports.model.published import publish_report
from mlops_drift.resources import LakeResource
from mlops_drift.sources.service import ServiceSource


def report_asset(spec: ModelSpec) -> dg.AssetsDefinition:
    """Builds the asset, which has no days: it is always about the last one."""
    served = [SERVING_METRICS] if isinstance(spec.source, ServiceSource) else []

    @model_asset(
        spec,
        REPORT,
        "The page that says how the model is: its state and what happens next, performance, checks "
        "and drift by day, predictions, data quality, versions, decisions and cost. Written at the "
        "end of each daily run, and whenever a decision has an outcome; the page of each day is "
        "kept.",
        kinds={"html"},
        code=("reports", "charts"),
        upstream=[DRIFT_METRICS, PERFORMANCE_METRICS, *served],
    )
    def report(
        mlops_drift_lake: LakeResource, mlops_drift_registry: dg.ResourceParam[Registry]
    ) -> dg.MaterializeResult:
        with user_errors():
            metadata = _published(mlops_drift_lake.of(spec, mlops_drift_registry))
        return dg.MaterializeResult(metadata=metadata)

    return report


def show_report(instance: dg.DagsterInstance, model: ModelContext) -> None:
    """Writes the page anew outside the asset, and shows that there."""
    if metadata := _published(model):
        key = asset_key(model.spec, REPORT)
        instance.report_runless_asset_event(dg.AssetMaterialization(key, metadata=metadata))


def _published(model: ModelContext) -> Metadata:
    published = publish_report(model)
    if published is None:
        return {}
    name, health = model.spec.name, published.health
    served = links.report_page(name) if settings.reports_address() else None
    file = str(published.page.relative_to(settings.environment_root()))
    # Whatever cannot be broken makes Dagster's table wider than its page.
    logged: Metadata = {}
    if published.logged:
        version, artifact = published.logged
        logged = {**version_link(model.spec, model.registry, version)}
        file = f"{file}, of which MLflow has a copy with version {version}: {artifact}"
    return {
        "state": health.word,
        "in short": " ".join(health.sentences),
        "next": health.next,
        **{
            tile.title: f"{tile.value}; {tile.text}" if tile.text else tile.value
            for tile in published.tiles
        },
        keys.DAY: str(published.day),
        **({keys.REPORT: dg.MetadataValue.url(served)} if served else {}),
        "file in the data folder": file,
        **logged,
    }
