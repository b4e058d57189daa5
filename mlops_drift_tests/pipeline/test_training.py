"""Training sets, and the baseline of a version: written once."""

from pathlib import Path

import mlflow
import optuna
import pytest

from mlops_drift import settings
from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import digest
from mlops_drift.learning.model import fit
from mlops_drift.learning.recipe import Recipe
from mlops_drift.pipeline.baseline import record_baseline
from mlops_drift.pipeline.scoring import predict_table


def logged(registry, version):
    """The files logged with the reference of a version, by name."""
    run = registry.run_id("tiny", version)
    folder = mlflow.artifacts.download_artifacts(run_id=run, artifact_path="reference")
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def test_a_promoted_version_has_its_reference_and_importance_in_the_lake_and_in_mlflow(parts):
    _, model, registry = parts
    for promotion in model.versions.promotions():
        where = promotion.training_set, promotion.version
        importance = model.training_sets.read_importance(*where)
        assert sorted(importance) == ["a", "b", "c"]
        assert sum(importance.values()) == pytest.approx(1)
        assert importance["a"] > 0.8
        assert registry.tags("tiny", promotion.version)["reference"] == promotion.reference
        files = logged(registry, promotion.version)
        assert {"reference.json", "importance.json"} <= set(files)
        assert files == {name: model.training_sets.read_baseline(*where, name) for name in files}


def test_pictures_and_gates_of_a_version_are_among_its_files(parts):
    _, model, registry = parts
    client = registry.client
    for record in model.versions.all():
        files = {
            item.path
            for folder in ("plots", "gates")
            for item in client.list_artifacts(record.mlflow_run, folder)
        }
        assert {"plots/confusion.svg", "plots/importance.svg", "gates/calibration.svg"} <= files
        found = registry.read_json("tiny", record.version, "gates/gates.json")
        assert {row["verdict"] for row in found} == {"pass"}
        assert "beats_champion" in {row["gate"] for row in found}


def test_the_search_of_a_version_is_kept_in_a_study_of_its_own(parts):
    spec, model, registry = parts
    for promotion in model.versions.promotions():
        tags = registry.tags("tiny", promotion.version)
        made_from = digest([tags["spec_digest"], tags["code_digest"]])
        study = optuna.load_study(
            study_name=f"tiny {promotion.training_set[:12]} {made_from[:12]}",
            storage=settings.studies_url(),
        )
        assert len(study.trials) == spec.training.trials
        assert study.metric_names == [spec.training.metric]
        run = registry.client.get_run(registry.run_id("tiny", promotion.version))
        assert study.best_value == run.data.metrics["cv_accuracy"]
        assert (run.data.params["class_weight"], run.data.params["threshold"]) == ("none", "0.5")


def test_the_recipe_of_a_version_makes_its_predictions_again(parts):
    spec, model, registry = parts
    promotion = model.versions.promotions()[-1]
    run = registry.run_id("tiny", promotion.version)
    recipe = Recipe(**mlflow.artifacts.load_dict(f"runs:/{run}/recipe.json"))
    rows = model.training_sets.read(promotion.training_set)
    train, test = rows.train.to_pandas(), rows.test
    again = fit(
        recipe,
        train[list(spec.columns)],
        train[spec.target.column].to_numpy(),
        spec.columns,
        spec.target,
        spec.training.seed,
    )
    predicted = again.predict(test.select(list(spec.columns)).to_pandas())
    known = predict_table(spec, registry, promotion.version, test)
    assert known["score"].to_pylist() == predicted["score"].tolist()
    assert known["prediction"].to_pylist() == predicted["prediction"].tolist()


def test_a_baseline_that_was_cut_short_is_completed_with_the_same_content(parts):
    spec, model, registry = parts
    version = model.versions.promotions()[-1].version
    before, digest = logged(registry, version), registry.tags("tiny", version)["reference"]
    registry.log_files("tiny", version, {f"reference/{name}": b"half" for name in before})
    registry.client.delete_model_version_tag("tiny", str(version), "reference")

    predictions, reference = record_baseline(ModelContext(spec, model, registry), version)
    assert reference.digest == digest
    assert predictions.num_rows == model.versions.get(version).n_test
    assert logged(registry, version) == before
    assert registry.tags("tiny", version)["reference"] == digest


def test_a_complete_baseline_is_not_logged_again(parts, monkeypatch):
    spec, model, registry = parts
    monkeypatch.setattr(registry, "log_files", lambda *_: pytest.fail("logged again"))
    record_baseline(ModelContext(spec, model, registry), model.versions.promotions()[-1].version)
