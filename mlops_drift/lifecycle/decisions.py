"""Evidence and history of a model from its tables, and the decision that follows from them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec, digest
from mlops_drift.errors import UserError
from mlops_drift.learning.training_set import TrainingSet
from mlops_drift.monitors.base import CheckEvaluation, Monitor
from mlops_drift.monitors.registry import monitors_of, names
from mlops_drift.pipeline.missing_days import in_short
from mlops_drift.policy.decide import decide, fresh_failures
from mlops_drift.policy.decision import Champion, Decision, Evidence, PastDecision
from mlops_drift.registry.base import LIBRARIES
from mlops_drift.registry.code_digests import code_digest, learning_code_digest
from mlops_drift.store.checks import public_row
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Promotion


def plan_digest(spec: ModelSpec) -> str:
    """Digest of the description, the code and the libraries that a retraining is made by."""
    described = spec.model_dump(mode="json", exclude={"notifications", "retention"})
    return digest([described, code_digest(""), learning_code_digest(LIBRARIES)])


def made_by(model: ModelContext, day: date) -> str:
    """Digest of all that a retraining is made by, the labelled rows as of a day too."""
    try:
        labelled = model.store.labels.labelled(day, None)
        rows = TrainingSet(labelled, labelled.slice(0, 0)).id
    except UserError as error:
        # What cannot be read may be why it failed.
        rows = str(error)
    return digest([plan_digest(model.spec), rows])


def past_decisions(entries: Sequence[dict[str, Any]]) -> list[PastDecision]:
    """The decisions that led to something, as the policy reads them.

    Args:
        entries: of the model's log, in their order.
    """
    return [
        PastDecision(
            id=row["decision"],
            action=row["action"],
            reason=row["reason"],
            day=row["day"],
            rules=tuple(row["rules"]),
            version=row["version"],
            candidates=row["candidates"],
            labelled=row["labelled"] or 0,
            outcome=row["outcome"],
            against=tuple(row["against"]),
        )
        for row in entries
    ]


def _history(
    model: ModelContext,
) -> list[PastDecision]:
    """The decisions so far, and which of those that failed under this champion are superseded."""
    entries = model.store.decisions.entries(idle=False)
    since = max((item.as_of for item in model.store.versions.promotions()), default=date.min)
    return [
        replace(past, superseded=entry["digest"] != made_by(model, past.day))
        if past.outcome == "failed" and past.day >= since
        else past
        for entry, past in zip(entries, past_decisions(entries), strict=True)
    ]


def decide_now(model: ModelContext, day: date) -> Decision:
    """The policy's decision at the end of a day."""
    [decision] = decide_days(model, day, day)
    return decision


def decide_days(model: ModelContext, first: date, last: date) -> Iterator[Decision]:
    """The policy's decision at the end of each of some days, as if none were carried out.

    Its reason names the days without their file: of those that the longest window and the labels
    reach back to, before the first version of all.
    """
    spec = model.spec
    history = _history(model)
    known = {past.id for past in history}
    missing = sorted(
        {row["day"] for row in model.store.landing.missing_files(spec.start_date, last)}
    )
    for evidence in gather_evidence(model, first, last, history):
        decision = decide(spec.name, evidence, history, spec.policy)
        since = spec.start_date
        if evidence.champion:
            since = evidence.day - timedelta(days=spec.lookback.predictions - 1)
        said = in_short([day for day in missing if since <= day <= evidence.day])
        # What is under way has its reason, and a window may have said the same.
        if decision.id not in known and said not in decision.reason:
            decision = replace(decision, reason=decision.reason + said)
        yield decision


def gather_evidence(
    model: ModelContext, first: date, last: date, history: Sequence[PastDecision]
) -> Iterator[Evidence]:
    """What was known about a model at the end of each of some days.

    What can be read once for all of them is. Labels are only counted where they matter: before the
    first version, and where a failure has not been decided about.

    Args:
        model: the model.
        first: first day.
        last: last day.
        history: the decisions so far.
    """
    promotions = model.store.versions.promotions(until=last)
    monitors = monitors_of(model.spec.monitors)
    rules = (
        names(monitors, lambda one: one.confirm),
        names(monitors, lambda one: one.realized),
    )
    read: dict[int, list[CheckEvaluation]] = {}
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        known = [item for item in promotions if item.as_of <= day]
        if not known:
            yield Evidence(day, None, (), *_labels(model, day))
            continue
        promoted = known[-1]
        if promoted.number not in read:
            read[promoted.number] = _failures(model, promoted, last, monitors)
        champion = Champion(promoted.version, promoted.as_of, promoted.decision)
        failed = [check for check in read[promoted.number] if check.day <= day]
        evidence = Evidence(day, champion, failed, {}, (), *rules)
        if fresh_failures(evidence, champion, history, model.spec.policy):
            evidence = Evidence(day, champion, failed, *_labels(model, day), *rules)
        yield evidence


def _failures(
    model: ModelContext, champion: Promotion, until: date, monitors: Sequence[Monitor[Any]]
) -> list[CheckEvaluation]:
    triggers = model.spec.policy.retrain_on
    if not triggers:
        return []
    # Realized performance also says since when, whatever triggers the retraining.
    checks = {*triggers, *names(monitors, lambda one: one.realized)}
    since = champion.as_of + timedelta(days=1)
    found = model.store.checks.find(since, until, checks=checks, failed=True)
    # Data quality is that of the day, whoever was known to serve it when the data landed.
    of_data = names(monitors, lambda one: one.is_about_data)
    return [
        replace(item, version=champion.version) if item.check in of_data else item
        for item in found
        if item.check in of_data or item.version == champion.version
    ]


def _labels(model: ModelContext, day: date) -> tuple[dict[date, int], list[str]]:
    labelled, seen = model.store.labels.counts(day)
    return labelled, [name for name in model.spec.target.classes or [] if name not in seen]


def record_decision(store: ModelStore, decision: Decision) -> bool:
    """Records what was seen and decided, once.

    Returns:
        Whether it was not there yet.
    """
    return store.decisions.record(
        decision=decision.id,
        stage="decided",
        day=decision.day,
        action=decision.action,
        rules=decision.rules,
        version=decision.version,
        candidates=decision.candidates,
        labelled=decision.labelled,
        reason=decision.reason,
        evidence=[public_row(check) for check in decision.evidence],
    )
