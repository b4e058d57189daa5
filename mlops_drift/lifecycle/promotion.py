"""Who serves: promotion, approval, rejection and rollback, each a decision on record.

The table of promotions is the truth that days are scored by; the aliases of the registry follow it.
A move writes the table in one commit, so that there is never a moment without a champion, and
whoever moves holds the registry's lock, so that of two one wins and the other is told.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

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
    VersionRegistry,
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
    spec: ModelSpec,
    model: ModelStore,
    registry: VersionRegistry,
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
    with registry.lock(registry_lock(spec.name)):
        promotions = settle(spec, model, registry)
        done = next((item for item in promotions if item.decision == decision), None)
        if done is not None:
            if done != promotions[-1]:
                raise PromotionError(
                    f"decision {decision} promoted version {done.version} of {spec.name} on "
                    f"{done.as_of}, and version {promotions[-1].version} has followed it; "
                    "a decision is carried out once"
                )
            return done
        if promotions and promotions[-1].version == version:
            return None
        _require_not_taken_back(spec, model, promotions, version)
        _require_later_day(spec, promotions, version, as_of)
        _require_gates(spec, model, registry, version)
        return _move(spec, model, registry, version, as_of, decision, None)


def approve(
    spec: ModelSpec,
    model: ModelStore,
    registry: VersionRegistry,
    person: Person | None,
    version: int | None = None,
) -> Promotion:
    """Promotes a version because a person says so, after verifying its gates again.

    It serves from the day after the last one that has features: what went by while it waited was
    served by the champion before.

    Args:
        spec: the model.
        model: its tables.
        registry: its versions.
        person: who approves, and why; None where nobody said so.
        version: the version; the challenger that waits where missing.

    Raises:
        PromotionError: if none waits, the version is the champion, a gate does not pass, or
            another move came first.
    """
    seen = model.promotions()
    with registry.lock(registry_lock(spec.name)):
        promotions = settle(spec, model, registry)
        waiting = waiting_decision(model, version)
        if version is None and waiting is None:
            raise PromotionError(_none_waits(spec, model))
        chosen = int(waiting["challenger"] if waiting else version or 0)
        _require_there(spec, model, chosen)
        if promotions and promotions[-1].version == chosen:
            raise PromotionError(_champion_since(spec, model, promotions[-1]))
        _require_unmoved(spec, model, seen, promotions)
        gates = _require_gates(spec, model, registry, chosen)
        # By limits that may be others than those of its training.
        registry.log_files(spec.name, chosen, {GATES_FILE: canonical_json(gate_record(gates))})
        # A kill may have left a version without what it is born with.
        if not has_baseline(spec, model, registry, chosen):
            record_baseline(spec, model, registry, chosen)
        by_hand = f"{spec.name}-{MANUAL}-{len(promotions) + 1}-v{chosen}"
        decision = waiting["decision"] if waiting else by_hand
        as_of = as_of_now(model, chosen)
        return _move(spec, model, registry, chosen, as_of, decision, person)


def reject_challenger(
    spec: ModelSpec,
    model: ModelStore,
    registry: VersionRegistry,
    person: Person,
    version: int | None = None,
) -> dict[str, Any]:
    """Ends the wait of a challenger because a person says so.

    Returns:
        The decision, as the log has it now.

    Raises:
        PromotionError: if no such challenger waits.
    """
    with registry.lock(registry_lock(spec.name)):
        settle(spec, model, registry)
        waiting = waiting_decision(model, version)
        if waiting is None:
            raise PromotionError(_none_waits(spec, model, version))
        challenger = int(waiting["challenger"])
        model.log.record(
            decision=waiting["decision"],
            stage="rejected",
            day=as_of_now(model, challenger),
            challenger=challenger,
            person=person.name,
            reason=f"rejected by {person.name}: {person.reason}",
        )
        return model.log.entry(waiting["decision"]) or waiting


def rollback(
    spec: ModelSpec,
    model: ModelStore,
    registry: VersionRegistry,
    person: Person,
    to: int | None = None,
) -> Promotion:
    """Lets an earlier champion serve again, from the day after the last one that has features.

    Its gates are not asked again: it has served. What the champion served until now stays.

    Args:
        spec: the model.
        model: its tables.
        registry: its versions.
        person: who takes the champion back, and why.
        to: the version that is to serve; the champion before the present one, of those not taken
            back themselves, where missing.

    Raises:
        PromotionError: if there is no such version, or another move came first.
        RegistryError: if it cannot be loaded.
    """
    seen = model.promotions()
    with registry.lock(registry_lock(spec.name)):
        promotions = settle(spec, model, registry)
        version = _target(spec, model, promotions, to)
        _require_unmoved(spec, model, seen, promotions)
        _require_kept(model, version)
        # Loaded before anything moves: what cannot be loaded cannot serve.
        registry.pipeline(spec.name, version)
        decision = f"{spec.name}-{ROLLBACK}-{len(promotions) + 1}-v{version}"
        as_of = as_of_now(model, version)
        return _move(spec, model, registry, version, as_of, decision, person)


def settle(spec: ModelSpec, model: ModelStore, registry: VersionRegistry) -> list[Promotion]:
    """Finishes a move that was cut short: aliases and record follow the table of promotions.

    Returns:
        The promotions.
    """
    promotions = model.promotions()
    if promotions:
        last = promotions[-1]
        for alias, version in ((PREVIOUS, last.previous), (CHAMPION, last.version)):
            # A version that somebody deleted from the registry is what a rollback is needed for.
            with suppress(RegistryError):
                if version is not None:
                    registry.set_alias(spec.name, alias, version)
        record_promotion(model, last)
    return promotions


def finish(spec: ModelSpec, model: ModelStore, registry: VersionRegistry) -> Promotion | None:
    """Finishes the last move if it was cut short; otherwise the registry is not asked.

    Returns:
        The promotion that was finished; None if there was nothing to finish.
    """
    promotions = model.promotions()
    # The record is what a move ends with.
    entry = model.log.entry(promotions[-1].decision) if promotions else None
    if not promotions or (entry and entry["outcome"] == "promoted"):
        return None
    with registry.lock(registry_lock(spec.name)):
        return settle(spec, model, registry)[-1]


def waiting_decision(model: ModelStore, version: int | None = None) -> dict[str, Any] | None:
    """The last decision whose challenger, of that version or any, waits for a person."""
    waiting = [
        row
        for row in model.log.entries(idle=False)
        if row["outcome"] == "waiting" and version in (None, row["challenger"])
    ]
    return waiting[-1] if waiting else None


def record_promotion(model: ModelStore, promoted: Promotion) -> None:
    """Records the outcome of the decision that a promotion carries out, once.

    And the decision itself, where nothing asked for the move but a person.
    """
    is_rollback = f"-{ROLLBACK}-" in promoted.decision
    if is_rollback or f"-{MANUAL}-" in promoted.decision:
        _record_by_hand(model, promoted, is_rollback)
    how = "brought back" if is_rollback else "approved"
    why = (
        f"{how} by {promoted.person}: {promoted.reason}; it "
        if promoted.person
        else "passed its gates and "
    )
    model.log.record(
        decision=promoted.decision,
        stage="promoted",
        day=promoted.as_of,
        version=promoted.previous,
        challenger=promoted.version,
        person=promoted.person,
        reason=f"version {promoted.version} {why}serves from the next day on",
    )


def _record_by_hand(model: ModelStore, promoted: Promotion, is_rollback: bool) -> None:
    """Records that a person decided on a move, once.

    After the move, from what the table of promotions says of it: what was cut short before it moved
    anything leaves nothing on record.
    """
    if model.log.entry(promoted.decision):
        return
    said = f"{promoted.person}: {promoted.reason}" if promoted.person else "materialized by hand"
    model.log.record(
        decision=promoted.decision,
        stage="decided",
        day=promoted.as_of,
        action=ROLLBACK if is_rollback else "promote",
        rules=[MANUAL],
        version=promoted.previous,
        labelled=sum(model.labelled_counts(promoted.as_of)[0].values()),
        reason=f"version {promoted.previous} taken back by {said}" if is_rollback else said,
    )


def as_of_now(model: ModelStore, version: int) -> date:
    """The last day that has features, or that the version or the champion is of, if later."""
    promotions = model.promotions()
    days = [model.version(version).as_of, model.last_day(), *(item.as_of for item in promotions)]
    return max(day for day in days if day is not None)


def _require_there(spec: ModelSpec, model: ModelStore, version: int) -> None:
    versions = [record.version for record in model.versions()]
    if version not in versions:
        raise PromotionError(
            f"{spec.name} has no version {version}; its versions are "
            f"{', '.join(map(str, versions)) or 'none yet'}"
        )
    _require_kept(model, version)


def _require_kept(model: ModelStore, version: int) -> None:
    try:
        model.require_kept([version])
    except RemovedError as error:
        raise PromotionError(str(error)) from error


def _require_not_taken_back(
    spec: ModelSpec, model: ModelStore, promotions: list[Promotion], version: int
) -> None:
    back = _taken_back(model, promotions).get(version)
    if back is not None:
        raise OvertakenError(
            f"version {version} of {spec.name} was taken back on {back.as_of} ({back.decision}); "
            f"only a person promotes it again: mlops-drift approve {spec.name} --version {version}"
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
    spec: ModelSpec, model: ModelStore, seen: list[Promotion], promotions: list[Promotion]
) -> None:
    """A person decides about the champion that they saw, not about one that they have not seen."""
    if len(promotions) > len(seen):
        raise PromotionError(
            f"another move came first: {_champion_since(spec, model, promotions[-1])}. Look again, "
            "and repeat the command if it is still what you want"
        )


def _require_gates(
    spec: ModelSpec, model: ModelStore, registry: VersionRegistry, version: int
) -> list[GateResult]:
    gates = evaluate_gates(spec, model, registry, version)
    against = [gate for gate in gates if gate.verdict != "pass"]
    if against:
        raise PromotionError(
            f"version {version} of {spec.name} may not be promoted: "
            + "; ".join(f"{gate.name} is {gate.verdict} ({gate.summary})" for gate in against)
        )
    return gates


def _move(
    spec: ModelSpec,
    model: ModelStore,
    registry: VersionRegistry,
    version: int,
    as_of: date,
    decision: str,
    person: Person | None,
) -> Promotion:
    """One commit lets the version serve; aliases and record follow, and can be set again."""
    promotions = model.promotions()
    record = model.version(version)
    reference = Reference.from_files(model.sets.read_reference(record.training_set, version))
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
    registry.set_alias(spec.name, CHALLENGER, version)
    model.add_promotion(promotion)
    settle(spec, model, registry)
    return promotion


def _taken_back(model: ModelStore, promotions: list[Promotion]) -> dict[int, Promotion]:
    """The versions that a rollback replaced and that have not served since, with that rollback."""
    rollbacks = {
        row["decision"] for row in model.log.entries(idle=False) if row["action"] == ROLLBACK
    }
    back: dict[int, Promotion] = {}
    for item in promotions:
        back.pop(item.version, None)
        if item.decision in rollbacks and item.previous is not None:
            back[item.previous] = item
    return back


def _target(spec: ModelSpec, model: ModelStore, promotions: list[Promotion], to: int | None) -> int:
    served = list(dict.fromkeys(item.version for item in promotions))
    if len(served) < 2:
        raise PromotionError(
            f"{spec.name} has no earlier champion to go back to: "
            + (f"only version {served[0]} has served" if served else "no version has served yet")
        )
    champion = promotions[-1].version
    if to is None:
        back = _taken_back(model, promotions)
        first = next(n for n, item in enumerate(promotions) if item.version == champion)
        before = [item.version for item in promotions[:first] if item.version not in back]
        if not before:
            raise PromotionError(
                f"no champion of {spec.name} before version {champion} is left to go back to; "
                f"name one of those that have served: {', '.join(map(str, served))}"
            )
        return before[-1]
    if to == champion:
        raise PromotionError(_champion_since(spec, model, promotions[-1]))
    if to not in served:
        raise PromotionError(
            f"version {to} of {spec.name} has never served; those that have are "
            f"{', '.join(map(str, served))}. A version that has not is approved, not gone back to"
        )
    return to


def _champion_since(spec: ModelSpec, model: ModelStore, champion: Promotion) -> str:
    said = model.log.outcome(champion.decision)
    return f"version {champion.version} is the champion of {spec.name} already" + (
        f" ({said})" if said else ""
    )


def _none_waits(spec: ModelSpec, model: ModelStore, version: int | None = None) -> str:
    """Why there is nothing to approve or to reject, with who was faster."""
    what = "no challenger" if version is None else f"no challenger of version {version}"
    settled = [
        row
        for row in model.log.entries(idle=False)
        if row["outcome"] in ("promoted", "rejected") and version in (None, row["challenger"])
    ]
    last = f"; the last one: {settled[-1]['outcome_reason']}" if settled else ""
    return f"{what} of {spec.name} waits for approval{last}"
