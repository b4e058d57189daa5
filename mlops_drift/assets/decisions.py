"""The asset `decisions`: the evidence of each day, what the policy decided, and the outcome."""

from functools import partial

import dagster as dg

from mlops_drift.assets.common import (
    DECISION_TAG,
    DRIFT_METRICS,
    MODEL_TAG,
    PERFORMANCE_METRICS,
    asset_key,
    table_metadata,
)
from mlops_drift.checks.report import verdict_table
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.retraining import RetrainingRun
from mlops_drift.policy.decision import DecisionRecord

DECISIONS = "decisions"

# Numbers of the evidence that are shown.
_SHOWN = 20
_OF_EVIDENCE = ("value", "threshold", "n", "window", "version", "day")


def decisions_asset(spec: ModelSpec) -> dg.AssetSpec:
    """Declares the asset: no run makes it, its events come from the retraining sensor."""
    return dg.AssetSpec(
        asset_key(spec, DECISIONS),
        deps=[asset_key(spec, name) for name in (DRIFT_METRICS, PERFORMANCE_METRICS)],
        group_name=spec.name,
        description="The evidence that the retraining policy had at the end of each day, what it "
        "decided and why, also when it was to do nothing, and the outcome. Append-only.",
        kinds={"deltalake"},
        tags={MODEL_TAG: spec.name},
        owners=spec.owners,
        metadata=table_metadata(spec, spec.tables.decisions),
    )


def decision_event(spec: ModelSpec, record: DecisionRecord) -> dg.AssetMaterialization:
    """A decision, or its outcome, as an event of the asset."""
    outcome = record.outcome
    evidence = [
        {"trigger": failed.check, "what": failed.subject}
        | {name: getattr(failed, name) for name in _OF_EVIDENCE}
        | {"production day": failed.production_day}
        for failed in record.evidence[:_SHOWN]
    ]
    facts = {
        "decision": record.id,
        "day": str(record.day),
        "action": record.action,
        "kind": record.kind,
        "triggers": record.cause or "none",
        "reason": record.reason,
        "version": record.version or "no champion yet",
        "labelled rows": record.labelled,
        "evidence": verdict_table(evidence) if evidence else None,
        "outcome": record.status,
        "why": record.outcome_reason,
        "training_set": record.training_set,
        "challenger": record.challenger,
        "by": outcome.person if outcome else None,
    }
    return dg.AssetMaterialization(
        asset_key(spec, DECISIONS),
        description=f"{record.status or record.action}: {(outcome or record).reason}",
        metadata={name: value for name, value in facts.items() if value},
    )


def show_decision(instance: dg.DagsterInstance, model: ModelContext, decision: str) -> None:
    """Shows a decision as it stands on the asset."""
    if record := model.store.decisions.get(decision):
        instance.report_runless_asset_event(decision_event(model.spec, record))


def retraining_run(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, model: ModelContext
) -> RetrainingRun:
    """The retraining that a run of Dagster is about; its outcome is shown on the asset."""
    name = context.run.tags.get(DECISION_TAG, context.run.run_id)
    return RetrainingRun(model, name, partial(show_decision, context.instance, model))
