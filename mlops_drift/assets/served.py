"""The asset `served`: the log of a service, brought into the lake."""

import time

import dagster as dg

from mlops_drift import settings
from mlops_drift.assets.common import SERVED, days_of, model_asset, row_count, user_errors
from mlops_drift.config.spec import ModelSpec
from mlops_drift.resources import LakeResource
from mlops_drift.serving.log.segments import unshipped
from mlops_drift.sources.service import ServiceSource
from mlops_drift.store.lake import Scan


def served_assets(spec: ModelSpec) -> list[dg.AssetsDefinition]:
    """Builds the asset; none for a model without a service."""
    if not isinstance(spec.source, ServiceSource):
        return []

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
    def served(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        # Here, since it needs what only the extra `serve` installs.
        from mlops_drift.pipeline.shipping import ship

        model, (first, last) = lake.of(spec), days_of(context)
        folder = settings.serving_root() / spec.name / "log"
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
            }
        )

    return [served]
