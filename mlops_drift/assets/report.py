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
    def report(lake: LakeResource, registry: dg.ResourceParam[Registry]) -> dg.MaterializeResult:
        with user_errors():
            metadata = _published(lake.of(spec, registry))
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
    pages = {}
    if settings.reports_address():
        pages[keys.REPORT] = links.report_page(name)
    if logged := published.logged:
        page = model.registry.file_page(name, *logged, settings.mlflow_ui())
        pages |= {"report in MLflow": page} if page else {}
    return {
        "state": health.word,
        "in short": "\n".join(health.sentences),
        "next": health.next,
        keys.DAY: str(published.day),
        **{title: dg.MetadataValue.url(page) for title, page in pages.items()},
        "file": dg.MetadataValue.path(str(published.page)),
        "kept file of the day": dg.MetadataValue.path(str(published.kept)),
    }
