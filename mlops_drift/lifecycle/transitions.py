"""A change of who serves: one commit to the table of promotions; aliases and log follow it.

Whoever changes it holds the registry's lock: of two at the same moment one wins and the other is
rejected. A transition that was interrupted is completed by the next call, or was never begun.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from mlops_drift.config.context import ModelContext
from mlops_drift.drift.reference import Reference
from mlops_drift.errors import UserError
from mlops_drift.policy.decision import Decision, Outcome
from mlops_drift.registry.base import CHALLENGER, CHAMPION, PREVIOUS, RegistryError, registry_lock
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Promotion, VersionRecord


@dataclass(frozen=True)
class Person:
    """Who decides about a version, and why: neither is blank."""

    name: str
    reason: str

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.reason.strip():
            raise UserError(
                "a decision of a person needs a name and a reason; found "
                f"name {self.name!r} and reason {self.reason!r}"
            )


def transition(
    model: ModelContext,
    version: int,
    as_of: date | None = None,
    *,
    kind: Literal["decision", "promote", "rollback"] = "decision",
    decision: str | None = None,
    person: Person | None = None,
    at: datetime | None = None,
) -> Promotion:
    """Lets a version serve after a day, or the effective one; the caller holds the lock.

    The kind `decision` carries out one that is on record; the others make one of their own. With a
    moment, in UTC, a live service does not wait for the end of the day.
    """
    name, versions = model.spec.name, model.store.versions
    promotions, record = versions.promotions(), versions.get(version)
    stored = model.store.training_sets.read_reference(record.training_set, version)
    number, by_hand = len(promotions) + 1, "rollback" if kind == "rollback" else "manual"
    promotion = Promotion(
        number=number,
        as_of=as_of or effective_day(model.store, version),
        version=version,
        previous=promotions[-1].version if promotions else None,
        training_set=record.training_set,
        reference=Reference.from_files(stored).digest,
        decision=decision or f"{name}-{by_hand}-{number}-v{version}",
        person=person.name if person else None,
        reason=person.reason if person else None,
        kind=kind,
        at=at,
    )
    versions.add_promotion(promotion)
    _reconcile(model)
    return promotion


@contextmanager
def reconciled(model: ModelContext) -> Iterator[list[Promotion]]:
    """Holds the registry's lock; the promotions, the last one completed if it was interrupted."""
    with model.registry.lock(registry_lock(model.spec.name)):
        yield _reconcile(model)


def _reconcile(model: ModelContext) -> list[Promotion]:
    """Lets aliases and log follow the promotions."""
    promotions = model.store.versions.promotions()
    if promotions:
        last = promotions[-1]
        for alias, version in ((PREVIOUS, last.previous), (CHAMPION, last.version)):
            # A version that somebody deleted from the registry is what a rollback is needed for.
            with suppress(RegistryError):
                if version is not None:
                    model.registry.set_alias(model.spec.name, alias, version)
        model.registry.remove_alias(model.spec.name, CHALLENGER, last.version)
        record_promotion(model.store, last)
    return promotions


def reconcile_interrupted(model: ModelContext) -> Promotion | None:
    """Completes the last transition, if it was interrupted; else the registry is not asked."""
    if model.spec.external:
        return None
    promotions = model.store.versions.promotions()
    # The log is what a transition ends with.
    record = model.store.decisions.get(promotions[-1].decision) if promotions else None
    if not promotions or (record and record.status == "promoted"):
        return None
    with reconciled(model) as promotions:
        return promotions[-1]


def record_promotion(store: ModelStore, promoted: Promotion) -> None:
    """Records the outcome of the decision that a promotion carries out, once.

    A transition of a person is put on record itself here, after its commit: one that was
    interrupted before leaves nothing.
    """
    if promoted.kind != "decision" and store.decisions.get(promoted.decision) is None:
        store.decisions.record(_by_hand(store, promoted))
    why = "passed its gates and "
    if promoted.person:
        how = "brought back" if promoted.kind == "rollback" else "approved"
        why = f"{how} by {promoted.person}: {promoted.reason}; it "
    elif promoted.kind == "external":
        why = ""
    since = f"since {promoted.at} UTC" if promoted.at else "from the next day on"
    reason = f"version {promoted.version} {why}serves {since}"
    outcome = Outcome("promoted", promoted.as_of, reason, promoted.version, person=promoted.person)
    store.decisions.record_outcome(promoted.decision, outcome)


def _by_hand(store: ModelStore, promoted: Promotion) -> Decision:
    reason = f"{promoted.person}: {promoted.reason}" if promoted.person else "materialized by hand"
    if promoted.kind == "external":
        name = store.versions.get(promoted.version).family
        reason = f"most predictions of {promoted.serves_since} are of {name}"
    is_rollback = promoted.kind == "rollback"
    return Decision(
        "rollback" if is_rollback else "promote",
        f"version {promoted.previous} taken back by {reason}" if is_rollback else reason,
        promoted.as_of,
        promoted.decision,
        kind="external" if promoted.kind == "external" else "by_hand",
        version=promoted.previous,
        labelled=sum(store.labels.counts(promoted.as_of)[0].values()),
        sequence=promoted.number,
    )


def taken_back(promotions: list[Promotion]) -> dict[int, Promotion]:
    """The versions that a rollback replaced and that have not served since, with that rollback."""
    back: dict[int, Promotion] = {}
    for item in promotions:
        back.pop(item.version, None)
        if item.kind == "rollback" and item.previous is not None:
            back[item.previous] = item
    return back


def known_version(model: ModelContext, version: int) -> VersionRecord:
    """The record of a version; a UserError names those that there are."""
    records = {record.version: record for record in model.store.versions.all()}
    if version not in records:
        raise UserError(
            f"{model.spec.name} has no version {version}; its versions are "
            f"{', '.join(map(str, records)) or 'none yet'}"
        )
    return records[version]


def effective_day(store: ModelStore, version: int) -> date:
    """After which day a transition serves: the last with features, of the version or champion."""
    days = [
        store.versions.get(version).as_of,
        store.landing.last_day(),
        *(item.as_of for item in store.versions.promotions()),
    ]
    return max(day for day in days if day is not None)
