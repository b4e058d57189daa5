import json
import shutil
import sqlite3
import subprocess
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from filelock import Timeout
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from mlops_drift.registry.base import CHALLENGER, CHAMPION, RegistryError, Split, VersionPackage
from mlops_drift.registry.code_digests import git_sha
from mlops_drift.registry.registry import Registry
from mlops_drift_tests.processes import meet
from mlops_drift_tests.registries import registry_in

X = pd.DataFrame({"x": [-2.0, -1.0, 1.0, 2.0]})
IDENTITY = {"training_set": "abc", "code": "1"}


@pytest.fixture
def registry(tmp_path, mlflow_database):
    """A registry without models."""
    shutil.copy(mlflow_database, tmp_path / "mlflow.db")
    return registry_in(tmp_path)


def born(registry, model, identity):
    """Trains and registers a version."""
    registry.prepare(model)
    pipeline = make_pipeline(LogisticRegression()).fit(X, ["no", "no", "yes", "yes"])
    package = VersionPackage(
        pipeline,
        X,
        pd.Series(pipeline.predict(X)),
        identity,
        tags={"git": "123"},
        params={"C": 1.0},
        metrics={"test_accuracy": 1.0},
        tables={"splits.json": {"train": 3, "test": 1}},
        splits=[Split("train", "abc", "/sets/abc", 3), Split("test", "abc", "/sets/abc", 1)],
    )
    experiment = registry.client.get_experiment_by_name(model)
    with mlflow.start_run(experiment_id=experiment.experiment_id):
        return registry.register(model, package)


def test_a_version_is_found_again_by_what_it_was_made_from(registry, tmp_path):
    registry.prepare("shop")
    assert registry.find("shop", IDENTITY) is None
    version = born(registry, "shop", IDENTITY)
    other = born(registry, "shop", {**IDENTITY, "code": "2"})
    assert other != version
    assert registry.find("shop", IDENTITY) == version
    assert registry.find("shop", {**IDENTITY, "code": "2"}) == other
    assert registry.find("shop", {**IDENTITY, "code": "3"}) is None
    assert registry.find("shop", {**IDENTITY, "spec": "x"}) is None
    assert registry.find("other", IDENTITY) is None
    assert born(registry, "shop", IDENTITY) > other
    assert registry.find("shop", IDENTITY) == version

    again = registry_in(tmp_path)
    assert again.find("shop", IDENTITY) == version
    assert again.pipeline("shop", version).predict(X).tolist() == ["no", "no", "yes", "yes"]
    assert again.tags("shop", version) == {"git": "123", **IDENTITY}

    run = again.client.get_run(again.run_id("shop", version))
    assert run.data.params == {"C": "1.0"}
    assert run.data.metrics == {"test_accuracy": 1.0}
    assert run.data.tags["git"] == "123"


def test_pages_open_the_view_of_machine_learning(registry):
    version = born(registry, "shop", IDENTITY)
    run, ui = registry.run_id("shop", version), "http://127.0.0.1:5000"
    about, view = f"{ui}/#/experiments/1/runs/{run}", "?workflowType=machine_learning"
    assert registry.run_page("shop", run, ui) == about + view
    assert registry.file_page("shop", version, "report/shop.html", ui) == (
        f"{about}/artifacts/report/shop.html{view}"
    )
    assert registry.version_page("shop", version, ui) == f"{ui}/#/models/shop/versions/1{view}"


def test_a_run_has_its_splits_as_inputs_and_a_name(registry):
    version = born(registry, "shop", IDENTITY)
    registry.name_run("shop", "v1 2024-10-05 performance_drop", version)
    run = registry.client.get_run(registry.run_id("shop", version))
    assert run.info.run_name == "v1 2024-10-05 performance_drop"
    inputs = {one.tags[0].value: one.dataset for one in run.inputs.dataset_inputs}
    assert [(name, one.name) for name, one in inputs.items()] == [
        ("train", "shop train"),
        ("test", "shop test"),
    ]
    assert {one.digest for one in inputs.values()} == {"abc"}
    assert json.loads(inputs["test"].source) == {"uri": "/sets/abc"}
    assert json.loads(inputs["test"].profile) == {"num_rows": 1}


def test_the_run_under_way_gets_a_name_before_it_has_a_version(registry):
    registry.prepare("shop")
    registry.name_run("shop", "nothing is under way")
    with mlflow.start_run(experiment_id=registry.experiment("shop")) as run:
        registry.name_run("shop", "2024-10-05 feature_drift, failed")
    name = registry.client.get_run(run.info.run_id).info.run_name
    assert name == "2024-10-05 feature_drift, failed"


