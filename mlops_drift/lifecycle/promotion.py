"""Who serves: promotion, approval, rejection and rollback, each a decision on record."""

from datetime import date

from mlops_drift.config.context import ModelContext
from mlops_drift.learning.gates.base import GateResult
from mlops_drift.lifecycle.transitions import (
    Person,
    PromotionError,
    effective_day,
    reconcile,
    taken_back,
    transition,
)
from mlops_drift.pipeline.baseline import has_baseline, record_baseline
from mlops_drift.pipeline.gates import evaluate_gates, gate_record
from mlops_drift.policy.decision import DecisionRecord, Outcome
from mlops_drift.policy.situation import waiting_for_approval
from mlops_drift.registry.base import GATES_FILE, registry_lock
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Promotion, RemovedError
from mlops_drift.store.training_sets import canonical_json


class OvertakenError(PromotionError):
    """A later transition came before a decision: its version was taken back, or is too old."""


def promote(model: ModelContext, version: int, as_of: date, decision: str) -> Promotion | None:
    """Makes a version the champion, once, after verifying its gates again.

    A version that a person has taken back is not promoted by itself again.

    Returns:
        The promotion; None if the version is the champion already.

    Raises:
        OvertakenError: if the champion is of a later day, or a person has taken the version back.
        PromotionError: if a gate does not pass, or another decision has followed this one.
    """
    name = model.spec.name
    with model.registry.lock(registry_lock(name)):
        promotions = reconcile(model)
        done = next((item for item in promotions if item.decision == decision), None)
        if done is not None:
            if done != promotions[-1]:
                raise PromotionError(
                    f"decision {decision} promoted version {done.version} of {name} on "
                    f"{done.as_of}, and version {promotions[-1].version} has followed it; "
                    "a decision is carried out once"
                )
            return done
        if promotions and promotions[-1].version == version:
            return None
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
        _require_gates(model, version)
        return transition(model, version, as_of, decision=decision)


def approve(model: ModelContext, person: Person | None, version: int | None = None) -> Promotion:
    """Promotes a version because a person approves it, after verifying its gates again.

    It serves from the day after the last one that has features: the days on which it waited were
    served by the champion before.

    Args:
        model: the model.
        person: who approves, and why; None where nobody was asked.
        version: the version; the challenger that waits where missing.

    Raises:
        PromotionError: if none waits, the version is the champion, a gate does not pass, or
            another transition came first.
    """
    seen = model.store.versions.promotions()
    with model.registry.lock(registry_lock(model.spec.name)):
        promotions = reconcile(model)
        waiting = waiting_decision(model.store, version)
        chosen = waiting.challenger if waiting else version
        if chosen is None:
            raise PromotionError(_none_waits(model))
        _require_there(model, chosen)
        if promotions and promotions[-1].version == chosen:
            raise PromotionError(_champion_since(model, promotions[-1]))
        _require_unchanged(model, seen, promotions)
        gates = _require_gates(model, chosen)
        # By limits that may be others than those of its training.
        record = canonical_json(gate_record(gates))
        model.registry.log_files(model.spec.name, chosen, {GATES_FILE: record})
        # A kill may have left a version without its baseline.
        if not has_baseline(model, chosen):
            record_baseline(model, chosen)
        return transition(
            model,
            chosen,
            effective_day(model.store, chosen),
            kind="decision" if waiting else "promote",
            decision=waiting.id if waiting else None,
            person=person,
        )


def reject_challenger(
    model: ModelContext, person: Person, version: int | None = None
) -> DecisionRecord:
    """Ends the wait of a challenger because a person rejects it.

    Returns:
        The decision, with its outcome.

    Raises:
        PromotionError: if no such challenger waits.
    """
    with model.registry.lock(registry_lock(model.spec.name)):
        reconcile(model)
        waiting = waiting_decision(model.store, version)
        if waiting is None or waiting.challenger is None:
            raise PromotionError(_none_waits(model, version))
        outcome = Outcome(
            "rejected",
            effective_day(model.store, waiting.challenger),
            f"rejected by {person.name}: {person.reason}",
            waiting.challenger,
            person=person.name,
        )
        model.store.decisions.record_outcome(waiting.id, outcome)
        return model.store.decisions.get(waiting.id) or waiting


