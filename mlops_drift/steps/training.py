"""A retraining, step by step: training set, challenger, gates, birth, promotion."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from mlops_drift import settings
from mlops_drift.digests import learning_code_digest
from mlops_drift.drift.reference import Reference
from mlops_drift.lake.model_lake import ModelLake, Promotion, VersionRecord
from mlops_drift.lake.training_sets import (
    IMPORTANCE,
    TEST_PREDICTIONS,
    canonical_json,
    parquet_bytes,
)
from mlops_drift.learning.metrics import evaluate_within
from mlops_drift.learning.training_set import TrainingSet, split_by_time
from mlops_drift.registry.base import (
    CHALLENGER,
    CHAMPION,
    LIBRARIES,
    PREVIOUS,
    Birth,
    VersionRegistry,
)
from mlops_drift.registry.registry import git_sha
from mlops_drift.spec import ModelSpec
from mlops_drift.steps.drift import fit_reference
from mlops_drift.steps.gates import VALIDATED_TAG, evaluate_gates
from mlops_drift.steps.scoring import predict_table

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

# Tag of a version with the digest of its reference, and the folder of that in the version's run.
REFERENCE_TAG = "reference"


OnTrial = Callable[[int, float], None]
Trainer = Callable[[ModelSpec, TrainingSet, Mapping[str, str], date, OnTrial], Birth]


class TrainingSetError(Exception):
    """No version can be trained on what is known; the message says what is missing."""


class PromotionError(Exception):
    """A version may not be promoted; the message says which gate is against it."""


@dataclass(frozen=True)
class StoredSet:
    """A training set in the lake, and the day that it was built for."""

    id: str
    as_of: date
    since: date | None
    training_set: TrainingSet


def build_training_set(
    spec: ModelSpec, model: ModelLake, as_of: date, since: date | None
) -> StoredSet:
    """Builds the training set of what was known at the end of `as_of`, and stores it once.

    Raises:
        TrainingSetError: with too few labelled rows, or only one class.
    """
    labelled = model.labelled(as_of, since)
    window = f"events from {since or spec.start_date} to {as_of} with labels known by then"
    if labelled.num_rows < 2:
        raise TrainingSetError(
            f"{spec.name}: {labelled.num_rows} {window}; materialize features and labels of more "
            "days first, or choose a later as_of"
        )
    training_set = split_by_time(labelled, spec.key, spec.training.test_share)
    if spec.target.is_classification:
        seen = sorted(set(training_set.train[spec.target.column].to_pylist()))
        if len(seen) < 2:
            raise TrainingSetError(
                f"{spec.name}: the train part of {window} has only the class {seen[0]!r} "
                f"({training_set.train.num_rows} rows); at least two classes are needed: "
                "choose a longer window or a later as_of"
            )
    return StoredSet(model.sets.write(training_set), as_of, since, training_set)


def train_challenger(
    spec: ModelSpec,
    model: ModelLake,
    registry: VersionRegistry,
    set_id: str,
    as_of: date,
    on_trial: OnTrial,
    *,
    trainer: Trainer | None = None,
) -> tuple[VersionRecord, bool]:
    """Trains and registers a version, or finds the one made from the same set, spec and code.

    Args:
        spec: the model.
        model: its tables.
        registry: where versions are registered.
        set_id: the training set.
        as_of: the day that the set was built for.
        on_trial: called after each trial of the search with its number and value.
        trainer: makes the version; `train_birth` where missing.

    Returns:
        The version, and whether it is new.
    """
    identity = {
        "training_set": set_id,
        "spec_digest": spec.learning_digest,
        "code_digest": learning_code_digest(LIBRARIES),
    }
    registry.prepare(spec.name)
    with registry.lock(f"registry-{spec.name}"):
        version = registry.find(spec.name, identity)
        is_new = version is None
        if version is None:
            training_set = model.sets.read(set_id)
            birth = (trainer or train_birth)(spec, training_set, identity, as_of, on_trial)
            version = registry.register(spec.name, birth)
        registry.set_alias(spec.name, CHALLENGER, version)
    record = _record(registry, spec, version)
    model.add_version(record)
    return record, is_new


def train_birth(
    spec: ModelSpec,
    training_set: TrainingSet,
    identity: Mapping[str, str],
    as_of: date,
    on_trial: OnTrial,
) -> Birth:
    """Searches, trains and measures a version: all that the registry keeps of it.

    Raises:
        TrainingSetError: if nothing can be learned from the set.
    """
    from mlops_drift.learning.model import train
    from mlops_drift.learning.search import UnlearnableError

    train_part = training_set.train.to_pandas()
    test_part = training_set.test.to_pandas()
    label, names = spec.target.column, list(spec.columns)
    try:
        trained, found = train(
            train_part[names],
            train_part[label].to_numpy(),
            spec.columns,
            spec.target,
            spec.training,
            on_trial,
        )
    except UnlearnableError as error:
        raise TrainingSetError(f"{spec.name}: {error}") from error
    predicted = trained.predict(test_part[names])
    truth = test_part[label].to_numpy()
    prediction, score = predicted["prediction"].to_numpy(), predicted["score"].to_numpy()
    metric, seed = spec.training.metric, spec.training.seed
    value, lower, upper = evaluate_within(metric, spec.target, truth, prediction, score, seed=seed)
    return Birth(
        pipeline=trained.pipeline,
        example=train_part[names].head(5),
        output=trained.predict(train_part[names].head(5))["prediction"],
        identity=identity,
        tags={
            "as_of": as_of.isoformat(),
            "rows": str(training_set.rows),
            "family": trained.family,
            "metric": metric,
            "value": repr(value),
            "lower": repr(lower),
            "upper": repr(upper),
            "n_test": str(len(truth)),
            VALIDATED_TAG: repr(found.value),
            "git_sha": git_sha(settings.PROJECT_ROOT),
        },
        params={"family": trained.family, "seed": seed, **trained.params},
        metrics={
            f"test_{metric}": value,
            f"test_{metric}_lower": lower,
            f"test_{metric}_upper": upper,
            f"cv_{metric}": found.value,
            "rows_train": training_set.train.num_rows,
            "rows_test": training_set.test.num_rows,
        },
        tables={
            "trials.json": {"trials": found.trials},
            # Addresses of receivers may be secrets.
            "spec.json": json.loads(spec.model_dump_json(exclude={"notifications"})),
        },
    )


def _importance(spec: ModelSpec, pipeline: "Pipeline", rows: pd.DataFrame) -> dict[str, float]:
    from mlops_drift.learning.importance import feature_importance

    return feature_importance(
        pipeline,
        spec.target,
        rows[list(spec.columns)],
        rows[spec.target.column].to_numpy(),
        spec.training.metric,
        spec.training.seed,
    )


def _record(registry: VersionRegistry, spec: ModelSpec, version: int) -> VersionRecord:
    tags = registry.tags(spec.name, version)
    return VersionRecord(
        version=version,
        as_of=date.fromisoformat(tags["as_of"]),
        training_set=tags["training_set"],
        rows=int(tags["rows"]),
        family=tags["family"],
        metric=tags["metric"],
        value=float(tags["value"]),
        lower=float(tags["lower"]),
        upper=float(tags["upper"]),
        n_test=int(tags["n_test"]),
        mlflow_run=registry.run_id(spec.name, version),
    )


def record_birth(
    spec: ModelSpec, model: ModelLake, registry: VersionRegistry, version: int
) -> tuple[pa.Table, Reference]:
    """Freezes what a version was born with: test predictions, reference, importance of columns.

    The reference and the importance also go to the MLflow run that trained the version, below
    `reference/`, and the reference's digest becomes the version's tag `reference`.

    Returns:
        The test predictions (key, label, prediction, score) and the reference.
    """
    record = model.version(version)
    training_set = model.sets.read(record.training_set)
    predicted = predict_table(spec, registry, version, training_set.test)
    predictions = predicted.append_column(spec.target.column, training_set.test[spec.target.column])
    features = pa.concat_tables([training_set.train, training_set.test])
    reference = fit_reference(spec, features, predictions)
    importance = _importance(
        spec, registry.pipeline(spec.name, version), training_set.test.to_pandas()
    )
    published = {**reference.to_files(), IMPORTANCE: canonical_json(importance)}
    model.sets.write_birth(
        record.training_set, version, {TEST_PREDICTIONS: parquet_bytes(predictions), **published}
    )
    # The tag comes last: a version that has it has the files too.
    if registry.tags(spec.name, version).get(REFERENCE_TAG) != reference.digest:
        files = {f"{REFERENCE_TAG}/{name}": content for name, content in published.items()}
        registry.log_files(spec.name, version, files)
        registry.set_tag(spec.name, version, REFERENCE_TAG, reference.digest)
    return predictions, reference


def promote(
    spec: ModelSpec,
    model: ModelLake,
    registry: VersionRegistry,
    version: int,
    as_of: date,
    decision: str,
) -> Promotion | None:
    """Makes a version the champion, once, after verifying its gates again.

    Returns:
        The promotion; None if the version is the champion already.

    Raises:
        PromotionError: if a gate does not pass, or the champion is of a later day.
    """
    record = model.version(version)
    with registry.lock(f"registry-{spec.name}"):
        promotions = model.promotions()
        done = [item for item in promotions if item.decision == decision]
        if done and done[-1] != promotions[-1]:
            raise PromotionError(
                f"decision {decision} promoted version {done[-1].version} of {spec.name} on "
                f"{done[-1].as_of}, and version {promotions[-1].version} has followed it; "
                "a decision is carried out once"
            )
        if not done and promotions and promotions[-1].version == version:
            return None
        if not done and promotions and as_of < promotions[-1].as_of:
            raise PromotionError(
                f"version {version} of {spec.name} is of {as_of}, the champion of "
                f"{promotions[-1].as_of}: a day that a later champion served would change; "
                "build a training set as of a later day"
            )
        if not done:
            against = [
                gate
                for gate in evaluate_gates(spec, model, registry, version)
                if gate.verdict != "pass"
            ]
            if against:
                raise PromotionError(
                    f"version {version} of {spec.name} may not be promoted: "
                    + "; ".join(
                        f"{gate.name} is {gate.verdict} ({gate.summary})" for gate in against
                    )
                )
        promotion = done[0] if done else _promotion(model, record, as_of, decision)
        # Aliases first: a kill in between leaves a promotion that is done again, with one outcome.
        if promotion.previous is not None:
            registry.set_alias(spec.name, PREVIOUS, promotion.previous)
        registry.set_alias(spec.name, CHAMPION, version)
        model.add_promotion(promotion)
        return promotion


def _promotion(model: ModelLake, record: VersionRecord, as_of: date, decision: str) -> Promotion:
    promotions = model.promotions()
    reference = Reference.from_files(model.sets.read_reference(record.training_set, record.version))
    return Promotion(
        number=len(promotions) + 1,
        as_of=as_of,
        version=record.version,
        previous=promotions[-1].version if promotions else None,
        training_set=record.training_set,
        reference=reference.digest,
        decision=decision,
    )