def test_a_model_is_described(registry):
    registry.prepare("shop")
    registry.describe_model("shop", "Who buys.")
    assert registry.client.get_registered_model("shop").description == "Who buys."


def test_an_alias_points_where_it_was_last_set(registry):
    first, second = (born(registry, "shop", {"number": str(number)}) for number in (1, 2))
    assert registry.alias("shop", CHAMPION) is None
    registry.set_alias("shop", CHAMPION, first)
    registry.set_alias("shop", CHALLENGER, second)
    registry.set_alias("shop", CHAMPION, first)
    assert registry.alias("shop", CHAMPION) == first
    registry.set_alias("shop", CHAMPION, second)
    assert registry.alias("shop", CHAMPION) == second
    assert registry.alias("shop", CHALLENGER) == second


def test_an_alias_is_taken_off_the_version_that_has_it_only(registry):
    first, second = (born(registry, "shop", {"number": str(number)}) for number in (1, 2))
    registry.set_alias("shop", CHALLENGER, second)
    registry.remove_alias("shop", CHALLENGER, first)
    assert registry.alias("shop", CHALLENGER) == second
    for _ in range(2):
        registry.remove_alias("shop", CHALLENGER, second)
    assert registry.alias("shop", CHALLENGER) is None


def test_a_model_that_is_missing_has_no_alias_to_ask_for(registry):
    with pytest.raises(MlflowException, match="nobody"):
        registry.alias("nobody", CHAMPION)


def test_an_environment_sees_its_own_aliases_only(registry, tmp_path):
    version = born(registry, "shop", IDENTITY)
    beside = Registry(registry.tracking_uri, tmp_path / "mlartifacts", tmp_path / "locks", "dev-")
    beside.set_alias("shop", CHAMPION, version)
    assert registry.alias("shop", CHAMPION) is None
    assert beside.alias("shop", CHAMPION) == version
    assert dict(registry.client.get_registered_model("shop").aliases) == {"dev-champion": version}


def artifacts(registry, version, folder):
    """The files below a folder of the run that trained a version, by path."""
    client, run = registry.client, registry.run_id("shop", version)
    return {
        item.path: Path(
            mlflow.artifacts.download_artifacts(run_id=run, artifact_path=item.path)
        ).read_bytes()
        for item in client.list_artifacts(run, folder)
    }


def test_files_go_to_the_run_that_trained_the_version_and_may_be_logged_again(registry):
    first, second = (born(registry, "shop", {"number": str(number)}) for number in (1, 2))
    files = {"reference/a.json": b"{}", "reference/b.parquet": b"\x00PAR1"}
    registry.log_files("shop", first, {"reference/a.json": b"half"})
    for _ in range(2):
        registry.log_files("shop", first, files)
    assert artifacts(registry, first, "reference") == files
    assert artifacts(registry, second, "reference") == {}
    assert registry.pipeline("shop", first).predict(X).tolist() == ["no", "no", "yes", "yes"]


def test_a_tag_is_added_to_a_version_which_is_still_found_by_its_identity(registry):
    version = born(registry, "shop", IDENTITY)
    for _ in range(2):
        registry.set_tag("shop", version, "reference", "d1")
    assert registry.tags("shop", version) == {"git": "123", "reference": "d1", **IDENTITY}
    assert registry.find("shop", IDENTITY) == version
    registry.set_tag("shop", version, "reference", "d2")
    assert registry.tags("shop", version)["reference"] == "d2"


def test_an_unknown_version_cannot_be_loaded(registry):
    registry.prepare("shop")
    with pytest.raises(RegistryError, match="no version 7 of shop: Model Version"):
        registry.pipeline("shop", 7)
    with pytest.raises(RegistryError, match="no version 1 of nowhere: Model Version"):
        registry.pipeline("nowhere", 1)
    with pytest.raises(RegistryError, match="no MLflow experiment nowhere"):
        registry.run_page("nowhere", "1", "http://127.0.0.1:5000")


def test_a_version_whose_files_are_gone_cannot_be_loaded(registry, tmp_path):
    version = born(registry, "shop", IDENTITY)
    shutil.rmtree(tmp_path / "mlartifacts")
    with pytest.raises(RegistryError, match=f"version {version} of shop cannot be loaded"):
        registry_in(tmp_path).pipeline("shop", version)


def test_a_version_is_registered_only_in_the_run_that_trained_it(registry):
    pipeline = make_pipeline(LogisticRegression()).fit(X, ["no", "no", "yes", "yes"])
    package = VersionPackage(pipeline, X, pd.Series(["no"] * 4), IDENTITY, {}, {}, {}, {})
    with pytest.raises(RegistryError, match="no active MLflow run"):
        registry.register("shop", package)


