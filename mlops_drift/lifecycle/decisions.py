"""Evidence and history of a model from its tables, and the decision that follows from them."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec, digest
from mlops_drift.config.version_columns import changed_columns
from mlops_drift.errors import UserError
from mlops_drift.monitors.base import CheckEvaluation, Monitor
from mlops_drift.monitors.registry import monitors_of
from mlops_drift.pipeline.living import columns_since
from mlops_drift.pipeline.missing_days import in_short
from mlops_drift.pipeline.reference_days import awaited_predictions
from mlops_drift.policy.decide import decide
from mlops_drift.policy.decision import COLUMNS_CHANGED, Champion, Decision, DecisionRecord
from mlops_drift.policy.situation import Evidence, Situation
from mlops_drift.registry.base import LIBRARIES
from mlops_drift.registry.code_digests import code_digest, learning_code_digest
from mlops_drift.schema.days import days_between
from mlops_drift.store.records import Promotion


def plan_digest(spec: ModelSpec) -> str:
    """Digest of the description, the code and the libraries that a retraining is made by."""
    described = spec.model_dump(mode="json", exclude={"notifications", "retention", "rules"})
    own = spec.training.own_paths + spec.gates.own_paths
    return digest([described, code_digest(""), learning_code_digest(LIBRARIES, own)])


def inputs_digest(model: ModelContext, day: date) -> str:
    """Digest of all that a retraining is made by, the labelled rows as of a day too."""
    try:
        rows = model.store.labels.fingerprint(day)
    except UserError as error:
        # What cannot be read may be why it failed.
        rows = str(error)
    return digest([plan_digest(model.spec), rows])


def decision_history(model: ModelContext) -> list[DecisionRecord]:
    """The decisions so far, and which of those that failed under this champion are superseded."""
    since = max((item.as_of for item in model.store.versions.promotions()), default=date.min)
    return [
        replace(past, superseded=past.outcome.digest != inputs_digest(model, past.day))
        if past.outcome and past.status == "failed" and past.day >= since
        else past
        for past in model.store.decisions.records(idle=False)
    ]


def decide_now(model: ModelContext, day: date) -> Decision:
    """The policy's decision at the end of a day."""
    return next(decide_days(model, day, day))


def decide_days(model: ModelContext, first: date, last: date) -> Iterator[Decision]:
    """The policy's decision at the end of each of some days, as if none were carried out.

    Its reason names the days without their file: of those that the longest window and the labels
    reach back to, before the first version of all.
    """
    spec = model.spec
    history = decision_history(model)
    known = {past.id for past in history}
    files = model.store.landing.missing_files(spec.start_date, last)
    missing = sorted({row["day"] for row in files})
    reach = timedelta(days=spec.lookback.predictions - 1)
    policy = spec.policy
    if spec.external and policy.action is None:
        policy = policy.model_copy(update={"mode": "alert"})
    for evidence in gather_evidence(model, first, last, history):
        awaited = awaited_predictions(spec, evidence.day) if spec.external else ""
        decision = decide(spec.name, evidence, history, policy, awaited)
        since = evidence.day - reach if evidence.champion else spec.start_date
        note = in_short([day for day in missing if since <= day <= evidence.day])
        # What is under way has its reason, and a window may have named the same days.
        if decision.id not in known and note not in decision.reason:
            decision = replace(decision, reason=decision.reason + note)
        yield decision


