"""The assets of a retraining: `training_set`, `challenger`, `test_predictions`, `champion`."""

from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from mlops_drift import settings
from mlops_drift.assets.champion import champion_asset
from mlops_drift.assets.common import (
    CHALLENGER,
    FEATURES,
    LABELS,
    TEST_PREDICTIONS,
    TRAINING_SET,
    Metadata,
    asset_key,
    column_schema,
    model_asset,
    report_link,
    row_count,
    user_errors,
    version_link,
)
from mlops_drift.assets.decisions import failed_checks, retraining_run
from mlops_drift.assets.descriptions import model_description, version_description
from mlops_drift.charts.baseline import baseline_pictures
from mlops_drift.charts.gates import draw_overview
from mlops_drift.checks import keys
from mlops_drift.checks.gates import gate_checks, gate_pictures, gate_specs
from mlops_drift.checks.report import image, short, verdict_table
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.gateways import open_studies
from mlops_drift.learning.gates.margins import in_short, margins
from mlops_drift.learning.windows import WindowChoice
from mlops_drift.lifecycle.retraining import window_sentence
from mlops_drift.monitors.base import interval
from mlops_drift.pipeline.gates import gate_record, model_gates
from mlops_drift.pipeline.training import StoredSet, resume_training
from mlops_drift.registry.base import GATES_FILE
from mlops_drift.registry.registry import Registry
from mlops_drift.resources import LAKE, REGISTRY, LakeResource, mlflow_key
from mlops_drift.schema.numbers import rounded
from mlops_drift.store.write_once import canonical_json

if TYPE_CHECKING:
    from mlops_drift.learning.search.search import Trial

LEARNING_CODE = ("learning", "registry", "schema")


class TrainingSetConfig(dg.Config):
    """Which rows a training set takes by hand; a decision says so itself."""

    as_of: str | None = Field(
        None,
        description="The day at whose end the set is built, as 2024-10-01: only what was known "
        "then is used. Without it, the last day that has features.",
    )
    since: str | None = Field(
        None, description="First event day of the set. Without it, all days are used."
    )
    reason: str = Field("materialized by hand", description="Why the model is retrained.")


def retraining_assets(spec: ModelSpec) -> list[dg.AssetsDefinition]:
    """Builds the four assets."""
    return [_training_set(spec), _challenger(spec), _test_predictions(spec), champion_asset(spec)]


def _training_set(spec: ModelSpec) -> dg.AssetsDefinition:
    label = spec.tables.labels.schema.field(spec.target.column)
    features = spec.tables.features
    columns = column_schema(spec, features.schema.append(label), features.about)

    @model_asset(
        spec,
        TRAINING_SET,
        "Features joined with the labels known at the end of the as-of day, split by time. "
        "Addressed by the hash of its contents, written once, verified at every use.",
        kinds={"parquet", "duckdb"},
        code=LEARNING_CODE,
        upstream=[FEATURES, LABELS],
        metadata={"dagster/column_schema": columns},
    )
    def training_set(
        context: dg.AssetExecutionContext,
        config: TrainingSetConfig,
        mlops_drift_lake: LakeResource,
        mlops_drift_registry: dg.ResourceParam[Registry],
    ) -> dg.MaterializeResult:
        model = mlops_drift_lake.of(spec, mlops_drift_registry)
        run = retraining_run(context, model)
        by_hand = (date.fromisoformat(day) if day else None for day in (config.as_of, config.since))
        with user_errors():
            stored, chosen = run.build_training_set(*by_hand)
        return dg.MaterializeResult(
            metadata={
                keys.REASON: run.decision.reason if run.decision else config.reason,
                **_about_set(model, stored),
                **(failed_checks(spec, run.decision) if run.decision else {}),
                **(_about_window(spec, chosen) if chosen else {}),
            },
            data_version=dg.DataVersion(stored.id),
        )

    return training_set


def _about_set(model: ModelContext, stored: StoredSet) -> Metadata:
    sets, tables = model.store.training_sets, model.store.tables
    record = next(one for one in sets.records(stored.id) if one.as_of == stored.as_of)
    return {
        **row_count(stored.training_set.rows),
        keys.TRAINING_SET: short(stored.id),
        keys.AS_OF: str(stored.as_of),
        "events since": str(stored.since or model.spec.start_date),
        keys.TRAIN_ROWS: record.rows_train,
        keys.TEST_ROWS: record.rows_test,
        keys.LABELLED_ROWS: record.labelled or stored.training_set.rows,
        **({"sample": record.sampled} if record.sampled else {}),
        "folder": dg.MetadataValue.path(str(sets.folder / stored.id)),
        tables.features.name: f"commit {record.features_snapshot}",
        tables.labels.name: f"commit {record.labels_snapshot}",
    }


def _about_window(spec: ModelSpec, chosen: WindowChoice) -> Metadata:
    metric = spec.training.metric
    scores = [
        {
            metric: score.value,
            "training window": score.name,
            "events since": str(score.since or "start"),
            keys.ROWS: score.rows,
        }
        for score in chosen.scores
    ]
    table: Metadata = {"training windows": verdict_table(scores)} if len(scores) > 1 else {}
    return {"training window": window_sentence(chosen, spec), **table}


