"""The asset `champion`: who serves, and how a person decides about that from the page."""

from enum import Enum

import dagster as dg
from pydantic import Field

from mlops_drift.assets.common import (
    CHALLENGER,
    CHAMPION,
    TEST_PREDICTIONS,
    Metadata,
    asset_key,
    model_asset,
    row_count,
    user_errors,
    version_link,
)
from mlops_drift.assets.decisions import retraining_run, show_decision
from mlops_drift.assets.shadow import summary_metadata
from mlops_drift.checks.report import verdict_table
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.promotion import (
    approve,
    champion_already,
    reject_challenger,
    rollback,
    waiting_decision,
)
from mlops_drift.lifecycle.retraining import RetrainingRun
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

    @model_asset(
        spec,
        CHAMPION,
        "The version that serves from the day after its as-of day on. Its gates are verified "
        "again before it is promoted. Materialize it to approve or reject a challenger that "
        "waits, or to go back to an earlier champion: the launchpad's config says what, who and "
        "why.",
        kinds={"mlflow"},
        code=("learning", "registry"),
        table=spec.tables.promotions,
        upstream=[CHALLENGER, TEST_PREDICTIONS],
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
                return _by_hand(context.instance, config, model, run)
            promoted = run.promote()
        record = model.store.decisions.get(run.decision.id)
        return _result(model, promoted, record.outcome_reason if record else "")

    return champion


def _by_hand(
    instance: dg.DagsterInstance, config: ChampionConfig, model: ModelContext, run: RetrainingRun
) -> dg.MaterializeResult:
    version = config.version
    if config.transition is Transition.REJECT:
        rejected = reject_challenger(model, Person(config.by, config.reason), version)
        show_decision(instance, model, rejected.id)
        return _result(model, None, rejected.outcome_reason)
    if config.transition is Transition.ROLLBACK:
        promoted = rollback(model, Person(config.by, config.reason), version)
    elif config.by or model.spec.policy.approval == "manual":
        promoted = approve(model, Person(config.by, config.reason), version)
    else:
        # Nobody is named: the version that waits, else the one that was trained.
        if version is None and waiting_decision(model.store) is None:
            version = run.version
            promotions = model.store.versions.promotions()
            if promotions and promotions[-1].version == version:
                return _result(model, None, champion_already(version))
        promoted = approve(model, None, version)
    show_decision(instance, model, promoted.decision)
    return _result(model, promoted)


def show_transition(instance: dg.DagsterInstance, model: ModelContext, decision: str) -> None:
    """Shows a transition made outside this asset: on `decisions`, and a new champion here."""
    show_decision(instance, model, decision)
    for promoted in model.store.versions.promotions():
        if promoted.decision == decision:
            record = model.store.decisions.get(decision)
            by_person = f"{promoted.reason} ({promoted.person})" if promoted.person else None
            event = dg.AssetMaterialization(
                asset_key(model.spec, CHAMPION),
                description=by_person or (record.outcome_reason if record else None),
                metadata=_facts(model, promoted),
                tags={"dagster/data_version": f"v{promoted.version}"},
            )
            instance.report_runless_asset_event(event)


def show_reconciled(instance: dg.DagsterInstance, model: ModelContext) -> None:
    """Completes a transition whose process was killed, and shows it."""
    if completed := reconcile_interrupted(model):
        show_transition(instance, model, completed.decision)


def _facts(model: ModelContext, promoted: Promotion) -> Metadata:
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
    versions = model.store.versions
    if promoted is None:
        metadata: Metadata = {"outcome": instead}
        for champion in versions.promotions():
            metadata["version"] = champion.version
        return dg.MaterializeResult(metadata=metadata)
    return dg.MaterializeResult(
        metadata={
            **_facts(model, promoted),
            **row_count(promoted.number),
            "versions": verdict_table([vars(record) for record in versions.all()]),
        },
        data_version=dg.DataVersion(f"v{promoted.version}"),
    )