def gather_evidence(
    model: ModelContext, first: date, last: date, history: Sequence[DecisionRecord]
) -> Iterator[Evidence]:
    """What was known about a model at the end of each of some days.

    What can be read once for all of them is. Labels are only counted where they matter: before the
    first version, and where a failure has not been decided about.
    """
    promotions = model.store.versions.promotions(until=last)
    monitors = monitors_of(model.spec.monitors)
    confirm = frozenset(one.name for one in monitors if one.confirm)
    realized = frozenset(one.name for one in monitors if one.realized)
    read: dict[int, list[CheckEvaluation]] = {}
    for day in days_between(first, last):
        known = [item for item in promotions if item.as_of <= day]
        if not known:
            yield Evidence(day, None, (), *_labels(model, day), columns_since=columns_since(model))
            continue
        promoted = known[-1]
        if promoted.number not in read:
            read[promoted.number] = _failures(model, promoted, last, monitors)
        champion = Champion(promoted.version, promoted.as_of, promoted.decision)
        failed = [check for check in read[promoted.number] if check.day <= day]
        # What is made elsewhere has its columns from there.
        if not model.spec.external and (changed := _columns_changed(model, promoted.version, day)):
            failed.append(changed)
        evidence = Evidence(day, champion, failed, {}, (), confirm, realized)
        if Situation(model.spec.name, evidence, history, model.spec.policy).fresh:
            labelled, missing = _labels(model, day)
            evidence = replace(
                evidence,
                labelled=labelled,
                missing_classes=missing,
                columns_since=columns_since(model),
            )
        yield evidence


def _columns_changed(model: ModelContext, version: int, day: date) -> CheckEvaluation | None:
    """That a version knows other columns than are declared, as a failed check of a day."""
    found = changed_columns(model.of_version(version).spec, model.spec)
    if not found:
        return None
    return CheckEvaluation(
        check=COLUMNS_CHANGED,
        day=day,
        production_day=day,
        version=version,
        subject="columns",
        window=0,
        verdict="fail",
        code=COLUMNS_CHANGED,
        reason=f"the columns have changed since version {version} was trained: {', '.join(found)}",
        value=len(found),
        threshold=0,
        n=len(model.spec.columns),
    )


def _failures(
    model: ModelContext, champion: Promotion, until: date, monitors: Sequence[Monitor[Any]]
) -> list[CheckEvaluation]:
    triggers = model.spec.policy.retrain_on
    if not triggers:
        return []
    # Realized performance also says since when, whatever triggers the retraining.
    checks = {*triggers, *frozenset(one.name for one in monitors if one.realized)}
    since = champion.as_of + timedelta(days=1)
    found = model.store.checks.find(since, until, checks=checks, failed=True)
    # What landed is judged whoever serves: it counts for the champion of the day.
    of_data = frozenset(one.name for one in monitors if one.is_about_data)
    return [
        replace(item, version=champion.version) if item.check in of_data else item
        for item in found
        if item.check in of_data or item.version == champion.version
    ]


def _labels(model: ModelContext, day: date) -> tuple[dict[date, int], list[str]]:
    labelled, seen = model.store.labels.counts(day)
    return labelled, [name for name in model.spec.target.classes or [] if name not in seen]


_OF_DECISIONS = ("day", "action", "kind", "version", "challenger", "since", "training_set")
_OF_EVIDENCE = ("day", "production_day", "version", "window", "value", "threshold", "n", "reason")


def published(record: DecisionRecord) -> dict[str, object]:
    """A decision with its outcome, by the names that JSON documents have for its fields."""
    outcome = record.outcome
    return {
        "decision": record.id,
        **{name: getattr(record, name) for name in _OF_DECISIONS},
        "rules": list(record.rules),
        "candidates": dict(record.candidates),
        "training_window": record.window,
        "scores": [asdict(score) for score in record.scores],
        "labelled": record.labelled,
        "reason": record.reason,
        "evidence": [published_evidence(item) for item in record.evidence],
        "person": outcome.person if outcome else None,
        "digest": outcome.digest if outcome else None,
        "against": list(outcome.failed_gates) if outcome else [],
        "outcome": record.status,
        "outcome_reason": record.outcome_reason,
        "settled": outcome.day if outcome else None,
    }


def published_evidence(item: CheckEvaluation) -> dict[str, object]:
    """An evaluation, by the names that JSON documents have for its fields."""
    named = {"check": item.check, "column": item.subject}
    return named | {name: getattr(item, name) for name in _OF_EVIDENCE}
