"""Who serves an external model: the version that most of the predictions of a day are of."""

from datetime import date, timedelta

from mlops_drift.config.context import ModelContext
from mlops_drift.drift.reference import Reference
from mlops_drift.lifecycle.transitions import record_promotion
from mlops_drift.pipeline.external_predictions import main_versions
from mlops_drift.pipeline.external_reference import Frozen, freeze_reference
from mlops_drift.pipeline.reference_days import reference_day
from mlops_drift.policy.decision import Decision, Outcome
from mlops_drift.registry.base import registry_lock
from mlops_drift.schema.days import days_between
from mlops_drift.sources.base import Source
from mlops_drift.store.lake import Scan
from mlops_drift.store.records import Promotion, VersionRecord
from mlops_drift.store.training_sets import REFERENCE_FILES


def follow_versions(
    model: ModelContext, source: Source, first: date, last: date
) -> list[Promotion]:
    """Records the versions of some days, each with its baseline, and who serves them.

    On a day without predictions, and where two versions have as many, the version before goes on.
    Nobody serves before the reference is known.

    Returns:
        Who serves from one of the days on, in place of another version.
    """
    first = max(first, reference_day(model.spec))
    if first > last:
        return []
    with model.registry.lock(registry_lock(model.spec.name)):
        main = main_versions(model, first, last)
        days = [*days_between(first, last), *_next_day(model, last)]
        main |= main_versions(model, days[-1], days[-1])
        if not main:
            return []
        _record_versions(model, source)
        return [
            promotion
            for day in days
            if day in main and (promotion := _serve(model, day, main[day]))
        ]


def _next_day(model: ModelContext, last: date) -> list[date]:
    """The first later day with predictions: its version goes on after a day that lands late."""
    later = Scan(model.store.tables.landed_predictions, last + timedelta(days=1))
    [found] = model.store.lake.rows("SELECT min(day) AS day FROM p", p=later)
    return [found["day"]] if found["day"] else []


def _record_versions(model: ModelContext, source: Source) -> None:
    """Records the versions that are new, each with its baseline."""
    versions, spec = model.store.versions, model.spec
    known = {one.version for one in versions.all()}
    new = [one for one in versions.external() if one.version not in known]
    frozen: Frozen | None = None
    for one in new:
        frozen = frozen or freeze_reference(model, source)
        model.store.training_sets.write_baseline(frozen.set_id, one.version, frozen.files)
        versions.add(
            VersionRecord(
                version=one.version,
                as_of=max(one.first_day, reference_day(spec)) - timedelta(days=1),
                training_set=frozen.set_id,
                rows=frozen.rows,
                family=one.name,
                metric=spec.training.metric,
                value=frozen.test.value,
                lower=frozen.test.lower,
                upper=frozen.test.upper,
                n_test=frozen.test.n,
                mlflow_run="",
                description=frozen.description,
            )
        )


def _serve(model: ModelContext, day: date, main: list[int]) -> Promotion | None:
    """Puts on record that one of some versions serves since a day; None if it did before."""
    versions = model.store.versions
    before = versions.champions(day, day)[day]
    if before and before.version in main:
        return None
    record = versions.get(main[0])
    stored = model.store.training_sets.read_reference(record.training_set, record.version)
    promotion = Promotion(
        number=len(versions.promotions()) + 1,
        as_of=day - timedelta(days=1),
        version=record.version,
        previous=before.version if before else None,
        training_set=record.training_set,
        reference=Reference.from_files({n: stored[n] for n in REFERENCE_FILES}).digest,
        decision=f"{model.spec.name}-external-{day}-v{record.version}",
        kind="external",
    )
    versions.add_promotion(promotion)
    record_promotion(model.store, promotion)
    return promotion


def record_request(model: ModelContext, decision: Decision, reason: str) -> None:
    """Records that who makes versions elsewhere was called, once."""
    model.store.decisions.record_outcome(decision.id, Outcome("requested", decision.day, reason))
