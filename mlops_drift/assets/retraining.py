"""The assets of a retraining: `training_set`, `challenger`, `test_predictions`, `champion`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import dagster as dg
from pydantic import Field

from mlops_drift import settings
from mlops_drift.assets.common import (
    CHALLENGER,
    CHAMPION,
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
from mlops_drift.checks.gates import gate_checks, gate_specs
from mlops_drift.checks.report import verdict_table
from mlops_drift.lake.model_lake import ModelLake, Promotion
from mlops_drift.monitoring.policy import MANUAL
from mlops_drift.registry.registry import Registry
from mlops_drift.resources import LakeResource
from mlops_drift.spec import ModelSpec
from mlops_drift.steps.training import (
    TrainingSetError,
    build_training_set,
    evaluate_gates,
    promote,
    record_birth,
    train_challenger,
)

LEARNING_CODE = ("learning", "registry", "schema.py")


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
    rules: list[str] = Field([MANUAL], description="Which rules asked for the retraining.")
    reason: str = Field("materialized by hand", description="Why the model is retrained.")
    version: int | None = Field(None, description="The champion that the decision is about.")
    labelled: int | None = Field(None, description="Labelled rows when it was decided.")
    evidence: str = Field("[]", description="The failed numbers behind the decision, as JSON.")


def retraining_assets(spec: ModelSpec) -> list[dg.AssetsDefinition]:
    """Builds the four assets."""
    return [_training_set(spec), _challenger(spec), _test_predictions(spec), _champion(spec)]


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
        as_of = date.fromisoformat(config.as_of) if config.as_of else model.last_day()
        if as_of is None:
            raise dg.Failure(
                f"{spec.name} has no features yet; materialize the daily assets of some days first"
            )
        since = date.fromisoformat(config.since) if config.since else None
        decision = context.run.tags.get(DECISION_TAG)
        if decision:
            model.add_decision(
                decision=decision,
                stage="decided",
                day=as_of,
                rules=config.rules,
                version=config.version,
                reason=config.reason,
                since=since,
                labelled=config.labelled,
                evidence=json.loads(config.evidence),
            )
        with _refusing(model, decision, as_of):
            stored = build_training_set(spec, model, as_of, since)
        parts = {part: table.num_rows for part, table in stored.training_set.parts.items()}
        return dg.MaterializeResult(
            metadata={
                **row_count(stored.training_set.rows),
                "training_set": stored.id,
                "as_of": as_of.isoformat(),
                "since": (since or spec.start_date).isoformat(),
                "reason": config.reason,
                "train rows": parts["train"],
                "test rows": parts["test"],
                "folder": set_folder(model.sets.folder / stored.id),
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
            "cross-validation in its train part, measured once on its test part, registered in "
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

        model = lake.of(spec)
        as_of = date.fromisoformat(stored["as_of"])
        with _refusing(model, context.run.tags.get(DECISION_TAG), as_of):
            record, is_new = train_challenger(
                spec, model, registry, stored["training_set"], as_of, on_trial
            )
        page = registry.run_page(spec.name, record.mlflow_run, settings.mlflow_ui())
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
                **row_count(record.rows),
            },
            data_version=dg.DataVersion(f"{record.training_set[:16]}-v{record.version}"),
        )

    return challenger


def gates_check(spec: ModelSpec) -> dg.AssetChecksDefinition:
    """Builds the gates: blocking checks on the challenger, in one step."""
    key = asset_key(spec, CHALLENGER)

    @dg.multi_asset_check(specs=gate_specs(key), name=f"{spec.name}__gates")
    def gates(
        context: dg.AssetCheckExecutionContext,
        lake: LakeResource,
        registry: dg.ResourceParam[Registry],
    ) -> Any:
        model = lake.of(spec)
        found = upstream_metadata(context, spec, CHALLENGER)
        results = evaluate_gates(spec, model, registry, found["version"])
        against = [gate for gate in results if gate.verdict != "pass"]
        decision = context.run.tags.get(DECISION_TAG)
        if decision and against:
            reason = "; ".join(gate.summary for gate in against)
            _reject(model, decision, date.fromisoformat(found["as_of"]), reason, found["version"])
        yield from gate_checks(key, found["version"], results)

    return gates


def _test_predictions(spec: ModelSpec) -> dg.AssetsDefinition:
    @dg.asset(
        **asset_options(
            spec,
            TEST_PREDICTIONS,
            description="The challenger's predictions for the test part, and the reference that "
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
        predictions, reference = record_birth(spec, lake.of(spec), registry, found["version"])
        return dg.MaterializeResult(
            metadata={
                **row_count(predictions.num_rows),
                "version": found["version"],
                "reference": reference.digest,
                "dagster/column_schema": column_schema(spec, predictions.schema),
            },
            data_version=dg.DataVersion(reference.digest),
        )

    return test_predictions


def _champion(spec: ModelSpec) -> dg.AssetsDefinition:
    @dg.asset(
        **asset_options(
            spec,
            CHAMPION,
            description="The version that serves from the day after its as-of day on. Its gates "
            "are verified again before the alias moves.",
            kinds={"mlflow"},
            code=("learning", "registry"),
            table=spec.tables.promotions,
            upstream=[CHALLENGER, TEST_PREDICTIONS],
        )
    )
    def champion(
        context: dg.AssetExecutionContext, lake: LakeResource, registry: dg.ResourceParam[Registry]
    ) -> dg.MaterializeResult:
        model = lake.of(spec)
        found = upstream_metadata(context, spec, CHALLENGER)
        decision = context.run.tags.get(DECISION_TAG)
        name = decision or f"{spec.name}-{MANUAL}-{context.run.run_id[:8]}"
        as_of = date.fromisoformat(found["as_of"])
        promoted = promote(spec, model, registry, found["version"], as_of, name)
        if promoted is None:
            reason = (
                f"version {found['version']} is the champion already: the training set has not "
                "changed, so there was nothing new to learn"
            )
            if decision:
                _reject(model, decision, as_of, reason, found["version"])
            return dg.MaterializeResult(metadata={"version": found["version"], "outcome": reason})
        _record_promotion(model, promoted, manual=decision is None)
        return dg.MaterializeResult(
            metadata={
                "version": promoted.version,
                "previous": promoted.previous or "none",
                "as_of": promoted.as_of.isoformat(),
                "training_set": promoted.training_set,
                "decision": promoted.decision,
                **row_count(promoted.number),
                "versions": verdict_table([vars(record) for record in model.versions()]),
            },
            data_version=dg.DataVersion(f"v{promoted.version}"),
        )

    return champion


def _record_promotion(model: ModelLake, promoted: Promotion, *, manual: bool) -> None:
    if manual:
        model.add_decision(
            decision=promoted.decision,
            stage="decided",
            day=promoted.as_of,
            rules=[MANUAL],
            version=promoted.previous,
            reason="materialized by hand",
        )
    model.add_decision(
        decision=promoted.decision,
        stage="promoted",
        day=promoted.as_of,
        rules=[],
        version=promoted.previous,
        challenger=promoted.version,
        reason=f"version {promoted.version} passed its gates and serves from the next day on",
    )


@contextmanager
def _refusing(model: ModelLake, decision: str | None, as_of: date) -> Iterator[None]:
    """Data that nothing can be learned from ends a decision; the run fails with the reason."""
    try:
        yield
    except TrainingSetError as error:
        if decision:
            _reject(model, decision, as_of, str(error))
        raise dg.Failure(str(error)) from error


def _reject(
    model: ModelLake, decision: str, as_of: date, reason: str, challenger: int | None = None
) -> None:
    model.add_decision(
        decision=decision,
        stage="rejected",
        day=as_of,
        rules=[],
        version=None,
        challenger=challenger,
        reason=reason,
    )