def _challenger(spec: ModelSpec) -> dg.AssetsDefinition:
    @model_asset(
        spec,
        CHALLENGER,
        "A version trained on the training set: family and parameters searched by "
        "cross-validation in its train split, measured once on its test split, registered in "
        "MLflow. The same set, description and code give the same version again.",
        kinds={"lightgbm", "scikitlearn", "optuna", "mlflow"},
        code=LEARNING_CODE,
        table=spec.tables.versions,
        upstream=[TRAINING_SET],
        required_resource_keys={LAKE, REGISTRY, mlflow_key(spec.name)},
    )
    def challenger(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        registry: Registry = getattr(context.resources, REGISTRY)
        model = getattr(context.resources, LAKE).of(spec, registry)

        def on_trial(trial: "Trial") -> None:
            found = trial.outcome(spec.training.metric)
            context.log.info(f"trial {trial.number + 1} of {spec.training.trials}: {found}")

        with user_errors():
            run = retraining_run(context, model)
            record, is_new = run.train(on_trial, partial(resume_training, open_studies()))
        if is_new:
            text = version_description(spec, record, context.run.run_id)
            registry.describe(spec.name, record.version, text)
            registry.describe_model(spec.name, model_description(spec))
        page = registry.run_page(spec.name, record.mlflow_run, settings.mlflow_ui())
        return dg.MaterializeResult(
            metadata={
                keys.VERSION: record.version,
                "new": is_new,
                f"test {record.metric}": rounded(record.value),
                "95 % interval": interval(record.lower, record.upper) or "undefined",
                keys.TEST_ROWS: record.n_test,
                "family": record.family,
                keys.AS_OF: str(record.as_of),
                keys.TRAINING_SET: short(record.training_set),
                **report_link(spec),
                **version_link(spec, registry, record.version),
                keys.MLFLOW_RUN: dg.MetadataValue.url(page),
                **row_count(record.rows),
            },
            data_version=dg.DataVersion(f"{record.training_set[:16]}-v{record.version}"),
        )

    return challenger


def gates_check(spec: ModelSpec) -> dg.AssetChecksDefinition:
    """Builds the gates: blocking checks on the challenger, in one step."""
    key = asset_key(spec, CHALLENGER)

    @dg.multi_asset_check(specs=gate_specs(key, model_gates(spec)), name=f"{spec.name}__gates")
    def gates(
        context: dg.AssetCheckExecutionContext,
        mlops_drift_lake: LakeResource,
        mlops_drift_registry: dg.ResourceParam[Registry],
    ) -> Any:
        run = retraining_run(context, mlops_drift_lake.of(spec, mlops_drift_registry))
        results, version = run.judge_gates(), run.version
        pictures, found = gate_pictures(results), margins(results)
        overview = draw_overview(version, found)
        files = {f"gates/{name}.svg": picture.encode() for name, picture in pictures.items()}
        files["gates/overview.svg"] = overview.encode()
        files[GATES_FILE] = canonical_json(gate_record(results))
        mlops_drift_registry.log_files(spec.name, version, files)
        about: Metadata = {"gates": in_short(found), "all gates": image("gates", overview)}
        context.op_execution_context.log_event(dg.AssetObservation(key, metadata=about))
        links = {**report_link(spec), **version_link(spec, mlops_drift_registry, version)}
        links["all gates"] = image("gates", overview)
        yield from gate_checks(key, version, results, pictures, links)

    return gates


def _test_predictions(spec: ModelSpec) -> dg.AssetsDefinition:
    @model_asset(
        spec,
        TEST_PREDICTIONS,
        "The challenger's predictions for the test split, and its baseline: bins and counts of "
        "its training features and test predictions, frozen for the life of the version.",
        kinds={"parquet", "mlflow"},
        code=("learning", "drift"),
        upstream=[CHALLENGER],
    )
    def test_predictions(
        context: dg.AssetExecutionContext,
        mlops_drift_lake: LakeResource,
        mlops_drift_registry: dg.ResourceParam[Registry],
    ) -> dg.MaterializeResult:
        model = mlops_drift_lake.of(spec, mlops_drift_registry)
        run = retraining_run(context, model)
        predictions, reference = run.record_baseline()
        version = run.version
        training_set = model.store.versions.get(version).training_set
        importance = model.store.training_sets.read_importance(training_set, version)
        pictures = baseline_pictures(spec, predictions, importance)
        files = {f"plots/{name}.svg": picture.encode() for name, picture in pictures.items()}
        mlops_drift_registry.log_files(spec.name, version, files)
        run.await_approval()
        return dg.MaterializeResult(
            metadata={
                **row_count(predictions.num_rows),
                keys.VERSION: version,
                "reference": short(reference.digest),
                **report_link(spec),
                **version_link(spec, mlops_drift_registry, version),
                **{name: image(name, picture) for name, picture in pictures.items()},
                "dagster/column_schema": column_schema(
                    spec, predictions.schema, spec.tables.predictions.about
                ),
            },
            data_version=dg.DataVersion(reference.digest),
        )

    return test_predictions
