"""The asset `decisions`: what the policy saw, decided, and what came of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import dagster as dg

from mlops_drift.assets.common import (
    DECISION_TAG,
    DRIFT_METRICS,
    MODEL_TAG,
    PERFORMANCE_METRICS,
    asset_key,
    column_schema,
)
from mlops_drift.checks.report import verdict_table
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.retraining import ending

DECISIONS = "decisions"

# Numbers of the evidence that are shown.
_SHOWN = 20


def decisions_asset(spec: ModelSpec) -> dg.AssetSpec:
    """Declares the asset: no run makes it, its events come from the retraining sensor."""
    table = spec.tables.decisions
    return dg.AssetSpec(
        asset_key(spec, DECISIONS),
        deps=[asset_key(spec, name) for name in (DRIFT_METRICS, PERFORMANCE_METRICS)],
        group_name=spec.name,
        description="What the retraining policy saw at the end of each day, what it decided and "
        "why, also when it was to do nothing, and what came of it. Append-only.",
        kinds={"deltalake"},
        tags={MODEL_TAG: spec.name},
        metadata={
            "dagster/table_name": table.name,
            "dagster/column_schema": column_schema(spec, table.schema),
        },
    )


def decision_event(spec: ModelSpec, entry: dict[str, Any]) -> dg.AssetMaterialization:
    """A decision, or what came of it, as an event of the asset.

    Args:
        spec: the model.
        entry: of the model's log.
    """
    outcome = entry["outcome"]
    what = f"{entry['action']}: {entry['reason']}"
    evidence = [
        {
            "rule": number["check"],
            "what": number["column"],
            "value": number["value"],
            "threshold": number["threshold"],
            "n": number["n"],
            "window": number["window"],
            "version": number["version"],
            "day": number["day"],
            "production day": number["production_day"],
        }
        for number in entry["evidence"][:_SHOWN]
    ]
    metadata: dict[str, Any] = {
        "decision": entry["decision"],
        "day": str(entry["day"]),
        "action": entry["action"],
        "rules": ", ".join(entry["rules"]) or "none",
        "reason": entry["reason"],
        "version": entry["version"] or "no champion yet",
        **({"labelled rows": entry["labelled"]} if entry["labelled"] else {}),
        **({"evidence": verdict_table(evidence)} if evidence else {}),
    }
    if outcome:
        what = f"{outcome}: {entry['outcome_reason']}"
        metadata |= {"outcome": outcome, "what came of it": entry["outcome_reason"]}
        metadata |= {"challenger": entry["challenger"]} if entry["challenger"] else {}
        metadata |= {"by": entry["person"]} if entry["person"] else {}
    return dg.AssetMaterialization(asset_key(spec, DECISIONS), description=what, metadata=metadata)


def show_outcome(instance: dg.DagsterInstance, model: ModelContext, decision: str) -> None:
    """Shows what came of a decision on the asset."""
    entry = model.store.decisions.entry(decision)
    if entry:
        instance.report_runless_asset_event(decision_event(model.spec, entry))


@contextmanager
def ending_decision(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext,
    model: ModelContext,
    day: date,
) -> Iterator[None]:
    """What is raised ends the decision that the run carries out, and is shown on the asset."""
    decision = context.run.tags.get(DECISION_TAG)
    try:
        with ending(model, decision, day):
            yield
    except Exception:
        if decision and model.store.decisions.outcome(decision):
            show_outcome(context.instance, model, decision)
        raise
