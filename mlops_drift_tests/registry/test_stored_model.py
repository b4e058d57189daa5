"""What is stored of a version, and what it predicts elsewhere, in either kind of registry."""

import shutil

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from mlops_drift.registry import stored_model
from mlops_drift.registry.base import RegistryError, VersionPackage
from mlops_drift.registry.memory import MemoryRegistry
from mlops_drift.registry.registry import Registry
from mlops_drift.registry.stored_model import run_apart
from mlops_drift.schema.columns import Target
from mlops_drift_tests.registries import registry_in
from mlops_drift_tests.registry.test_memory import register

BINARY = Target(column="y", kind="binary", classes=["no", "yes"], positive="yes")
NUMBER = Target(column="y", kind="regression")
X = pd.DataFrame({"x": np.linspace(-2, 2, 40), "b": np.arange(40) % 3})


@pytest.fixture
def without_a_fork(monkeypatch):
    """A new interpreter, as it is in production."""
    monkeypatch.setattr(stored_model, "run_apart", run_apart)


@pytest.fixture
def empty_registry(tmp_path, mlflow_database):
    """A registry in MLflow without models."""
    shutil.copy(mlflow_database, tmp_path / "mlflow.db")
    return registry_in(tmp_path)


@pytest.fixture(params=["mlflow", "memory"])
def registry(request):
    """A registry of either kind without models."""
    if request.param == "memory":
        return MemoryRegistry()
    return request.getfixturevalue("empty_registry")


def born(registry, pipeline):
    identity = {"pipeline": str(pipeline)}
    output = pd.Series(pipeline.predict(X))
    return register(registry, "shop", VersionPackage(pipeline, X, output, identity, {}, {}, {}, {}))


def classifier():
    return make_pipeline(LogisticRegression()).fit(X, np.where(X["x"] > 0, "yes", "no"))


def test_what_is_stored_has_a_size_a_digest_and_a_signature(registry):
    version = born(registry, classifier())
    found = registry.artifact("shop", version)
    assert found == registry.artifact("shop", version)
    assert 500 < found.size < 100_000
    assert found.signature == ("x", "b")
    other = born(registry, make_pipeline(LogisticRegression(C=0.1)).fit(X, X["x"] > 0))
    assert registry.artifact("shop", other).digest != found.digest


def test_a_classifier_predicts_the_same_elsewhere_to_the_last_bit(registry):
    pipeline = classifier()
    found = registry.fresh_predictions("shop", born(registry, pipeline), BINARY, X)
    assert found["prediction"].tolist() == pipeline.predict(X).tolist()
    assert found["score"].tolist() == pipeline.predict_proba(X)[:, 1].tolist()


def test_numbers_are_the_same_too(registry):
    pipeline = make_pipeline(LinearRegression()).fit(X, X["x"] ** 2)
    found = registry.fresh_predictions("shop", born(registry, pipeline), NUMBER, X)
    assert found["score"].tolist() == found["prediction"].tolist() == pipeline.predict(X).tolist()


def test_what_is_unknown_cannot_be_read(registry):
    registry.prepare("shop")
    with pytest.raises(RegistryError, match="version 7 of shop"):
        registry.artifact("shop", 7)
    with pytest.raises(RegistryError, match="version 7 of shop"):
        registry.fresh_predictions("shop", 7, BINARY, X)


# In MLflow only: a new process


@pytest.fixture(scope="module")
def registered(tmp_path_factory, mlflow_database):
    """The folder of a registry with a classifier, and its version."""
    root = tmp_path_factory.mktemp("registered")
    shutil.copy(mlflow_database, root / "mlflow.db")
    return root, born(registry_in(root), classifier())


@pytest.fixture
def version(registered):
    return registered[1]


@pytest.fixture
def mlflow_registry(registered, tmp_path):
    """A copy of that registry, to be damaged; what is added to it goes into the other's files."""
    shutil.copytree(registered[0], tmp_path, dirs_exist_ok=True)
    return registry_in(tmp_path)


SHIFT = 0.0


def shifted(frame):
    return frame + SHIFT


def test_state_outside_the_pipeline_is_not_there_in_a_new_process(
    empty_registry, monkeypatch, without_a_fork
):
    steps = FunctionTransformer(shifted), LogisticRegression()
    pipeline = make_pipeline(*steps).fit(X, np.where(X["x"] > 0, "yes", "no"))
    version = born(empty_registry, pipeline)
    before = pipeline.predict_proba(X)[:, 1].tolist()
    monkeypatch.setattr(f"{__name__}.SHIFT", 1.0)
    found = empty_registry.fresh_predictions("shop", version, BINARY, X)
    assert found["score"].tolist() == before != pipeline.predict_proba(X)[:, 1].tolist()


def test_a_new_process_that_fails_says_why(tmp_path, monkeypatch):
    (tmp_path / "mlops_drift.py").write_text("raise ImportError('broken here')")
    monkeypatch.chdir(tmp_path)
    failed = run_apart([])
    assert failed.returncode == 1
    assert "broken here" in failed.stderr


def test_a_model_that_cannot_be_loaded_says_why(mlflow_registry, version, tmp_path):
    (pickled,) = tmp_path.glob("mlartifacts/**/model.pkl")
    pickled.write_bytes(b"nothing")
    with pytest.raises(RegistryError, match="UnpicklingError"):
        mlflow_registry.fresh_predictions("shop", version, BINARY, X)


def test_a_folder_that_says_nothing_of_its_model_is_named(mlflow_registry, version, tmp_path):
    (about,) = tmp_path.glob("mlartifacts/**/MLmodel")
    about.write_text("flavors: {}")
    assert mlflow_registry.artifact("shop", version).signature is None
    with pytest.raises(RegistryError, match="names no pickled scikit-learn model"):
        mlflow_registry.fresh_predictions("shop", version, BINARY, X)
    about.unlink()
    with pytest.raises(RegistryError, match="MLmodel cannot be read"):
        mlflow_registry.artifact("shop", version)


def test_a_model_that_lies_elsewhere_is_fetched(mlflow_registry, version, tmp_path):
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    remote = Registry(uri, tmp_path / "elsewhere", tmp_path / "locks")
    assert remote.artifact("shop", version).signature == ("x", "b")
    assert remote.artifact("shop", version) == remote.artifact("shop", version)
    found = remote.fresh_predictions("shop", version, BINARY, X)
    assert found["prediction"].tolist() == classifier().predict(X).tolist()
