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
    report_link,
    row_count,
    user_errors,
    version_link,
)
from mlops_drift.assets.decisions import retraining_run, show_decision, show_outcome
from mlops_drift.assets.report import show_report
from mlops_drift.assets.shadow import summary_metadata
from mlops_drift.checks import keys
from mlops_drift.checks.approval import approval_check, approval_spec, report_approval
from mlops_drift.checks.report import short, verdict_table
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError
from mlops_drift.lifecycle.promotion import (
    approve,
    champion_already,
    reject_challenger,
    rollback,
    waiting_decision,
)
from mlops_drift.lifecycle.retraining import RetrainingRun
from mlops_drift.lifecycle.transitions import Person, reconcile_interrupted
from mlops_drift.monitors.base import interval
from mlops_drift.registry.registry import Registry
from mlops_drift.resources import LakeResource
from mlops_drift.store.decision_log import FINAL
from mlops_drift.store.records import Promotion, VersionRecord


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
        check_specs=[approval_spec(asset_key(spec, CHAMPION))],
    )
    def champion(
        context: dg.AssetExecutionContext,
        config: ChampionConfig,
        mlops_drift_lake: LakeResource,
        mlops_drift_registry: dg.ResourceParam[Registry],
    ) -> dg.MaterializeResult:
        model = mlops_drift_lake.of(spec, mlops_drift_registry)
        run = retraining_run(context, model, is_champion=True)
        with user_errors():
            if run.decision is None:
                return _by_hand(context, config, model, run)
            run.promote()
        record = model.store.decisions.get(run.decision.id)
        return _result(model, record.outcome_reason if record else "")

    return champion


def _by_hand(
    context: dg.AssetExecutionContext,
    config: ChampionConfig,
    model: ModelContext,
    run: RetrainingRun,
) -> dg.MaterializeResult:
    version = config.version
    if config.transition is Transition.REJECT:
        rejected = reject_challenger(model, Person(config.by, config.reason), version)
        show_outcome(context, model, rejected.id)
        return _result(model, rejected.outcome_reason)
    if config.transition is Transition.ROLLBACK:
        promoted = rollback(model, Person(config.by, config.reason), version)
    elif config.by:
        promoted = approve(model, Person(config.by, config.reason), version)
    else:
        # Nobody is named: the version that waits, else one that was trained and not decided about.
        waiting = waiting_decision(model.store, version)
        chosen = version or (waiting.challenger if waiting else None)
        if chosen is None:
            chosen, instead = _trained(context, model, run)
            if chosen is None:
                return _result(model, instead)
        if model.spec.policy.approval == "manual":
            raise UserError(
                f"version {chosen} of {model.spec.name} is not approved: approval is manual, and "
                "needs a name and a reason; fill in `by` and `reason` in the launchpad's config"
            )
        promoted = approve(model, None, chosen)
    show_outcome(context, model, promoted.decision)
    return _result(model)


def _trained(
    context: dg.AssetExecutionContext, model: ModelContext, run: RetrainingRun
) -> tuple[int | None, str]:
    """The version trained last, to be promoted; None where it is decided, with what to say."""
    store, promotions = model.store, model.store.versions.promotions()
    version, champion = run.version, promotions[-1].version if promotions else None
    is_new = asset_key(model.spec, CHALLENGER) in context.job_def.asset_layer.selected_asset_keys
    if is_new:
        # The run itself has looked at the training set.
        return (None, champion_already(version)) if version == champion else (version, "")
    decided = {
        *(one.version for one in promotions),
        *(one.challenger for one in store.decisions.records(idle=False) if one.status in FINAL),
    }
    if version not in decided:
        return version, ""
    serves = f"version {champion} still serves" if champion else "no version serves yet"
    return None, f"no challenger waits; {serves}"


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
    report_approval(instance, asset_key(model.spec, CHAMPION), model)
    show_report(instance, model)


def show_reconciled(instance: dg.DagsterInstance, model: ModelContext) -> None:
    """Completes a transition whose process was killed, and shows it."""
    if completed := reconcile_interrupted(model):
        show_transition(instance, model, completed.decision)


def _facts(model: ModelContext, promoted: Promotion) -> Metadata:
    """The metadata of a promotion, however it was made."""
    versions = model.store.versions
    return {
        keys.VERSION: promoted.version,
        "previous": promoted.previous or "none",
        "trained as of": str(versions.get(promoted.version).as_of),
        "serves since": str(promoted.serves_since),
        keys.TRAINING_SET: short(promoted.training_set),
        "decision": promoted.decision,
        **({"by": promoted.person, keys.REASON: promoted.reason} if promoted.person else {}),
        **report_link(model.spec),
        **version_link(model.spec, model.registry, promoted.version),
        **summary_metadata(model.store, promoted.version),
        **row_count(promoted.number),
        "versions": verdict_table([_row(record) for record in reversed(versions.all())]),
    }


def _row(record: VersionRecord) -> dict[str, object]:
    return {
        keys.VERSION: record.version,
        f"test {record.metric}": record.value,
        "95 % interval": interval(record.lower, record.upper),
        keys.TEST_ROWS: record.n_test,
        "family": record.family,
        keys.AS_OF: str(record.as_of),
        keys.ROWS: record.rows,
        keys.TRAINING_SET: short(record.training_set),
    }


def _result(model: ModelContext, outcome: str = "") -> dg.MaterializeResult:
    """Who serves now, whatever was done, and what became of it where that needs words."""
    said: Metadata = {keys.OUTCOME: outcome} if outcome else {}
    check = approval_check(asset_key(model.spec, CHAMPION), model)
    promotions = model.store.versions.promotions()
    if not promotions:
        return dg.MaterializeResult(metadata=said, check_results=[check])
    return dg.MaterializeResult(
        metadata={**said, **_facts(model, promotions[-1])},
        data_version=dg.DataVersion(f"v{promotions[-1].version}"),
        check_results=[check],
    )
