"""The training set of a day, and the version that is trained on it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from math import isfinite
from time import monotonic
from typing import TYPE_CHECKING

import pyarrow.compute as pc
from pydantic import TypeAdapter

from mlops_drift import project, settings
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec, digest, learning_digest
from mlops_drift.config.version_columns import VersionColumns
from mlops_drift.errors import UserError
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.evaluation import evaluate_within
from mlops_drift.learning.metrics.registry import metric_named, metrics_of
from mlops_drift.learning.search.trial_cache import TrialCache
from mlops_drift.learning.training_set import TrainingSet, split_at_random, split_by_time
from mlops_drift.pipeline.features import require_point_in_time
from mlops_drift.pipeline.labelled import labelled_rows
from mlops_drift.pipeline.living import columns_since
from mlops_drift.pipeline.logged import OUT_OF_FOLD, RECIPE, SPEC, logged_params
from mlops_drift.policy.situation import NO_DAY_YET
from mlops_drift.registry.base import (
    CHALLENGER,
    COMPILED,
    COMPILED_TAG,
    LIBRARIES,
    VERSION_FILE,
    Split,
    VersionPackage,
    environment_tag,
    registry_lock,
    training_lock,
)
from mlops_drift.registry.code_digests import git_sha, learning_code_digest, lock_digest
from mlops_drift.registry.studies import Studies
from mlops_drift.store.records import TrainingSetRecord, VersionRecord
from mlops_drift.store.sealed import FeatureError

if TYPE_CHECKING:
    from mlops_drift.learning.search.search import Trial

_VERSION = TypeAdapter(VersionRecord)

# Called after each trial of a search.
OnTrial = Callable[["Trial"], None]
Trainer = Callable[[ModelSpec, TrainingSet, Mapping[str, str], date, OnTrial], VersionPackage]


class TrainingSetError(UserError):
    """No version can be trained on what is known; the message says what is missing."""


@dataclass(frozen=True)
class StoredSet:
    """A training set in the lake, and the days that it was built for."""

    id: str
    as_of: date
    since: date | None
    training_set: TrainingSet


def build_training_set(model: ModelContext, as_of: date, since: date | None) -> StoredSet:
    """Builds the training set of what was known at the end of `as_of`, and stores it once.

    Of more than `training.max_rows` labelled rows it takes a sample. Of a column that was declared
    later than others, only the days since then have values: earlier ones are left out.

    Raises:
        TrainingSetError: with too few labelled rows, only one class, or derived features that
            are not what features.sql makes of what was known on their day.
    """
    spec, store = model.spec, model.store
    lake, tables = store.lake, store.tables
    # Days before have no values of a column that came later.
    kept = columns_since(model)
    if kept == NO_DAY_YET:
        raise TrainingSetError(
            f"{spec.name}: no day has landed since the columns have changed; land one first, or "
            "land earlier ones again"
        )
    since = max(since, kept) if since and kept else since or kept
    commits = lake.last_commit(tables.features), lake.last_commit(tables.labels)
    found = labelled_rows(model, as_of, since)
    labelled = found.rows
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
        seen = pc.unique(training_set.train[spec.target.column]).to_pylist()
        if len(seen) < 2:
            raise TrainingSetError(
                f"{spec.name}: the train split of {window} has only the class {seen[0]!r} "
                f"({training_set.train.num_rows} rows); at least two classes are needed: "
                "choose a longer window or a later as_of"
            )
    set_id = store.training_sets.write(training_set)
    days = pc.min_max(labelled["day"]).as_py()
    rows = training_set.train.num_rows, training_set.test.num_rows
    built = set_id, as_of, since, days["min"], days["max"]
    store.training_sets.add_record(TrainingSetRecord(*built, *rows, *commits, found.known))
    return StoredSet(set_id, as_of, since, training_set)


def train_challenger(
    model: ModelContext, set_id: str, as_of: date, on_trial: OnTrial, trainer: Trainer | None = None
) -> tuple[VersionRecord, bool]:
    """Trains and registers a version, or finds the one made from the same set, spec and code.

    The trainer is `train_package` by default, and calls `on_trial` after each trial of its search.

    Returns:
        The version, and whether it is new.
    """
    spec = model.spec
    identity = {
        "training_set": set_id,
        "spec_digest": learning_digest(spec),
        "code_digest": learning_code_digest(LIBRARIES, spec.training.own_paths),
    }
    model.registry.prepare(spec.name)
    # A person who takes a version back does not wait for a training.
    with model.registry.lock(training_lock(spec.name)):
        version = model.registry.find(spec.name, identity)
        is_new = version is None
        if version is None:
            training_set = model.store.training_sets.read(set_id)
            package = (trainer or train_package)(spec, training_set, identity, as_of, on_trial)
            source = str(model.store.training_sets.folder / set_id)
            splits = [
                Split(part, set_id, source, rows.num_rows)
                for part, rows in training_set.parts.items()
            ]
            version = model.registry.register(spec.name, replace(package, splits=splits))
        with model.registry.lock(registry_lock(spec.name)):
            mine = environment_tag(settings.environment())
            model.registry.set_tag(spec.name, version, mine, "yes")
            if [item.version for item in model.store.versions.promotions()][-1:] != [version]:
                model.registry.set_alias(spec.name, CHALLENGER, version)
    # Another environment may have trained the same version on another day.
    run = model.registry.run_id(spec.name, version)
    known = VersionColumns.of(spec).model_dump_json(exclude_defaults=True)
    own = {"version": version, "as_of": as_of, "mlflow_run": run, "description": known}
    facts = model.registry.read_json(spec.name, version, VERSION_FILE)
    record = _VERSION.validate_python({**facts, **own})
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

    The identity is what decides the version; the memory keeps the trials of exactly this search.

    Raises:
        TrainingSetError: if nothing can be learned from the set.
    """
    from mlops_drift.learning.compiled.compile import compiled
    from mlops_drift.learning.families.registry import family
    from mlops_drift.learning.model import out_of_fold, train
    from mlops_drift.learning.search.search import UnlearnableError

    train_part, test_part = training_set.train.to_pandas(), training_set.test.to_pandas()
    label, names = spec.target.column, list(spec.columns)
    features, labels = train_part[names], train_part[label].to_numpy()
    learned = (features, labels, spec.columns, spec.target, spec.training)
    started = monotonic()
    try:
        trained, found = train(*learned, on_trial, memory)
    except UnlearnableError as error:
        raise TrainingSetError(f"{spec.name}: {error}") from error
    seconds = round(monotonic() - started, 1)
    validated = out_of_fold(found.recipe, *learned)
    predicted = trained.predict(test_part[names])
    prediction, score = predicted["prediction"].to_numpy(), predicted["score"].to_numpy()
    form = compiled(family(found.recipe.family), trained.pipeline, spec.target)
    metric = spec.training.metric
    measured = _test_metrics(spec, test_part[label].to_numpy(), prediction, score)
    value, lower, upper = (measured[f"test_{metric}{end}"] for end in ("", "_lower", "_upper"))
    here = project.current()
    root = here.root if here else None
    facts = {
        "as_of": as_of.isoformat(),
        "rows": training_set.rows,
        "family": found.recipe.family,
        "metric": metric,
        "value": value,
        "lower": lower,
        "upper": upper,
        "n_test": training_set.test.num_rows,
        "cv_value": found.value,
        "seconds": seconds,
        "git_sha": git_sha(root),
        "lock_digest": lock_digest(root),
    }
    return VersionPackage(
        pipeline=trained.pipeline,
        example=features.head(5),
        output=trained.predict(features.head(5))["prediction"],
        identity=identity,
        tags={
            "as_of": as_of.isoformat(),
            "rows": str(training_set.rows),
            "family": found.recipe.family,
            f"test_{metric}": f"{value:.4g} ({lower:.4g} to {upper:.4g})",
            **({COMPILED_TAG: form.digest} if form else {}),
        },
        params=logged_params(spec.training.seed, found.recipe),
        metrics={
            **{name: number for name, number in measured.items() if isfinite(number)},
            f"cv_{metric}": found.value,
            "rows_train": training_set.train.num_rows,
            "rows_test": training_set.test.num_rows,
        },
        tables={
            VERSION_FILE: {**identity, **facts},
            RECIPE: asdict(found.recipe),
            **({COMPILED: form.to_plain()} if form else {}),
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
        numbers = evaluate_within(
            name, spec.target, truth, prediction, score, seed=spec.training.seed
        )
        names = (f"test_{name}", f"test_{name}_lower", f"test_{name}_upper")
        found |= zip(names, numbers, strict=True)
    return found


def resume_training(
    studies: Studies,
    spec: ModelSpec,
    training_set: TrainingSet,
    identity: Mapping[str, str],
    as_of: date,
    on_trial: OnTrial,
) -> VersionPackage:
    """`train_package` whose search is kept, and goes on where it was interrupted.

    It is named `<model> <training set> <digest of description and code>`, each digest by its first
    twelve characters.
    """
    made_from = digest([identity["spec_digest"], identity["code_digest"]])
    name = f"{spec.name} {identity['training_set'][:12]} {made_from[:12]}"
    metric = metric_named(spec.training.metric)
    memory = studies.memory(name, metric.name, greater_is_better=metric.greater_is_better)
    return train_package(spec, training_set, identity, as_of, on_trial, memory)
