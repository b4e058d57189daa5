"""The baseline of a version: what its production data are compared with."""

import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.drift.reference import Reference
from mlops_drift.pipeline.profiles import fit_reference
from mlops_drift.pipeline.scoring import predict_table
from mlops_drift.registry.base import COMPILED, COMPILED_TAG
from mlops_drift.store.training_sets import IMPORTANCE, TEST_PREDICTIONS, parquet_bytes
from mlops_drift.store.write_once import canonical_json

# Tag of a version with the digest of its reference, and the folder of that in the version's run.
REFERENCE_TAG = "reference"


def has_baseline(model: ModelContext, version: int) -> bool:
    """Whether the baseline of a version is stored, here and in the registry."""
    set_id = model.store.versions.get(version).training_set
    folder = model.store.training_sets.baseline(set_id, version)
    return folder.exists() and REFERENCE_TAG in model.registry.tags(model.spec.name, version)


def record_baseline(model: ModelContext, version: int) -> tuple[pa.Table, Reference]:
    """Freezes the baseline of a version: test predictions, reference, importance of columns.

    Beside them lies the compiled form, if the version has one.

    The reference and the importance also go to the MLflow run that trained the version, below
    `reference/`, and the reference's digest becomes the version's tag `reference`.

    Returns:
        The test predictions (key, label, prediction, score) and the reference.
    """
    from mlops_drift.learning.importance import feature_importance

    model = model.of_version(version)
    spec = model.spec
    record = model.store.versions.get(version)
    training_set = model.store.training_sets.read(record.training_set)
    predicted = predict_table(spec, model.registry, version, training_set.test)
    predictions = predicted.append_column(spec.target.column, training_set.test[spec.target.column])
    features = pa.concat_tables([training_set.train, training_set.test])
    reference = fit_reference(spec, features, predictions)
    test = training_set.test.to_pandas()
    importance = feature_importance(
        model.registry.pipeline(spec.name, version),
        spec.target,
        test[list(spec.columns)],
        test[spec.target.column].to_numpy(),
        spec.training.metric,
        spec.training.seed,
    )
    published = {**reference.to_files(), IMPORTANCE: canonical_json(importance)}
    tags = model.registry.tags(spec.name, version)
    files = {TEST_PREDICTIONS: parquet_bytes(predictions)}
    if digest := tags.get(COMPILED_TAG):
        # A service that starts need not ask the registry for it.
        form = model.registry.compiled_form(spec.name, version, digest)
        files[COMPILED] = canonical_json(form.to_plain())
    model.store.training_sets.write_baseline(record.training_set, version, files | published)
    # The tag comes last: a version that has it has the files too.
    if tags.get(REFERENCE_TAG) != reference.digest:
        files = {f"{REFERENCE_TAG}/{name}": content for name, content in published.items()}
        model.registry.log_files(spec.name, version, files)
        model.registry.set_tag(spec.name, version, REFERENCE_TAG, reference.digest)
    return predictions, reference
