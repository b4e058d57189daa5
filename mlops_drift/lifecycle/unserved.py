"""Why no version serves, and what would help."""

from dataclasses import dataclass

from mlops_drift.config.context import ModelContext
from mlops_drift.lifecycle.decisions import decide_now
from mlops_drift.pipeline.reference_days import awaited_predictions
from mlops_drift.policy.decision import DecisionRecord
from mlops_drift.store.model_store import ModelStore


@dataclass(frozen=True)
class Unserved:
    """Why a model has no serving version, and what helps."""

    why: str
    help: str


def why_unserved(model: ModelContext) -> Unserved | None:
    """The reason why no version serves; None if one does."""
    store, name = model.store, model.spec.name
    if store.versions.promotions():
        return None
    day = store.landing.last_day()
    if day is None:
        return _without_events(model)
    if model.spec.external:
        return Unserved(
            awaited_predictions(model.spec, day),
            "run more days, or choose another reference under model in defs.yaml",
        )
    if decisions := store.decisions.records(idle=False):
        return _after(decisions[-1], name)
    return Unserved(
        f"nothing was trained: {decide_now(model, day).reason}",
        "run more days, lower policy.first_training_rows, or see whether labels find their "
        f"events: mlops-drift status {name}",
    )


def most_common_reason(store: ModelStore) -> str | None:
    """Why most of the quarantined rows are; None without any."""
    reasons = store.lake.rows(
        "SELECT reason FROM r GROUP BY reason ORDER BY count(*) DESC, reason LIMIT 1",
        r=store.tables.quarantined,
    )
    return reasons[0]["reason"] if reasons else None


def _without_events(model: ModelContext) -> Unserved:
    reason = most_common_reason(model.store)
    if reason is None:
        return Unserved(
            f"there is no event from {model.spec.start_date} on",
            "correct start_date, source.events.path or its day_column in defs.yaml",
        )
    return Unserved(
        f"no event could be used; most often because of {reason}",
        "correct defs.yaml or the files; all these rows are in "
        f"{model.store.tables.quarantined.name}, then mlops-drift reset {model.spec.name}",
    )


def _after(decision: DecisionRecord, name: str) -> Unserved:
    """What the outcome of the last training says."""
    # It may end as a sentence does, and goes on here.
    reason, version = decision.outcome_reason.removesuffix("."), decision.challenger
    gates = ", ".join(decision.outcome.failed_gates) if decision.outcome else ""
    match decision.status:
        case "waiting":
            return Unserved(
                f"version {version} waits for approval",
                f"mlops-drift approve {name} --reason …, or policy.approval: automatic",
            )
        case "failed":
            return Unserved(f"the training failed: {reason}", f"see mlops-drift log {name}")
        case "rejected" if gates:
            return Unserved(
                f"version {version} was rejected by {gates}: {reason}",
                "correct the data, add columns, or set limits under gates that the model can "
                f"reach; then mlops-drift reset {name} and run it again",
            )
        case "rejected":
            return Unserved(f"the training was rejected: {reason}", f"see mlops-drift log {name}")
        case _:
            return Unserved(
                f"the training of decision {decision.id} has not ended",
                "run the same command again",
            )
