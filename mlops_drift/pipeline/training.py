"""The training set of a day, and the version that is trained on it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from math import isfinite

import pyarrow.compute as pc
from pydantic import TypeAdapter

from mlops_drift import settings
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec, digest
from mlops_drift.errors import UserError
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.evaluation import evaluate_within
from mlops_drift.learning.metrics.registry import metric_named, metrics_of
from mlops_drift.learning.search.trial_cache import TrialCache
from mlops_drift.learning.training_set import TrainingSet, split_at_random, split_by_time
from mlops_drift.pipeline.features import require_point_in_time
from mlops_drift.pipeline.logged import OUT_OF_FOLD, RECIPE, SPEC, logged_params
from mlops_drift.registry.base import (
    CHALLENGER,
    LIBRARIES,
    VersionPackage,
    VersionRegistry,
    environment_tag,
    registry_lock,
)
from mlops_drift.registry.code_digests import git_sha, learning_code_digest, lock_digest
from mlops_drift.registry.studies import Studies
from mlops_drift.store.derivation import FeatureError
from mlops_drift.store.records import TrainingSetRecord, VersionRecord

OnTrial = Callable[[int, float], None]
_VERSION = TypeAdapter(VersionRecord)

Trainer = Callable[[ModelSpec, TrainingSet, Mapping[str, str], date, OnTrial], VersionPackage]


class TrainingSetError(UserError):
    """No version can be trained on what is known; the message says what is missing."""


@dataclass(frozen=True)
class StoredSet:
    """A training set in the lake, and the day that it was built for."""

    id: str
    as_of: date
    since: date | None
    training_set: TrainingSet


def build_training_set(model: ModelContext, as_of: date, since: date | None) -> StoredSet:
    """Builds the training set of what was known at the end of `as_of`, and stores it once.

    Raises:
        TrainingSetError: with too few labelled rows, only one class, or derived features that
            are not what features.sql makes of what was known on their day.
    """
    spec, store = model.spec, model.store
    tables = (store.tables.features, store.tables.labels)
    commits = [store.lake.last_commit(table) for table in tables]
    labelled = store.labels.labelled(as_of, since)
    window = f"events from {since or spec.start_date} to {as_of} with labels known by then"
    if labelled.num_rows < 2:
        raise TrainingSetError(
            f"{spec.name}: {labelled.num_rows} {window}; materialize features and labels of more "
            "days first, or choose a later as_of"
        )
    try:
        require_point_in_time(model, labelled)
    except FeatureError as error:
        raise TrainingSetError(f"{spec.name}: {error}") from error
    training = spec.training
    training_set = (
        split_by_time(labelled, spec.key, training.test_share)
        if training.split == "latest"
        else split_at_random(labelled, spec.key, training.test_share, training.seed)
    )
    if spec.target.is_classification:
        seen = sorted(set(training_set.train[spec.target.column].to_pylist()))
        if len(seen) < 2:
            raise TrainingSetError(
                f"{spec.name}: the train split of {window} has only the class {seen[0]!r} "
                f"({training_set.train.num_rows} rows); at least two classes are needed: "
                "choose a longer window or a later as_of"
            )
    stored = StoredSet(store.training_sets.write(training_set), as_of, since, training_set)
    days = pc.min_max(labelled["day"]).as_py()
    record = TrainingSetRecord(
        training_set=stored.id,
        as_of=as_of,
        since=since,
        first_day=days["min"],
        last_day=days["max"],
        rows_train=training_set.train.num_rows,
        rows_test=training_set.test.num_rows,
        features_snapshot=commits[0],
        labels_snapshot=commits[1],
    )
    store.training_sets.add_record(record)
    return stored


def train_challenger(
    model: ModelContext,
    set_id: str,
    as_of: date,
    on_trial: OnTrial,
    *,
    trainer: Trainer | None = None,
) -> tuple[VersionRecord, bool]:
    """Trains and registers a version, or finds the one made from the same set, spec and code.

    Args:
        model: the model.
        set_id: the training set.
        as_of: the day that the set was built for.
        on_trial: called after each trial of the search with its number and value.
        trainer: makes the version; `train_package` where missing.

    Returns:
        The version, and whether it is new.
    """
    spec = model.spec
    identity = {
        "training_set": set_id,
        "spec_digest": spec.learning_digest,
        "code_digest": learning_code_digest(LIBRARIES),
    }
    model.registry.prepare(spec.name)
    with model.registry.lock(registry_lock(spec.name)):
        version = model.registry.find(spec.name, identity)
        is_new = version is None
        if version is None:
            training_set = model.store.training_sets.read(set_id)
            package = (trainer or train_package)(spec, training_set, identity, as_of, on_trial)
            version = model.registry.register(spec.name, package)
        model.registry.set_tag(spec.name, version, environment_tag(settings.environment()), "yes")
        model.registry.set_alias(spec.name, CHALLENGER, version)
    record = _record(model.registry, spec, version, as_of)
    model.store.versions.add(record)
    return record, is_new


def train_package(
    spec: ModelSpec,
    training_set: TrainingSet,
    identity: Mapping[str, str],
    as_of: date,
    on_trial: OnTrial,
    memory: TrialCache | None = None,
) -> VersionPackage:
    """Searches, trains and measures a version: all that the registry keeps of it.

    Args:
        spec: the model.
        training_set: what it learns from, and is measured on.
        identity: what decides the version.
        as_of: the day that the set was built for.
        on_trial: called after each trial of the search with its number and value.
        memory: keeps the trials of exactly this search.

    Raises:
        TrainingSetError: if nothing can be learned from the set.
    """
    from mlops_drift.learning.model import out_of_fold, train
    from mlops_drift.learning.search.search import UnlearnableError

    train_part = training_set.train.to_pandas()
    test_part = training_set.test.to_pandas()
    label, names = spec.target.column, list(spec.columns)
    learned = (
        train_part[names],
        train_part[label].to_numpy(),
        spec.columns,
        spec.target,
        spec.training,
    )
    try:
        trained, found = train(*learned, on_trial, memory)
    except UnlearnableError as error:
        raise TrainingSetError(f"{spec.name}: {error}") from error
    validated = out_of_fold(found.recipe, *learned)
    predicted = trained.predict(test_part[names])
    truth = test_part[label].to_numpy()
    prediction, score = predicted["prediction"].to_numpy(), predicted["score"].to_numpy()
    metric = spec.training.metric
    measured = _test_metrics(spec, truth, prediction, score)
    return VersionPackage(
        pipeline=trained.pipeline,
        example=train_part[names].head(5),
        output=trained.predict(train_part[names].head(5))["prediction"],
        identity=identity,
        tags={
            "as_of": as_of.isoformat(),
            "rows": str(training_set.rows),
            "family": found.recipe.family,
            "metric": metric,
            "value": repr(measured[f"test_{metric}"]),
            "lower": repr(measured[f"test_{metric}_lower"]),
            "upper": repr(measured[f"test_{metric}_upper"]),
            "n_test": str(len(truth)),
            "cv_value": repr(found.value),
            "git_sha": git_sha(settings.PROJECT_ROOT),
            "lock_digest": lock_digest(settings.PROJECT_ROOT),
        },
        params=logged_params(spec.training.seed, found.recipe),
        metrics={
            **{name: number for name, number in measured.items() if isfinite(number)},
            f"cv_{metric}": found.value,
            "rows_train": training_set.train.num_rows,
            "rows_test": training_set.test.num_rows,
        },
        tables={
            RECIPE: asdict(found.recipe),
            OUT_OF_FOLD: {"row": validated.index.tolist(), **validated.to_dict("list")},
            "trials.json": {"trials": [trial.to_dict() for trial in found.trials]},
            # Addresses of receivers may be secrets.
            SPEC: json.loads(spec.model_dump_json(exclude={"notifications"})),
        },
    )


def _test_metrics(
    spec: ModelSpec, truth: Array, prediction: Array, score: Array
) -> dict[str, float]:
    """Every metric that fits the target, on the test split, with its interval; undefined is nan."""
    found: dict[str, float] = {}
    for name in dict.fromkeys([*metrics_of(spec.target.kind), spec.training.metric]):
        value, lower, upper = evaluate_within(
            name, spec.target, truth, prediction, score, seed=spec.training.seed
        )
        numbers = {"": value, "_lower": lower, "_upper": upper}
        found |= {f"test_{name}{part}": number for part, number in numbers.items()}
    return found


def resumable(studies: Studies) -> Trainer:
    """`train_package` whose searches are kept, and go on where they were interrupted.

    A search is named `<model> <training set> <digest of description and code>`, each digest by its
    first twelve characters.

    Args:
        studies: keeps the trials.
    """

    def trainer(
        spec: ModelSpec,
        training_set: TrainingSet,
        identity: Mapping[str, str],
        as_of: date,
        on_trial: OnTrial,
    ) -> VersionPackage:
        made_from = digest([identity["spec_digest"], identity["code_digest"]])
        metric = metric_named(spec.training.metric)
        memory = studies.memory(
            f"{spec.name} {identity['training_set'][:12]} {made_from[:12]}",
            metric.name,
            greater_is_better=metric.greater_is_better,
        )
        return train_package(spec, training_set, identity, as_of, on_trial, memory)

    return trainer


def _record(registry: VersionRegistry, spec: ModelSpec, version: int, as_of: date) -> VersionRecord:
    # Another environment may have trained the same version on another day.
    own = {"version": version, "as_of": as_of, "mlflow_run": registry.run_id(spec.name, version)}
    return _VERSION.validate_python({**registry.tags(spec.name, version), **own})
