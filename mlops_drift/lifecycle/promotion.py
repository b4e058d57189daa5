"""Who serves: promotion, approval, rejection and rollback, each a decision on record."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime

from mlops_drift.config.context import ModelContext
from mlops_drift.errors import UserError
from mlops_drift.learning.gates.base import GateResult
from mlops_drift.lifecycle.transitions import (
    Person,
    effective_day,
    known_version,
    reconciled,
    taken_back,
    transition,
)
from mlops_drift.pipeline.baseline import has_baseline, record_baseline
from mlops_drift.pipeline.gates import evaluate_gates, gate_record
from mlops_drift.policy.decision import DecisionRecord, Outcome
from mlops_drift.policy.situation import waiting_for_approval
from mlops_drift.registry.base import CHALLENGER, GATES_FILE, RegistryError, run_name
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Promotion
from mlops_drift.store.write_once import canonical_json


class OvertakenError(UserError):
    """A version is champion already, or an earlier transition keeps it from becoming that."""


def promote(
    model: ModelContext,
    version: int,
    as_of: date,
    decision: str,
    judged: Sequence[GateResult] | None = None,
) -> Promotion:
    """Makes a version the champion, once, after verifying its gates again.

    They are not judged again where `judged`, what they found a moment ago, is given.

    Raises:
        OvertakenError: if it is already, the champion is of a later day, or a person has taken
            the version back.
        UserError: if a gate does not pass, or another decision has followed this one.
    """
    name = model.spec.name
    with reconciled(model) as promotions:
        done = next((item for item in promotions if item.decision == decision), None)
        if done and done != promotions[-1]:
            raise UserError(
                f"decision {decision} promoted version {done.version} of {name} on {done.as_of}, "
                f"and version {promotions[-1].version} has followed it; a decision is carried out "
                "once"
            )
        if done:
            return done
        if promotions and promotions[-1].version == version:
            raise OvertakenError(champion_already(version))
        if back := taken_back(promotions).get(version):
            raise OvertakenError(
                f"version {version} of {name} was taken back on {back.as_of} ({back.decision}); "
                f"only a person promotes it again: mlops-drift approve {name} --version {version}"
            )
        if promotions and as_of < promotions[-1].as_of:
            raise OvertakenError(
                f"version {version} of {name} is of {as_of}, the champion of "
                f"{promotions[-1].as_of}: a day that a later champion served would change; "
                "build a training set as of a later day"
            )
        _require_gates(model, version, judged)
        return transition(model, version, as_of, decision=decision)


def champion_already(version: int) -> str:
    """Why a retraining that found nothing new promotes nothing."""
    return (
        f"version {version} is the champion already: the training set has not changed, so there "
        "was nothing new to learn"
    )


def approve(model: ModelContext, person: Person | None, version: int | None = None) -> Promotion:
    """Promotes a version because a person approves it, after verifying its gates again.

    It serves from the day after the last one that has features: the days on which it waited were
    served by the champion before. Without a number, it is the challenger that waits.

    Raises:
        UserError: if none waits, the version is the champion, unknown or removed, a gate does not
            pass, or another transition came first.
    """
    name, seen = model.spec.name, model.store.versions.promotions()
    with reconciled(model) as promotions:
        waiting = waiting_decision(model.store, version)
        chosen = waiting.challenger if waiting else version
        if chosen is None:
            raise UserError(_none_waits(model))
        known_version(model, chosen)
        model.store.versions.require_kept([chosen])
        if promotions and promotions[-1].version == chosen:
            raise UserError(_champion_since(model, promotions[-1]))
        _require_unchanged(model, seen, promotions)
        # By limits that may be others than those of its training.
        record = canonical_json(gate_record(_require_gates(model, chosen)))
        model.registry.log_files(name, chosen, {GATES_FILE: record})
        # A kill may have left a version without its baseline.
        if not has_baseline(model, chosen):
            record_baseline(model, chosen)
        if waiting:
            return transition(model, chosen, decision=waiting.id, person=person)
        return transition(model, chosen, kind="promote", person=person)


def reject_challenger(
    model: ModelContext, person: Person, version: int | None = None
) -> DecisionRecord:
    """Ends the wait of a challenger because a person rejects it; the decision, with its outcome."""
    store = model.store
    with reconciled(model):
        waiting = waiting_decision(store, version)
        if waiting is None or waiting.challenger is None:
            raise UserError(_none_waits(model, version))
        day = effective_day(store, waiting.challenger)
        reason = f"rejected by {person.name}: {person.reason}"
        outcome = Outcome("rejected", day, reason, waiting.challenger, person=person.name)
        store.decisions.record_outcome(waiting.id, outcome)
        name, challenger = model.spec.name, waiting.challenger
        # A version that somebody deleted from the registry can be rejected too.
        with suppress(RegistryError):
            model.registry.remove_alias(name, CHALLENGER, challenger)
            title = run_name(waiting.day, waiting.cause, challenger)
            model.registry.name_run(name, f"{title}, rejected", challenger)
        return store.decisions.get(waiting.id) or waiting


def rollback(
    model: ModelContext, person: Person, to: int | None = None, at: datetime | None = None
) -> Promotion:
    """Lets an earlier champion serve again, from the day after the last one that has features.

    Its gates are not verified again: it has served. What the champion served until now stays.
    Without a number, it is the champion before, of those not taken back themselves. With a moment,
    in UTC, a live service changes at once.

    Raises:
        UserError: if it never served, was removed or cannot be loaded, or another transition came
            first.
    """
    seen = model.store.versions.promotions()
    with reconciled(model) as promotions:
        version = _target(model, promotions, to)
        _require_unchanged(model, seen, promotions)
        model.store.versions.require_kept([version])
        # Loaded before anything changes: what cannot be loaded cannot serve.
        model.registry.pipeline(model.spec.name, version)
        return transition(model, version, kind="rollback", person=person, at=at)


def waiting_decision(store: ModelStore, version: int | None = None) -> DecisionRecord | None:
    """The last decision whose challenger, of that version or any, waits for a person."""
    records = store.decisions.records(idle=False)
    return waiting_for_approval([item for item in records if version in (None, item.challenger)])


def _require_unchanged(
    model: ModelContext, seen: list[Promotion], promotions: list[Promotion]
) -> None:
    """A person decides about the champion that they saw, not about a later one."""
    if len(promotions) > len(seen):
        raise UserError(
            f"another transition came first: {_champion_since(model, promotions[-1])}. Look again, "
            "and repeat the command if it is still what you want"
        )


def _require_gates(
    model: ModelContext, version: int, judged: Sequence[GateResult] | None = None
) -> Sequence[GateResult]:
    gates = evaluate_gates(model, version) if judged is None else judged
    against = [gate for gate in gates if gate.verdict != "pass"]
    if against:
        raise UserError(
            f"version {version} of {model.spec.name} may not be promoted: "
            + "; ".join(f"{gate.name} is {gate.verdict} ({gate.summary})" for gate in against)
        )
    return gates


def _target(model: ModelContext, promotions: list[Promotion], to: int | None) -> int:
    """The version that a rollback goes back to."""
    name = model.spec.name
    served = list(dict.fromkeys(item.version for item in promotions))
    listed = ", ".join(map(str, served))
    if len(served) < 2:
        so_far = f"only version {listed} has served" if served else "no version has served yet"
        raise UserError(f"{name} has no earlier champion to go back to: {so_far}")
    champion, back = promotions[-1].version, taken_back(promotions)
    if to == champion:
        raise UserError(_champion_since(model, promotions[-1]))
    if to in served:
        return to
    if to is not None:
        raise UserError(
            f"version {to} of {name} has never served; those that have are {listed}. A version "
            "that has not is approved, not gone back to"
        )
    first = next(n for n, item in enumerate(promotions) if item.version == champion)
    before = [item.version for item in promotions[:first] if item.version not in back]
    if not before:
        raise UserError(
            f"no champion of {name} before version {champion} is left to go back to; name one of "
            f"those that have served: {listed}"
        )
    return before[-1]


def _champion_since(model: ModelContext, champion: Promotion) -> str:
    record = model.store.decisions.get(champion.decision)
    because = f" ({record.outcome_reason})" if record and record.outcome else ""
    return f"version {champion.version} is the champion of {model.spec.name} already{because}"


def _none_waits(model: ModelContext, version: int | None = None) -> str:
    """Why there is nothing to approve or to reject, and who decided before."""
    what = "no challenger" if version is None else f"no challenger of version {version}"
    ended = [
        item.outcome_reason
        for item in model.store.decisions.records(idle=False)
        if item.status in ("promoted", "rejected") and version in (None, item.challenger)
    ]
    last = f"; the last one: {ended[-1]}" if ended else ""
    return f"{what} of {model.spec.name} waits for approval{last}"