def rollback(model: ModelContext, person: Person, to: int | None = None) -> Promotion:
    """Lets an earlier champion serve again, from the day after the last one that has features.

    Its gates are not verified again: it has served. What the champion served until now stays.

    Args:
        model: the model.
        person: who takes the champion back, and why.
        to: the version that is to serve; the champion before the present one, of those not taken
            back themselves, where missing.

    Raises:
        PromotionError: if there is no such version, or another transition came first.
        RegistryError: if it cannot be loaded.
    """
    seen = model.store.versions.promotions()
    with model.registry.lock(registry_lock(model.spec.name)):
        promotions = reconcile(model)
        version = _target(model, promotions, to)
        _require_unchanged(model, seen, promotions)
        _require_kept(model.store, version)
        # Loaded before anything changes: what cannot be loaded cannot serve.
        model.registry.pipeline(model.spec.name, version)
        as_of = effective_day(model.store, version)
        return transition(model, version, as_of, kind="rollback", person=person)


def waiting_decision(store: ModelStore, version: int | None = None) -> DecisionRecord | None:
    """The last decision whose challenger, of that version or any, waits for a person."""
    records = store.decisions.records(idle=False)
    return waiting_for_approval([item for item in records if version in (None, item.challenger)])


def _require_there(model: ModelContext, version: int) -> None:
    versions = [record.version for record in model.store.versions.all()]
    if version not in versions:
        raise PromotionError(
            f"{model.spec.name} has no version {version}; its versions are "
            f"{', '.join(map(str, versions)) or 'none yet'}"
        )
    _require_kept(model.store, version)


def _require_kept(store: ModelStore, version: int) -> None:
    try:
        store.versions.require_kept([version])
    except RemovedError as error:
        raise PromotionError(str(error)) from error


def _require_unchanged(
    model: ModelContext, seen: list[Promotion], promotions: list[Promotion]
) -> None:
    """A person decides about the champion that they saw, not about a later one."""
    if len(promotions) > len(seen):
        raise PromotionError(
            f"another transition came first: {_champion_since(model, promotions[-1])}. Look again, "
            "and repeat the command if it is still what you want"
        )


def _require_gates(model: ModelContext, version: int) -> list[GateResult]:
    gates = evaluate_gates(model, version)
    against = [gate for gate in gates if gate.verdict != "pass"]
    if against:
        raise PromotionError(
            f"version {version} of {model.spec.name} may not be promoted: "
            + "; ".join(f"{gate.name} is {gate.verdict} ({gate.summary})" for gate in against)
        )
    return gates


def _target(model: ModelContext, promotions: list[Promotion], to: int | None) -> int:
    name = model.spec.name
    served = list(dict.fromkeys(item.version for item in promotions))
    listed = ", ".join(map(str, served))
    if len(served) < 2:
        raise PromotionError(
            f"{name} has no earlier champion to go back to: "
            + (f"only version {listed} has served" if served else "no version has served yet")
        )
    champion = promotions[-1].version
    if to == champion:
        raise PromotionError(_champion_since(model, promotions[-1]))
    if to is not None and to not in served:
        raise PromotionError(
            f"version {to} of {name} has never served; those that have are {listed}. A version "
            "that has not is approved, not gone back to"
        )
    if to is not None:
        return to
    back = taken_back(promotions)
    first = next(n for n, item in enumerate(promotions) if item.version == champion)
    before = [item.version for item in promotions[:first] if item.version not in back]
    if not before:
        raise PromotionError(
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
        item
        for item in model.store.decisions.records(idle=False)
        if item.status in ("promoted", "rejected") and version in (None, item.challenger)
    ]
    last = f"; the last one: {ended[-1].outcome_reason}" if ended else ""
    return f"{what} of {model.spec.name} waits for approval{last}"
