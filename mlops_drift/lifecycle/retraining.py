"""A decision carried out: rows chosen, a challenger trained, gated, promoted, and all recorded."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.errors import UserError, is_interruption
from mlops_drift.learning.gates.base import GateResult
from mlops_drift.lifecycle.decisions import made_by
from mlops_drift.lifecycle.promotion import OvertakenError, promote, record_promotion
from mlops_drift.pipeline.gates import evaluate_gates
from mlops_drift.pipeline.training import (
    OnTrial,
    Trainer,
    TrainingSetError,
    build_training_set,
    record_baseline,
    train_challenger,
)
from mlops_drift.policy.config import TrainingWindow
from mlops_drift.policy.decision import Decision
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Promotion
from mlops_drift.store.troubles import sentence_of

if TYPE_CHECKING:
    from mlops_drift.learning.window_choice import WindowChoice


def choose_rows(
    model: ModelContext,
    as_of: date,
    candidates: Mapping[TrainingWindow, date | None],
    decision: str,
) -> "WindowChoice":
    """The training window that predicts the most recent labelled rows best; recorded once."""
    spec = model.spec
    from mlops_drift.learning.window_choice import choose_window

    starts = list(candidates.values())
    since = None if None in starts else min(day for day in starts if day is not None)
    chosen = choose_window(
        model.store.labels.labelled(as_of, since),
        candidates,
        spec.columns,
        spec.target,
        spec.training,
        spec.key,
    )
    model.store.decisions.record(
        decision=decision,
        stage="chosen",
        day=as_of,
        training_window=chosen.name,
        since=chosen.since,
        scores=[asdict(score) for score in chosen.scores],
        reason=chosen_sentence(chosen, spec),
    )
    return chosen


def chosen_sentence(chosen: "WindowChoice", spec: ModelSpec) -> str:
    """Which rows were taken, and why, in one sentence."""
    start = chosen.since or spec.start_date
    if len(chosen.scores) < 2:
        return f"{chosen.name}: events from {start} on, the only training window there is"
    listed = ", ".join(f"{score.name} {score.value:.3f}" for score in chosen.scores)
    return (
        f"{chosen.name}: events from {start} on predict the {chosen.evaluated_rows} most recent "
        f"labelled rows best ({spec.training.metric}: {listed})"
    )


def reject(
    store: ModelStore,
    decision: str,
    day: date,
    reason: str,
    challenger: int | None = None,
    against: Sequence[str] = (),
) -> None:
    """Records that a decision led to no new champion, and which gates were against it."""
    store.decisions.record(
        decision=decision,
        stage="rejected",
        day=day,
        challenger=challenger,
        rules=against,
        reason=reason,
    )


@contextmanager
def ending(model: ModelContext, decision: str | None, day: date) -> Iterator[None]:
    """What is raised ends a decision, with the reason on record.

    Data that nothing can be learned from reject it, anything else lets it fail. Not so a person who
    stops it, a disk or a database that cannot be written, and a promotion that was cut short: those
    leave it under way, and the same command goes on.
    """
    try:
        yield
    except TrainingSetError as error:
        if decision:
            reject(model.store, decision, day, str(error))
        raise
    except Exception as error:
        if decision and not _is_resumable(model.store, decision, error):
            model.store.decisions.record(
                decision=decision,
                stage="failed",
                day=day,
                digest=made_by(model, day),
                reason=_in_a_line(error),
            )
        raise


def _is_resumable(store: ModelStore, decision: str, error: Exception) -> bool:
    is_of_the_machine = sentence_of(error) and not isinstance(error, MemoryError)
    begun = [item.decision for item in store.versions.promotions()]
    return bool(is_of_the_machine or is_interruption(repr(error)) or decision in begun)


def _in_a_line(error: Exception) -> str:
    """What was raised: the first line of it, which says what; a bug's with its kind."""
    said = str(error).strip().partition("\n")[0]
    return said if isinstance(error, UserError) else f"{type(error).__name__}: {said}".rstrip(": ")


def refuse(
    store: ModelStore, decision: str, day: date, version: int, gates: list[GateResult]
) -> bool:
    """Ends a decision whose challenger does not pass its gates.

    Returns:
        Whether it was refused.
    """
    against = [gate for gate in gates if gate.verdict != "pass"]
    if against:
        reasons = " ".join(gate.summary for gate in against)
        reject(store, decision, day, reasons, version, [gate.name for gate in against])
    return bool(against)


def wait_for_approval(store: ModelStore, decision: str, day: date, version: int) -> None:
    """Records that a challenger has passed its gates and waits for a person."""
    store.decisions.record(
        decision=decision,
        stage="waiting",
        day=day,
        challenger=version,
        reason=f"version {version} passed its gates and waits for a person who approves or "
        "rejects it",
    )


def champion_already(version: int) -> str:
    """Why a retraining that found nothing new promotes nothing."""
    return (
        f"version {version} is the champion already: the training set has not changed, so there "
        "was nothing new to learn"
    )


def promote_or_reject(
    model: ModelContext,
    version: int,
    day: date,
    decision: str,
) -> Promotion | None:
    """Promotes the challenger of a decision, and records what came of it.

    Returns:
        The promotion; None if the version is the champion already, or a later move came first.
    """
    try:
        promoted = promote(model, version, day, decision)
    except OvertakenError as error:
        reject(model.store, decision, day, str(error), version)
        return None
    if promoted is None:
        reject(model.store, decision, day, champion_already(version), version)
    else:
        record_promotion(model.store, promoted)
    return promoted


def carry_out(
    model: ModelContext,
    decision: Decision,
    *,
    trainer: Trainer | None = None,
    on_trial: OnTrial = lambda number, value: None,
) -> Promotion | None:
    """Carries out a decision to retrain from its first step to its outcome.

    Does in one call what the assets of a retraining do one after the other.

    Returns:
        The promotion; None if the challenger was refused, waits for approval, or its training
        failed.
    """
    name, day = decision.id, decision.day
    try:
        with ending(model, name, day):
            return _carried_out(model, decision, trainer, on_trial)
    except Exception:
        if not model.store.decisions.outcome(name):
            raise
        return None


def _carried_out(
    model: ModelContext,
    decision: Decision,
    trainer: Trainer | None,
    on_trial: OnTrial,
) -> Promotion | None:
    name, day = decision.id, decision.day
    chosen = choose_rows(model, day, decision.candidates, name)
    stored = build_training_set(model, day, chosen.since)
    record, _ = train_challenger(model, stored.id, day, on_trial, trainer=trainer)
    if refuse(model.store, name, day, record.version, evaluate_gates(model, record.version)):
        return None
    record_baseline(model, record.version)
    if model.spec.policy.approval == "manual":
        wait_for_approval(model.store, name, day, record.version)
        return None
    return promote_or_reject(model, record.version, day, name)
