"""Who serves: promotion, approval, rejection and rollback, each a decision on record.

The table of promotions is the truth that days are scored by; the aliases of the registry follow it.
A move writes the table in one commit, so that there is never a moment without a champion, and
whoever moves holds the registry's lock, so that of two one wins and the other is told.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.drift.reference import Reference
from mlops_drift.errors import UserError
from mlops_drift.learning.gates.base import GateResult
from mlops_drift.pipeline.gates import evaluate_gates, gate_record
from mlops_drift.pipeline.training import has_baseline, record_baseline
from mlops_drift.policy.decision import MANUAL
from mlops_drift.registry.base import (
    CHALLENGER,
    CHAMPION,
    GATES_FILE,
    PREVIOUS,
    RegistryError,
    registry_lock,
)
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Promotion, RemovedError
from mlops_drift.store.training_sets import canonical_json

ROLLBACK = "rollback"


class PromotionError(UserError):
    """A version may not be moved as asked; the message says what is against it."""


class OvertakenError(PromotionError):
    """A later move came before a decision: its version was taken back, or is of a day past."""


@dataclass(frozen=True)
class Person:
    """Who moves a version, and why.

    Raises:
        PromotionError: if one of the two is blank.
    """

    name: str
    reason: str

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.reason.strip():
            raise PromotionError(
                "who decides, and why, must both be said; found "
                f"name {self.name!r} and reason {self.reason!r}"
            )


def promote(
    model: ModelContext,
    version: int,
    as_of: date,
    decision: str,
) -> Promotion | None:
    """Makes a version the champion, once, after verifying its gates again.

    A version that a person has taken back is not promoted by itself again.

    Returns:
        The promotion; None if the version is the champion already.

    Raises:
        OvertakenError: if the champion is of a later day, or a person has taken the version back.
        PromotionError: if a gate does not pass, or another decision has followed this one.
    """
    with model.registry.lock(registry_lock(model.spec.name)):
        promotions = settle(model)
        done = next((item for item in promotions if item.decision == decision), None)
        if done is not None:
            if done != promotions[-1]:
                raise PromotionError(
                    f"decision {decision} promoted version {done.version} of {model.spec.name} on "
                    f"{done.as_of}, and version {promotions[-1].version} has followed it; "
                    "a decision is carried out once"
                )
            return done
        if promotions and promotions[-1].version == version:
            return None
        _require_not_taken_back(model, promotions, version)
        _require_later_day(model.spec, promotions, version, as_of)
        _require_gates(model, version)
        return _move(model, version, as_of, decision, None)


def approve(
    model: ModelContext,
    person: Person | None,
    version: int | None = None,
) -> Promotion:
    """Promotes a version because a person says so, after verifying its gates again.

    It serves from the day after the last one that has features: what went by while it waited was
    served by the champion before.

    Args:
        model: the model.
        person: who approves, and why; None where nobody said so.
        version: the version; the challenger that waits where missing.

    Raises:
        PromotionError: if none waits, the version is the champion, a gate does not pass, or
            another move came first.
    """
    seen = model.store.versions.promotions()
    with model.registry.lock(registry_lock(model.spec.name)):
        promotions = settle(model)
        waiting = waiting_decision(model.store, version)
        if version is None and waiting is None:
            raise PromotionError(_none_waits(model))
        chosen = int(waiting["challenger"] if waiting else version or 0)
        _require_there(model, chosen)
        if promotions and promotions[-1].version == chosen:
            raise PromotionError(_champion_since(model, promotions[-1]))
        _require_unmoved(model, seen, promotions)
        gates = _require_gates(model, chosen)
        # By limits that may be others than those of its training.
        model.registry.log_files(
            model.spec.name, chosen, {GATES_FILE: canonical_json(gate_record(gates))}
        )
        # A kill may have left a version without what it is born with.
        if not has_baseline(model, chosen):
            record_baseline(model, chosen)
        by_hand = f"{model.spec.name}-{MANUAL}-{len(promotions) + 1}-v{chosen}"
        decision = waiting["decision"] if waiting else by_hand
        as_of = as_of_now(model.store, chosen)
        return _move(model, chosen, as_of, decision, person)


def reject_challenger(
    model: ModelContext,
    person: Person,
    version: int | None = None,
) -> dict[str, Any]:
    """Ends the wait of a challenger because a person says so.

    Returns:
        The decision, as the log has it now.

    Raises:
        PromotionError: if no such challenger waits.
    """
    with model.registry.lock(registry_lock(model.spec.name)):
        settle(model)
        waiting = waiting_decision(model.store, version)
        if waiting is None:
            raise PromotionError(_none_waits(model, version))
        challenger = int(waiting["challenger"])
        model.store.decisions.record(
            decision=waiting["decision"],
            stage="rejected",
            day=as_of_now(model.store, challenger),
            challenger=challenger,
            person=person.name,
            reason=f"rejected by {person.name}: {person.reason}",
        )
        return model.store.decisions.entry(waiting["decision"]) or waiting


def rollback(
    model: ModelContext,
    person: Person,
    to: int | None = None,
) -> Promotion:
    """Lets an earlier champion serve again, from the day after the last one that has features.

    Its gates are not asked again: it has served. What the champion served until now stays.

    Args:
        model: the model.
        person: who takes the champion back, and why.
        to: the version that is to serve; the champion before the present one, of those not taken
            back themselves, where missing.

    Raises:
        PromotionError: if there is no such version, or another move came first.
        RegistryError: if it cannot be loaded.
    """
    seen = model.store.versions.promotions()
    with model.registry.lock(registry_lock(model.spec.name)):
        promotions = settle(model)
        version = _target(model, promotions, to)
        _require_unmoved(model, seen, promotions)
        _require_kept(model.store, version)
        # Loaded before anything moves: what cannot be loaded cannot serve.
        model.registry.pipeline(model.spec.name, version)
        decision = f"{model.spec.name}-{ROLLBACK}-{len(promotions) + 1}-v{version}"
        as_of = as_of_now(model.store, version)
        return _move(model, version, as_of, decision, person)


def settle(
    model: ModelContext,
) -> list[Promotion]:
    """Finishes a move that was cut short: aliases and record follow the table of promotions.

    Returns:
        The promotions.
    """
    promotions = model.store.versions.promotions()
    if promotions:
        last = promotions[-1]
        for alias, version in ((PREVIOUS, last.previous), (CHAMPION, last.version)):
            # A version that somebody deleted from the registry is what a rollback is needed for.
            with suppress(RegistryError):
                if version is not None:
                    model.registry.set_alias(model.spec.name, alias, version)
        record_promotion(model.store, last)
    return promotions


def finish(
    model: ModelContext,
) -> Promotion | None:
    """Finishes the last move if it was cut short; otherwise the registry is not asked.

    Returns:
        The promotion that was finished; None if there was nothing to finish.
    """
    promotions = model.store.versions.promotions()
    # The record is what a move ends with.
    entry = model.store.decisions.entry(promotions[-1].decision) if promotions else None
    if not promotions or (entry and entry["outcome"] == "promoted"):
        return None
    with model.registry.lock(registry_lock(model.spec.name)):
        return settle(model)[-1]


def waiting_decision(store: ModelStore, version: int | None = None) -> dict[str, Any] | None:
    """The last decision whose challenger, of that version or any, waits for a person."""
    waiting = [
        row
        for row in store.decisions.entries(idle=False)
        if row["outcome"] == "waiting" and version in (None, row["challenger"])
    ]
    return waiting[-1] if waiting else None


def record_promotion(store: ModelStore, promoted: Promotion) -> None:
    """Records the outcome of the decision that a promotion carries out, once.

    And the decision itself, where nothing asked for the move but a person.
    """
    is_rollback = f"-{ROLLBACK}-" in promoted.decision
    if is_rollback or f"-{MANUAL}-" in promoted.decision:
        _record_by_hand(store, promoted, is_rollback)
    how = "brought back" if is_rollback else "approved"
    why = (
        f"{how} by {promoted.person}: {promoted.reason}; it "
        if promoted.person
        else "passed its gates and "
    )
    store.decisions.record(
        decision=promoted.decision,
        stage="promoted",
        day=promoted.as_of,
        version=promoted.previous,
        challenger=promoted.version,
        person=promoted.person,
        reason=f"version {promoted.version} {why}serves from the next day on",
    )


def _record_by_hand(store: ModelStore, promoted: Promotion, is_rollback: bool) -> None:
    """Records that a person decided on a move, once.

    After the move, from what the table of promotions says of it: what was cut short before it moved
    anything leaves nothing on record.
    """
    if store.decisions.entry(promoted.decision):
        return
    said = f"{promoted.person}: {promoted.reason}" if promoted.person else "materialized by hand"
    store.decisions.record(
        decision=promoted.decision,
        stage="decided",
        day=promoted.as_of,
        action=ROLLBACK if is_rollback else "promote",
        rules=[MANUAL],
        version=promoted.previous,
        labelled=sum(store.labels.counts(promoted.as_of)[0].values()),
        reason=f"version {promoted.previous} taken back by {said}" if is_rollback else said,
    )


def as_of_now(store: ModelStore, version: int) -> date:
    """The last day that has features, or that the version or the champion is of, if later."""
    promotions = store.versions.promotions()
    days = [
        store.versions.get(version).as_of,
        store.landing.last_day(),
        *(item.as_of for item in promotions),
    ]
    return max(day for day in days if day is not None)


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


def _require_not_taken_back(model: ModelContext, promotions: list[Promotion], version: int) -> None:
    back, name = _taken_back(model.store, promotions).get(version), model.spec.name
    if back is not None:
        raise OvertakenError(
            f"version {version} of {name} was taken back on {back.as_of} ({back.decision}); "
            f"only a person promotes it again: mlops-drift approve {name} --version {version}"
        )


def _require_later_day(
    spec: ModelSpec, promotions: list[Promotion], version: int, as_of: date
) -> None:
    if promotions and as_of < promotions[-1].as_of:
        raise OvertakenError(
            f"version {version} of {spec.name} is of {as_of}, the champion of "
            f"{promotions[-1].as_of}: a day that a later champion served would change; "
            "build a training set as of a later day"
        )


def _require_unmoved(
    model: ModelContext, seen: list[Promotion], promotions: list[Promotion]
) -> None:
    """A person decides about the champion that they saw, not about one that they have not seen."""
    if len(promotions) > len(seen):
        raise PromotionError(
            f"another move came first: {_champion_since(model, promotions[-1])}. Look again, "
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


def _move(
    model: ModelContext,
    version: int,
    as_of: date,
    decision: str,
    person: Person | None,
) -> Promotion:
    """One commit lets the version serve; aliases and record follow, and can be set again."""
    promotions = model.store.versions.promotions()
    record = model.store.versions.get(version)
    reference = Reference.from_files(
        model.store.training_sets.read_reference(record.training_set, version)
    )
    promotion = Promotion(
        number=len(promotions) + 1,
        as_of=as_of,
        version=version,
        previous=promotions[-1].version if promotions else None,
        training_set=record.training_set,
        reference=reference.digest,
        decision=decision,
        person=person.name if person else None,
        reason=person.reason if person else None,
    )
    model.registry.set_alias(model.spec.name, CHALLENGER, version)
    model.store.versions.add_promotion(promotion)
    settle(model)
    return promotion


def _taken_back(store: ModelStore, promotions: list[Promotion]) -> dict[int, Promotion]:
    """The versions that a rollback replaced and that have not served since, with that rollback."""
    rollbacks = {
        row["decision"] for row in store.decisions.entries(idle=False) if row["action"] == ROLLBACK
    }
    back: dict[int, Promotion] = {}
    for item in promotions:
        back.pop(item.version, None)
        if item.decision in rollbacks and item.previous is not None:
            back[item.previous] = item
    return back


def _target(model: ModelContext, promotions: list[Promotion], to: int | None) -> int:
    served = list(dict.fromkeys(item.version for item in promotions))
    if len(served) < 2:
        raise PromotionError(
            f"{model.spec.name} has no earlier champion to go back to: "
            + (f"only version {served[0]} has served" if served else "no version has served yet")
        )
    champion = promotions[-1].version
    if to is None:
        back = _taken_back(model.store, promotions)
        first = next(n for n, item in enumerate(promotions) if item.version == champion)
        before = [item.version for item in promotions[:first] if item.version not in back]
        if not before:
            raise PromotionError(
                f"no champion of {model.spec.name} before version {champion} is left to go back "
                f"to; name one of those that have served: {', '.join(map(str, served))}"
            )
        return before[-1]
    if to == champion:
        raise PromotionError(_champion_since(model, promotions[-1]))
    if to not in served:
        raise PromotionError(
            f"version {to} of {model.spec.name} has never served; those that have are "
            f"{', '.join(map(str, served))}. A version that has not is approved, not gone back to"
        )
    return to


def _champion_since(model: ModelContext, champion: Promotion) -> str:
    said = model.store.decisions.outcome(champion.decision)
    return f"version {champion.version} is the champion of {model.spec.name} already" + (
        f" ({said})" if said else ""
    )


def _none_waits(model: ModelContext, version: int | None = None) -> str:
    """Why there is nothing to approve or to reject, with who was faster."""
    what = "no challenger" if version is None else f"no challenger of version {version}"
    settled = [
        row
        for row in model.store.decisions.entries(idle=False)
        if row["outcome"] in ("promoted", "rejected") and version in (None, row["challenger"])
    ]
    last = f"; the last one: {settled[-1]['outcome_reason']}" if settled else ""
    return f"{what} of {model.spec.name} waits for approval{last}"
