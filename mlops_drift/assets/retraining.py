"""The assets of a retraining: `training_set`, `challenger`, `test_predictions`, `champion`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from mlops_drift import settings
from mlops_drift.assets.champion import champion_asset
from mlops_drift.assets.common import (
    CHALLENGER,
    DECISION_TAG,
    FEATURES,
    LABELS,
    TEST_PREDICTIONS,
    TRAINING_SET,
    asset_key,
    asset_options,
    column_schema,
    row_count,
    set_folder,
    upstream_metadata,
)
from mlops_drift.assets.decisions import ending_decision, show_outcome
from mlops_drift.charts.baseline import baseline_pictures
from mlops_drift.checks.gates import gate_checks, gate_pictures, gate_specs
from mlops_drift.checks.report import png, verdict_table
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.retraining import (
    choose_rows,
    chosen_sentence,
    refuse,
    wait_for_approval,
)
from mlops_drift.pipeline.gates import evaluate_gates, gate_record, model_gates
from mlops_drift.pipeline.training import (
    TrainingSetError,
    build_training_set,
    record_baseline,
    remembering,
    train_challenger,
)
from mlops_drift.registry.base import GATES_FILE
from mlops_drift.registry.registry import Registry
from mlops_drift.resources import LakeResource, open_studies
from mlops_drift.store.records import VersionRecord
from mlops_drift.store.training_sets import canonical_json

if TYPE_CHECKING:
    from mlops_drift.learning.window_choice import WindowChoice

LEARNING_CODE = ("learning", "registry", "schema")


class TrainingSetConfig(dg.Config):
    """Which rows a training set takes; the retraining sensor fills in the rest."""

    as_of: str | None = Field(
        None,
        description="The day at whose end the set is built, as 2024-10-01: only what was known "
        "then is used. Without it, the last day that has features.",
    )
    since: str | None = Field(
        None, description="First event day of the set. Without it, all days are used."
    )
    candidates: str | None = Field(
        None,
        description="First event days to choose from by training window, as JSON; in place of "
        "since.",
    )
    reason: str = Field("materialized by hand", description="Why the model is retrained.")


def retraining_assets(spec: ModelSpec) -> list[dg.AssetsDefinition]:
    """Builds the four assets."""
    return [_training_set(spec), _challenger(spec), _test_predictions(spec), champion_asset(spec)]


def _training_set(spec: ModelSpec) -> dg.AssetsDefinition:
    options = asset_options(
        spec,
        TRAINING_SET,
        description="Features joined with the labels known at the end of the as-of day, split by "
        "time. Addressed by the hash of its contents, written once, verified at every use.",
        kinds={"parquet", "duckdb"},
        code=LEARNING_CODE,
        upstream=[FEATURES, LABELS],
    )
    label = spec.tables.labels.schema.field(spec.target.column)
    options["metadata"]["dagster/column_schema"] = column_schema(
        spec, spec.tables.features.schema.append(label)
    )

    @dg.asset(**options)
    def training_set(
        context: dg.AssetExecutionContext, config: TrainingSetConfig, lake: LakeResource
    ) -> dg.MaterializeResult:
        model = lake.of(spec)
        as_of = date.fromisoformat(config.as_of) if config.as_of else model.store.landing.last_day()
        if as_of is None:
            raise dg.Failure(
                f"{spec.name} has no features yet; materialize the daily assets of some days first"
            )
        since = date.fromisoformat(config.since) if config.since else None
        decision = context.run.tags.get(DECISION_TAG)
        details: dict[str, Any] = {}
        with _failing(), ending_decision(context, model, as_of):
            if decision and config.candidates:
                candidates = {
                    name: date.fromisoformat(start) if start else None
                    for name, start in json.loads(config.candidates).items()
                }
                chosen = choose_rows(model, as_of, candidates, decision)
                since = chosen.since
                details = _chosen(spec, chosen)
            stored = build_training_set(model, as_of, since)
        parts = {part: table.num_rows for part, table in stored.training_set.parts.items()}
        record = next(
            one for one in model.store.training_sets.records(stored.id) if one.as_of == stored.as_of
        )
        return dg.MaterializeResult(
            metadata={
                **row_count(stored.training_set.rows),
                "training_set": stored.id,
                "as_of": as_of.isoformat(),
                "since": (since or spec.start_date).isoformat(),
                "reason": config.reason,
                "train rows": parts["train"],
                "test rows": parts["test"],
                "folder": set_folder(model.store.training_sets.folder / stored.id),
                model.store.tables.features.name: f"commit {record.features_snapshot}",
                model.store.tables.labels.name: f"commit {record.labels_snapshot}",
                **details,
            },
            data_version=dg.DataVersion(stored.id),
        )

    return training_set


def _challenger(spec: ModelSpec) -> dg.AssetsDefinition:
    @dg.asset(
        **asset_options(
            spec,
            CHALLENGER,
            description="A version trained on the training set: family and parameters searched by "
            "cross-validation in its train split, measured once on its test split, registered in "
            "MLflow. The same set, description and code give the same version again.",
            kinds={"lightgbm", "scikitlearn", "optuna", "mlflow"},
            code=LEARNING_CODE,
            table=spec.tables.versions,
            upstream=[TRAINING_SET],
        ),
        required_resource_keys={"lake", "registry", f"mlflow_{spec.name}"},
    )
    def challenger(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        lake: LakeResource = context.resources.lake
        registry: Registry = context.resources.registry
        stored = upstream_metadata(context, spec, TRAINING_SET)

        def on_trial(number: int, value: float) -> None:
            context.log.info(
                f"trial {number + 1} of {spec.training.trials}: {spec.training.metric} {value:.4f}"
            )

        model = lake.of(spec, registry)
        as_of = date.fromisoformat(stored["as_of"])
        with _failing(), ending_decision(context, model, as_of):
            record, is_new = train_challenger(
                model,
                stored["training_set"],
                as_of,
                on_trial,
                trainer=remembering(open_studies()),
            )
        if is_new:
            text = _description(spec, record, context.run.run_id)
            registry.describe(spec.name, record.version, text)
        ui = settings.mlflow_ui()
        page = registry.run_page(spec.name, record.mlflow_run, ui)
        return dg.MaterializeResult(
            metadata={
                "version": record.version,
                "new": is_new,
                "training_set": record.training_set,
                "as_of": stored["as_of"],
                "family": record.family,
                f"test {record.metric}": record.value,
                "test rows": record.n_test,
                "mlflow run": dg.MetadataValue.url(page),
                "mlflow version": dg.MetadataValue.url(
                    registry.version_page(spec.name, record.version, ui) or page
                ),
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
        lake: LakeResource,
        registry: dg.ResourceParam[Registry],
    ) -> Any:
        model = lake.of(spec, registry)
        found = upstream_metadata(context, spec, CHALLENGER)
        as_of = date.fromisoformat(found["as_of"])
        with ending_decision(context, model, as_of):
            results = evaluate_gates(model, found["version"])
        decision = context.run.tags.get(DECISION_TAG)
        if decision and refuse(model.store, decision, as_of, found["version"], results):
            show_outcome(context.instance, model, decision)
        pictures = gate_pictures(results)
        registry.log_files(
            spec.name,
            found["version"],
            {
                GATES_FILE: canonical_json(gate_record(results)),
                **{f"gates/{name}.png": picture for name, picture in pictures.items()},
            },
        )
        yield from gate_checks(key, found["version"], results, pictures)

    return gates


def _test_predictions(spec: ModelSpec) -> dg.AssetsDefinition:
    @dg.asset(
        **asset_options(
            spec,
            TEST_PREDICTIONS,
            description="The challenger's predictions for the test split, and the reference that "
            "it is born with: bins and counts of its training features and test predictions, "
            "frozen for the life of the version.",
            kinds={"parquet", "mlflow"},
            code=("learning", "drift"),
            upstream=[CHALLENGER],
        )
    )
    def test_predictions(
        context: dg.AssetExecutionContext, lake: LakeResource, registry: dg.ResourceParam[Registry]
    ) -> dg.MaterializeResult:
        found = upstream_metadata(context, spec, CHALLENGER)
        model = lake.of(spec, registry)
        as_of = date.fromisoformat(found["as_of"])
        with ending_decision(context, model, as_of):
            predictions, reference = record_baseline(model, found["version"])
        version = model.store.versions.get(found["version"])
        importance = model.store.training_sets.read_importance(
            version.training_set, version.version
        )
        pictures = baseline_pictures(spec, predictions, importance)
        registry.log_files(
            spec.name,
            found["version"],
            {f"plots/{name}.png": picture for name, picture in pictures.items()},
        )
        decision = context.run.tags.get(DECISION_TAG)
        if decision and spec.policy.approval == "manual":
            wait_for_approval(model.store, decision, as_of, found["version"])
            show_outcome(context.instance, model, decision)
        return dg.MaterializeResult(
            metadata={
                **row_count(predictions.num_rows),
                "version": found["version"],
                "reference": reference.digest,
                **{name: png(name, picture) for name, picture in pictures.items()},
                "dagster/column_schema": column_schema(spec, predictions.schema),
            },
            data_version=dg.DataVersion(reference.digest),
        )

    return test_predictions


def _description(spec: ModelSpec, record: VersionRecord, run_id: str) -> str:
    """What MLflow's pages say about a version, with the way back to Dagster."""
    ui = settings.dagster_ui()
    assets = f"{ui}/assets/{spec.name}"
    return (
        f"{spec.description}\n\n"
        f"Trained by [run {run_id[:8]}]({ui}/runs/{run_id}) as of {record.as_of} on the "
        f"[training set]({assets}/{TRAINING_SET}) `{record.training_set}`; its gates are the "
        f"checks of [{spec.name}/{CHALLENGER}]({assets}/{CHALLENGER}?view=checks), what was "
        f"decided about it is in [{spec.name}/decisions]({assets}/decisions). "
        f"`mlops-drift explain {spec.name} --version {record.version}` tells the rest."
    )


def _chosen(spec: ModelSpec, chosen: "WindowChoice") -> dict[str, Any]:
    scores = [{**vars(score), "since": str(score.since or "start")} for score in chosen.scores]
    return {
        "training window": chosen_sentence(chosen, spec),
        **({"training windows": verdict_table(scores)} if len(scores) > 1 else {}),
    }


@contextmanager
def _failing() -> Iterator[None]:
    """A training set that cannot be made fails the run with the reason, without a traceback."""
    try:
        yield
    except TrainingSetError as error:
        raise dg.Failure(str(error)) from error