def names_of(registry):
    experiments = [item.name for item in registry.client.search_experiments()]
    models = [item.name for item in registry.client.search_registered_models()]
    return sorted(experiments), sorted(models)


def test_preparing_twice_is_preparing_once(registry):
    registry.prepare("shop")
    registry.prepare("shop")
    assert names_of(registry) == (["Default", "shop"], ["shop"])


def test_another_registry_in_the_environment_changes_nothing(registry, monkeypatch):
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "databricks-uc")
    registry.prepare("shop")
    assert names_of(registry) == (["Default", "shop"], ["shop"])


def prepare_many(root):
    registry = registry_in(root)
    registry.make_database()
    for number in range(3):
        meet(2)
        registry.prepare(f"shop_{number}")


def test_two_processes_prepare_at_once(registry, tmp_path, processes):
    processes.run(prepare_many, (tmp_path,), (tmp_path,))
    shops = ["shop_0", "shop_1", "shop_2"]
    assert names_of(registry) == (["Default", *shops], shops)


def test_a_lock_keeps_another_registry_out_until_it_is_released(tmp_path):
    mine, theirs = (registry_in(tmp_path).lock("registry-shop") for _ in range(2))
    with mine, pytest.raises(Timeout):
        theirs.acquire(timeout=0.05)
    with theirs.acquire(timeout=0.05):
        assert theirs.is_locked


def test_the_commit_of_a_checkout_tells_whether_files_were_changed(tmp_path):
    assert git_sha(tmp_path) == "unknown"
    assert git_sha(tmp_path / "nowhere") == "unknown"

    def git(*arguments):
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", "-C", tmp_path, *who, *arguments], check=True, capture_output=True)

    git("init")
    (tmp_path / "a.txt").write_text("1")
    git("add", "a.txt")
    git("commit", "-m", "first")
    sha = git_sha(tmp_path)
    assert len(sha) == 40
    (tmp_path / "data.txt").write_text("not followed by git")
    assert git_sha(tmp_path) == sha
    (tmp_path / "a.txt").write_text("2")
    assert git_sha(tmp_path) == f"{sha}+changes"


def test_a_database_left_half_made_does_not_matter(tmp_path):
    with sqlite3.connect(tmp_path / "mlflow.unfinished") as half:
        half.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        half.execute("INSERT INTO alembic_version VALUES ('half')")
    registry_in(tmp_path).prepare("shop")
    assert names_of(registry_in(tmp_path)) == (["Default", "shop"], ["shop"])
    assert not (tmp_path / "mlflow.unfinished").exists()


def test_only_the_open_run_of_the_gone_dagster_run_is_closed(registry):
    registry.prepare("shop")
    client = registry.client
    where = client.get_experiment_by_name("shop").experiment_id
    gone, alive, done = (
        client.create_run(where, tags={"dagster_run_id": name}).info.run_id
        for name in ("gone", "alive", "gone")
    )
    client.set_terminated(done, status="FINISHED")
    registry.close_run("shop", "gone")
    registry.close_run("unknown", "gone")
    states = [client.get_run(run).info.status for run in (gone, alive, done)]
    assert states == ["KILLED", "RUNNING", "FINISHED"]


def test_a_version_that_somebody_deleted_is_named(registry):
    version = born(registry, "shop", IDENTITY)
    registry.client.delete_model_version("shop", str(version))
    for asked in (
        lambda: registry.tags("shop", version),
        lambda: registry.run_id("shop", version),
        lambda: registry.pipeline("shop", version),
        lambda: registry.set_alias("shop", CHAMPION, version),
        lambda: registry.tags("other", 1),
    ):
        with pytest.raises(RegistryError, match=r"mlflow\.db has no version 1 of (shop|other)"):
            asked()


def test_a_model_whose_files_are_gone_is_named(registry, tmp_path):
    version = born(registry, "shop", IDENTITY)
    (file,) = (tmp_path / "mlartifacts" / "shop" / "models").rglob("MLmodel")
    file.unlink()
    with pytest.raises(
        RegistryError, match=r"version 1 of shop is not stored as it was: .*MLmodel"
    ):
        registry.artifact("shop", version)


def test_a_damaged_model_is_named(registry, tmp_path):
    version = born(registry, "shop", IDENTITY)
    (file,) = (tmp_path / "mlartifacts" / "shop" / "models").rglob("model.pkl")
    for kept, told in ((100, "UnpicklingError"), (0, "EOFError")):
        file.write_bytes(file.read_bytes()[:kept])
        named = rf"version 1 of shop cannot be loaded from .*: {told}"
        with pytest.raises(RegistryError, match=named):
            registry.pipeline("shop", version)
