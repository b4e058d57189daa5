"""The asset `decisions`: the evidence of each day, what the policy decided, and the outcome."""

from datetime import date, timedelta
from textwrap import shorten

import dagster as dg

from mlops_drift import links
from mlops_drift.assets.common import (
    CHAMPION,
    DECISION_TAG,
    DRIFT_METRICS,
    MODEL_TAG,
    OUTCOME_TAG,
    PERFORMANCE_METRICS,
    Metadata,
    asset_key,
    partitions,
    report_link,
    table_metadata,
)
from mlops_drift.assets.report import show_report
from mlops_drift.checks import keys
from mlops_drift.checks.approval import report_approval
from mlops_drift.checks.report import short, verdict_table
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.retraining import RetrainingRun
from mlops_drift.lifecycle.spans import acted_and_waited, outcome_of, sentence_of
from mlops_drift.monitors.registry import monitors_of
from mlops_drift.policy.decision import DecisionRecord

DECISIONS = "decisions"

# Numbers of the evidence, and earlier decisions and waits, that are shown.
_SHOWN = 20
# In signs: a table of Dagster's pages is cut at the edge of the page.
_LONGEST_REASON = 90
# How far back waits are shown.
_WAITS = timedelta(days=100)
_OF_EVIDENCE = {
    keys.VALUE: "value",
    keys.LIMIT: "threshold",
    keys.ROWS: "n",
    keys.WINDOW: "window",
    keys.VERSION: "version",
    keys.PRODUCTION_DAY: "production_day",
}


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
        metadata=table_metadata(spec, spec.tables.decisions, facts_first=True),
        partitions_def=partitions(spec),
    )


def decision_event(model: ModelContext, record: DecisionRecord) -> dg.AssetMaterialization:
    """A decision, or its outcome, as an event of its day, with the latest that did something."""
    spec = model.spec
    outcome, runs = record.outcome, links.runs_page(DECISION_TAG, record.id)
    evidence = [
        {"trigger": failed.check, keys.SUBJECT: failed.subject}
        | {name: getattr(failed, of) for name, of in _OF_EVIDENCE.items()}
        for failed in record.evidence[:_SHOWN]
    ]
    facts = {
        "action": record.action,
        keys.REASON: record.reason,
        keys.OUTCOME: record.status,
        "why": record.outcome_reason,
        "triggers": record.cause or "none",
        keys.DAY: str(record.day),
        keys.VERSION: record.version or "none serves yet",
        "challenger": record.challenger,
        "by": outcome.person if outcome else None,
        keys.LABELLED_ROWS: record.labelled,
        keys.TRAINING_SET: short(record.training_set) if record.training_set else None,
        "kind": record.kind,
        "decision": record.id,
        **report_link(spec, record.day),
        **failed_checks(spec, record),
        **({keys.RETRAINING_RUN: dg.MetadataValue.url(runs)} if record.action == "retrain" else {}),
        "evidence": verdict_table(evidence) if evidence else None,
        "latest": _latest(model, record.day),
    }
    return dg.AssetMaterialization(
        asset_key(spec, DECISIONS),
        description=sentence_of(record),
        metadata={name: value for name, value in facts.items() if value},
        partition=str(record.day),
    )


def _latest(model: ModelContext, day: date) -> dg.TableMetadataValue | None:
    """The latest decisions that did something and waits, the newest first; None without any."""
    # Each day has a decision: this is said every day, whatever the length of the history.
    records = model.store.decisions.records(idle_since=day - _WAITS)
    spans = acted_and_waited(records)[-_SHOWN:]
    rows = [
        {
            "days": one.days,
            "decision": one.action,
            "triggers": one.record.cause or "none",
            "reason": shorten(one.reason, _LONGEST_REASON, placeholder=" …"),
            "outcome": outcome_of(one.record) or "none",
        }
        for one in reversed(spans)
    ]
    return verdict_table(rows) if rows else None


def show_decision(
    instance: dg.DagsterInstance, model: ModelContext, decision: str
) -> DecisionRecord | None:
    """Shows a decision as it stands on the asset; None if it is not on record."""
    record = model.store.decisions.get(decision)
    if record:
        instance.report_runless_asset_event(decision_event(model, record))
    return record


def retraining_run(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext,
    model: ModelContext,
    *,
    is_champion: bool = False,
) -> RetrainingRun:
    """The retraining that a run of Dagster is about; its outcome is shown where one looks.

    That is on `decisions`, on the run, on the report, and on the champion, unless it is what is
    being made.
    """

    def show(decision: str) -> None:
        show_outcome(context, model, decision)
        if not is_champion:
            report_approval(context.instance, asset_key(model.spec, CHAMPION), model)

    return RetrainingRun(model, context.run.tags.get(DECISION_TAG, context.run.run_id), show)


def show_outcome(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext,
    model: ModelContext,
    decision: str,
) -> None:
    """Shows what became of a decision on the asset, the run that led to it, and the report."""
    if record := show_decision(context.instance, model, decision):
        context.instance.add_run_tags(context.run.run_id, {OUTCOME_TAG: outcome_of(record)})
        show_report(context.instance, model)


def failed_checks(spec: ModelSpec, decision: DecisionRecord) -> Metadata:
    """The pages of the checks whose failure led to a decision."""
    monitors = {one.name: one for one in monitors_of(spec.monitors)}
    found: Metadata = {}
    for item in decision.evidence:
        if item.check in monitors:
            assets = monitors[item.check].assets
            # A check of several sources has one of them as its subject.
            asset = item.subject if item.subject in assets else assets[0]
            page = links.check_page(spec.name, asset, item.check)
            found[f"failed {item.check}"] = dg.MetadataValue.url(page)
    return found
