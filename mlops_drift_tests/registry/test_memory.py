import shutil
import subprocess
import sys
from itertools import count

import mlflow
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from mlops_drift.registry.base import CHALLENGER, CHAMPION, PREVIOUS, RegistryError, VersionPackage
from mlops_drift.registry.memory import MemoryRegistry
from mlops_drift_tests.registries import registry_in

X = pd.DataFrame({"x": [-2.0, -1.0, 1.0, 2.0]})
RULE = ["no", "no", "yes", "yes"]
NUMBERS = count(1)
IDENTITY = {"training_set": "abc", "code": "1"}


@pytest.fixture(scope="module", params=["mlflow", "memory"])
def registry(request, tmp_path_factory, mlflow_database):
    """A registry of either kind, in which each test has models of its own."""
    if request.param == "memory":
        return MemoryRegistry()
    root = tmp_path_factory.mktemp("registry")
    shutil.copy(mlflow_database, root / "mlflow.db")
    return registry_in(root)


@pytest.fixture
def shop():
    """A model that no registry has."""
    return f"shop-{next(NUMBERS)}"


def package(identity, truth=RULE):
    pipeline = make_pipeline(LogisticRegression()).fit(X, truth)
    return VersionPackage(
        pipeline,
        X,
        pd.Series(pipeline.predict(X)),
        identity,
        tags={"git": "123"},
        params={"C": 1.0},
        metrics={"test_accuracy": 1.0},
        tables={"splits.json": {"train": 3, "test": 1}},
    )


def register(registry, model, new):
    """Registers a version as a training does: in a run, where the registry has runs."""
    registry.prepare(model)
    if isinstance(registry, MemoryRegistry):
        return registry.register(model, new)
    experiment = registry.client.get_experiment_by_name(model)
    with mlflow.start_run(experiment_id=experiment.experiment_id):
        return registry.register(model, new)


def test_a_version_is_found_by_what_it_was_made_from(registry, shop):
    registry.prepare(shop)
    assert registry.find(shop, IDENTITY) is None
    other = {**IDENTITY, "code": "2"}
    numbers = [register(registry, shop, package(made)) for made in (IDENTITY, other, IDENTITY)]
    assert numbers == [1, 2, 3]
    assert registry.find(shop, IDENTITY) == 1
    assert registry.find(shop, dict(reversed(other.items()))) == 2
    assert registry.find(shop, {**IDENTITY, "code": "3"}) is None
    assert registry.find(shop, {**IDENTITY, "spec": "x"}) is None


def test_models_have_numbers_and_aliases_of_their_own(registry, shop):
    bank = f"bank-{shop}"
    assert register(registry, shop, package(IDENTITY)) == 1
    assert registry.find(bank, IDENTITY) is None
    assert register(registry, bank, package(IDENTITY, RULE[::-1])) == 1
    registry.set_alias(shop, CHAMPION, 1)
    assert registry.alias(bank, CHAMPION) is None
    assert registry.pipeline(shop, 1).predict(X).tolist() == RULE
    assert registry.pipeline(bank, 1).predict(X).tolist() == RULE[::-1]


def test_an_alias_points_where_it_was_last_set(registry, shop):
    first, second = (register(registry, shop, package({"n": str(n)})) for n in (1, 2))
    assert registry.alias(shop, CHAMPION) is None
    for version in (first, first, second):
        registry.set_alias(shop, CHAMPION, version)
    registry.set_alias(shop, PREVIOUS, first)
    aliases = {name: registry.alias(shop, name) for name in (CHAMPION, CHALLENGER, PREVIOUS)}
    assert aliases == {CHAMPION: second, CHALLENGER: None, PREVIOUS: first}


def test_a_tag_is_added_to_a_version_which_is_still_found_by_its_identity(registry, shop):
    version = register(registry, shop, package(IDENTITY))
    assert registry.tags(shop, version) == {"git": "123", **IDENTITY}
    for value in ("d1", "d1", "d2"):
        registry.set_tag(shop, version, "reference", value)
    assert registry.tags(shop, version) == {"git": "123", "reference": "d2", **IDENTITY}
    assert registry.find(shop, IDENTITY) == version


def test_the_tags_that_were_read_are_nobody_elses(registry, shop):
    version = register(registry, shop, package(IDENTITY))
    registry.tags(shop, version)["code"] = "2"
    assert registry.tags(shop, version)["code"] == "1"


def test_an_unknown_version_has_no_pipeline(registry, shop):
    register(registry, shop, package(IDENTITY))
    for model, version in [(shop, 2), (shop, 0), (shop, -1), ("nowhere", 1)]:
        with pytest.raises(RegistryError, match=f"version {version} of {model}"):
            registry.pipeline(model, version)


def test_files_are_taken_and_change_nothing_else(registry, shop):
    version = register(registry, shop, package(IDENTITY))
    registry.log_files(shop, version, {"reference/a.json": b"{}"})
    assert registry.tags(shop, version) == {"git": "123", **IDENTITY}
    assert registry.pipeline(shop, version).predict(X).tolist() == RULE
    assert isinstance(registry.run_id(shop, version), str)


def test_a_lock_is_free_again_after_its_use(registry, shop):
    for _ in range(2):
        with registry.lock(f"registry-{shop}"):
            registry.prepare(shop)


def test_an_unknown_version_in_memory_has_no_tags():
    registry = MemoryRegistry()
    register(registry, "shop", package(IDENTITY))
    with pytest.raises(RegistryError, match="no version 2 of shop"):
        registry.tags("shop", 2)
    with pytest.raises(RegistryError, match="no version 2 of shop"):
        registry.set_tag("shop", 2, "reference", "d1")


def test_registries_in_memory_share_nothing():
    one, other = MemoryRegistry(), MemoryRegistry()
    new = package(IDENTITY)
    version = register(one, "shop", new)
    one.set_alias("shop", CHAMPION, version)
    assert other.find("shop", IDENTITY) is None
    assert other.alias("shop", CHAMPION) is None
    register(other, "shop", new)
    other.set_tag("shop", version, "reference", "d1")
    assert "reference" not in one.tags("shop", version)


def test_the_registry_in_memory_loads_neither_mlflow_nor_sklearn():
    script = (
        "import sys, mlops_drift.registry.memory as module; module.MemoryRegistry(); "
        "print(sorted({'mlflow', 'sklearn', 'pandas'} & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert told.stdout.strip() == "[]"
