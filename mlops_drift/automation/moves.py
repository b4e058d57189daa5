"""Moves that were made outside Dagster, shown on its pages."""

import dagster as dg

from mlops_drift.assets.champion import promotion_facts
from mlops_drift.assets.common import CHAMPION, asset_key
from mlops_drift.assets.decisions import show_outcome
from mlops_drift.lake.model_lake import ModelLake
from mlops_drift.registry.base import VersionRegistry
from mlops_drift.spec import ModelSpec


def show_move(
    instance: dg.DagsterInstance,
    spec: ModelSpec,
    model: ModelLake,
    registry: VersionRegistry,
    decision: str,
) -> None:
    """Shows what came of a decision on `decisions`, and a new champion on `champion`."""
    show_outcome(instance, spec, model, decision)
    for promotion in model.promotions():
        if promotion.decision == decision:
            instance.report_runless_asset_event(
                dg.AssetMaterialization(
                    asset_key(spec, CHAMPION),
                    description=f"{promotion.reason} ({promotion.person})",
                    metadata=promotion_facts(spec, registry, promotion),
                    tags={"dagster/data_version": f"v{promotion.version}"},
                )
            )
