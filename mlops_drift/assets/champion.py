"""The asset `champion`: who serves, and how a person decides about that from the page."""

from datetime import date
from enum import Enum
from typing import Any

import dagster as dg
from pydantic import Field

from mlops_drift.assets.common import (
    CHALLENGER,
    CHAMPION,
    DECISION_TAG,
    TEST_PREDICTIONS,
    asset_key,
    asset_options,
    row_count,
    upstream_metadata,
    version_link,
)
from mlops_drift.assets.decisions import ending_decision, show_outcome
from mlops_drift.assets.shadow import summary_metadata
from mlops_drift.checks.report import verdict_table
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.promotion import (
    Person,
    PromotionError,
    approve,
    finish,
    reject_challenger,
    rollback,
    waiting_decision,
)
from mlops_drift.lifecycle.retraining import champion_already, promote_or_reject
from mlops_drift.registry.registry import Registry
from mlops_drift.resources import LakeResource
from mlops_drift.store.records import Promotion


class Move(Enum):
    """What a person does with a version."""

    APPROVE = "approve"
    REJECT = "reject"
    ROLLBACK = "rollback"


class ChampionConfig(dg.Config):
    """What a person decides; a retraining fills in nothing."""

    move: Move = Field(
        Move.APPROVE,
        description="approve: the challenger serves from the next day on, if it passes its gates. "
        "reject: it waits no longer. rollback: an earlier champion serves again.",
    )
    version: int | None = Field(
        None,
        description="The version: to approve or reject, the challenger that waits where missing; "
        "to go back to, the champion before the present one.",
    )
    by: str = Field("", description="Who decides. Needed where approval is manual.")
    reason: str = Field("", description="Why.")


def champion_asset(spec: ModelSpec) -> dg.AssetsDefinition:
    """Builds the asset."""

    @dg.asset(
        **asset_options(
            spec,
            CHAMPION,
            description="The version that serves from the day after its as-of day on. Its gates "
            "are verified again before it is promoted. Materialize it to approve or reject a "
            "challenger that waits, or to go back to an earlier champion: the launchpad's config "
            "says what, who and why.",
            kinds={"mlflow"},
            code=("learning", "registry"),
            table=spec.tables.promotions,
            upstream=[CHALLENGER, TEST_PREDICTIONS],
        )
    )
    def champion(
        context: dg.AssetExecutionContext,
        config: ChampionConfig,
        lake: LakeResource,
        registry: dg.ResourceParam[Registry],
    ) -> dg.MaterializeResult:
        model = lake.of(spec, registry)
        decision = context.run.tags.get(DECISION_TAG)
        try:
            if decision:
                found = upstream_metadata(context, spec, CHALLENGER)
                as_of = date.fromisoformat(found["as_of"])
                with ending_decision(context, model, as_of):
                    moved = promote_or_reject(model, found["version"], as_of, decision)
                show_outcome(context.instance, model, decision)
                return _result(model, moved, model.store.decisions.outcome(decision))
            return _by_hand(context, config, model)
        except PromotionError as error:
            raise dg.Failure(str(error)) from error

    return champion


def _by_hand(
    context: dg.AssetExecutionContext,
    config: ChampionConfig,
    model: ModelContext,
) -> dg.MaterializeResult:
    if config.move is not Move.APPROVE or model.spec.policy.approval == "manual" or config.by:
        person = Person(config.by, config.reason)
    else:
        person = None
    if config.move is Move.ROLLBACK and person:
        moved = rollback(model, person, config.version)
        show_outcome(context.instance, model, moved.decision)
        return _result(model, moved)
    if config.move is Move.REJECT and person:
        rejected = reject_challenger(model, person, config.version)
        show_outcome(context.instance, model, rejected["decision"])
        return _result(model, None, rejected["outcome_reason"])
    version = config.version
    # A person who names no version means the one that waits, which somebody may have rejected.
    if version is None and not person and waiting_decision(model.store) is None:
        version = upstream_metadata(context, model.spec, CHALLENGER)["version"]
        promotions = model.store.versions.promotions()
        if promotions and promotions[-1].version == version:
            return _result(model, None, champion_already(version))
    moved = approve(model, person, version)
    show_outcome(context.instance, model, moved.decision)
    return _result(model, moved)


def show_transition(
    instance: dg.DagsterInstance,
    model: ModelContext,
    decision: str,
) -> None:
    """Shows a move that was made outside this asset: on `decisions`, and a new champion here."""
    show_outcome(instance, model, decision)
    for promotion in model.store.versions.promotions():
        if promotion.decision == decision:
            said = f"{promotion.reason} ({promotion.person})" if promotion.person else None
            instance.report_runless_asset_event(
                dg.AssetMaterialization(
                    asset_key(model.spec, CHAMPION),
                    description=said or model.store.decisions.outcome(decision),
                    metadata=_facts(model, promotion),
                    tags={"dagster/data_version": f"v{promotion.version}"},
                )
            )


def reconcile_transition(
    instance: dg.DagsterInstance,
    model: ModelContext,
) -> None:
    """Finishes a move whose process was killed, and shows it."""
    finished = finish(model)
    if finished:
        show_transition(instance, model, finished.decision)


def _facts(model: ModelContext, promoted: Promotion) -> dict[str, Any]:
    """What the page says of a promotion, however it was made."""
    return {
        "version": promoted.version,
        "previous": promoted.previous or "none",
        "as_of": promoted.as_of.isoformat(),
        "training_set": promoted.training_set,
        "decision": promoted.decision,
        **({"by": promoted.person, "reason": promoted.reason} if promoted.person else {}),
        **version_link(model.spec, model.registry, promoted.version),
        **summary_metadata(model.store, promoted.version),
    }


def _result(
    model: ModelContext,
    promoted: Promotion | None,
    instead: str = "",
) -> dg.MaterializeResult:
    """What the page shows: who serves now, or why nothing has changed."""
    promotions = model.store.versions.promotions()
    if promoted is None:
        metadata: dict[str, Any] = {"outcome": instead}
        if promotions:
            metadata["version"] = promotions[-1].version
        return dg.MaterializeResult(metadata=metadata)
    return dg.MaterializeResult(
        metadata={
            **_facts(model, promoted),
            **row_count(promoted.number),
            "versions": verdict_table([vars(record) for record in model.store.versions.all()]),
        },
        data_version=dg.DataVersion(f"v{promoted.version}"),
    )
