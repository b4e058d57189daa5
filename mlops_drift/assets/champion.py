"""The asset `champion`: who serves, and how a person decides about that from the page."""

from enum import Enum
from typing import Any

import dagster as dg
from pydantic import Field

from mlops_drift.assets.common import (
    CHALLENGER,
    CHAMPION,
    TEST_PREDICTIONS,
    asset_key,
    asset_options,
    row_count,
    user_errors,
    version_link,
)
from mlops_drift.assets.decisions import retraining_run, show_decision
from mlops_drift.assets.shadow import summary_metadata
from mlops_drift.checks.report import verdict_table
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.promotion import approve, reject_challenger, rollback, waiting_decision
from mlops_drift.lifecycle.retraining import RetrainingRun, champion_already
from mlops_drift.lifecycle.transitions import Person, reconcile_interrupted
from mlops_drift.registry.registry import Registry
from mlops_drift.resources import LakeResource
from mlops_drift.store.records import Promotion


class Transition(Enum):
    """What a person does with a version."""

    APPROVE = "approve"
    REJECT = "reject"
    ROLLBACK = "rollback"


class ChampionConfig(dg.Config):
    """What a person decides; a retraining fills in nothing."""

    transition: Transition = Field(
        Transition.APPROVE,
        description="approve: the challenger serves from the next day on, if it passes its gates. "
        "reject: the wait ends. rollback: an earlier champion serves again.",
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
        run = retraining_run(context, model)
        with user_errors():
            if run.decision is None:
                return _by_hand(context, config, model, run)
            promoted = run.promote()
        record = model.store.decisions.get(run.decision.id)
        return _result(model, promoted, record.outcome_reason if record else "")

    return champion


def _by_hand(
    context: dg.AssetExecutionContext,
    config: ChampionConfig,
    model: ModelContext,
    run: RetrainingRun,
) -> dg.MaterializeResult:
    version, is_approval = config.version, config.transition is Transition.APPROVE
    if is_approval and model.spec.policy.approval == "automatic" and not config.by:
        person = None
    else:
        person = Person(config.by, config.reason)
    if config.transition is Transition.REJECT and person:
        rejected = reject_challenger(model, person, version)
        show_decision(context.instance, model, rejected.id)
        return _result(model, None, rejected.outcome_reason)
    if config.transition is Transition.ROLLBACK and person:
        promoted = rollback(model, person, version)
    else:
        # A person who names no version means the one that waits, which somebody may have rejected.
        if version is None and not person and waiting_decision(model.store) is None:
            version = run.version
            promotions = model.store.versions.promotions()
            if promotions and promotions[-1].version == version:
                return _result(model, None, champion_already(version))
        promoted = approve(model, person, version)
    show_decision(context.instance, model, promoted.decision)
    return _result(model, promoted)


def show_transition(instance: dg.DagsterInstance, model: ModelContext, decision: str) -> None:
    """Shows a transition made outside this asset: on `decisions`, and a new champion here."""
    show_decision(instance, model, decision)
    for promotion in model.store.versions.promotions():
        if promotion.decision == decision:
            record = model.store.decisions.get(decision)
            by_person = f"{promotion.reason} ({promotion.person})" if promotion.person else None
            instance.report_runless_asset_event(
                dg.AssetMaterialization(
                    asset_key(model.spec, CHAMPION),
                    description=by_person or (record.outcome_reason if record else None),
                    metadata=_facts(model, promotion),
                    tags={"dagster/data_version": f"v{promotion.version}"},
                )
            )


def show_reconciled(instance: dg.DagsterInstance, model: ModelContext) -> None:
    """Completes a transition whose process was killed, and shows it."""
    completed = reconcile_interrupted(model)
    if completed:
        show_transition(instance, model, completed.decision)


def _facts(model: ModelContext, promoted: Promotion) -> dict[str, Any]:
    """The metadata of a promotion, however it was made."""
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
    model: ModelContext, promoted: Promotion | None, instead: str = ""
) -> dg.MaterializeResult:
    """Who serves now, or why nothing has changed."""
    if promoted is None:
        champions = [item.version for item in model.store.versions.promotions()]
        serving = {"version": champions[-1]} if champions else {}
        return dg.MaterializeResult(metadata={"outcome": instead, **serving})
    return dg.MaterializeResult(
        metadata={
            **_facts(model, promoted),
            **row_count(promoted.number),
            "versions": verdict_table([vars(record) for record in model.store.versions.all()]),
        },
        data_version=dg.DataVersion(f"v{promoted.version}"),
    )
