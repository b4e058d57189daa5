"""The gates over trained versions: which one refuses what, and what is remembered."""

import json
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import find_model
from mlops_drift.config.spec import ModelSpec
from mlops_drift.gateways import open_lake, open_registry
from mlops_drift.learning.families.base import plain
from mlops_drift.learning.model import fit
from mlops_drift.learning.recipe import Recipe
from mlops_drift.learning.training_set import TrainingSet, split_by_time
from mlops_drift.pipeline import gates
from mlops_drift.pipeline.gates import MEASURED_ONCE, SHOWN_ONCE, evaluate_gates, model_gates
from mlops_drift.pipeline.logged import OUT_OF_FOLD
from mlops_drift.pipeline.training import train_challenger, train_package
from mlops_drift.registry.base import PROVEN_TAG, RegistryError, proofs_of
from mlops_drift.registry.memory import MemoryRegistry
from mlops_drift.store.delta import DeltaLake
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Promotion
from mlops_drift_tests.learning.gates.candidates import BINARY, rows
from mlops_drift_tests.tiny import SPEC, merged

COLUMNS = {
    "x": {"type": "number"},
    "z": {"type": "number", "nullable": False},
    "city": {"type": "category"},
}
CHANGES = {
    "columns": {"a": ..., "b": ..., "c": ..., **COLUMNS},
    "training": {"families": ["linear"], "trials": 1},
    "gates": {"min_rows": 30, "trusted_columns": [], "comparison": "better"},
    "policy": {"first_training_rows": 500},
}
AS_OF = date(2024, 3, 5)


def described(changes=None):
    return ModelSpec(**merged(merged(SPEC, CHANGES), changes or {}))


def labelled(n=500, seed=1, **columns):
    """Labelled rows as the lake gives them, in the order of their events."""
    frame = rows(BINARY, n, seed).assign(day=AS_OF, **columns)
    moments = pd.Timestamp("2024-03-01") + pd.to_timedelta(np.arange(n), "min")
    return frame.assign(event_time=moments)


PACKAGES = {}


def package(spec, training_set, identity, as_of, on_trial):
    """What `train_package` makes, once for each training."""
    key = tuple(sorted(identity.items()))
    if key not in PACKAGES:
        PACKAGES[key] = train_package(spec, training_set, identity, as_of, on_trial)
    return PACKAGES[key]


class Shop:
    """A model with a lake and a registry of its own."""

    def __init__(self, lake, changes=None):
        self.spec = described(changes)
        parts = self.spec.name, self.spec.tables, self.spec.key, self.spec.target
        self.model, self.registry = ModelStore(lake, *parts), MemoryRegistry()

    def train(self, frame, trainer=package, training_set=None):
        """Trains a version; returns its number."""
        table = pa.Table.from_pandas(frame, preserve_index=False)
        stored = training_set or split_by_time(table, self.spec.key, self.spec.training.test_share)
        record, _ = train_challenger(
            ModelContext(self.spec, self.model, self.registry),
            self.model.training_sets.write(stored),
            AS_OF,
            lambda trial: None,
            trainer=trainer,
        )
        return record.version

    def judge(self, version):
        """The results by gate."""
        found = evaluate_gates(ModelContext(self.spec, self.model, self.registry), version)
        assert [result.name for result in found] == [gate.name for gate in model_gates(self.spec)]
        return {result.name: result for result in found}

    def promote(self, version):
        record = self.model.versions.get(version)
        number = len(self.model.versions.promotions()) + 1
        self.model.versions.add_promotion(
            Promotion(number, AS_OF, version, None, record.training_set, "", f"d{version}")
        )


def against(found):
    return {name for name, result in found.items() if result.verdict != "pass"}


def refitted(estimator, on):
    """A trainer that fits another estimator, on rows of its own choice."""

    def trainer(spec, training_set, identity, as_of, on_trial):
        baseline = package(spec, training_set, identity, as_of, on_trial)
        part = pd.concat([getattr(training_set, name).to_pandas() for name in on])
        numbers = {name: column for name, column in spec.columns.items() if column.is_numeric}
        step = FunctionTransformer(plain, kw_args={"columns": numbers})
        pipeline = Pipeline([("plain", step), ("estimator", estimator)])
        pipeline.fit(part[list(spec.columns)], part[spec.target.column])
        return replace(baseline, pipeline=pipeline)

    return trainer


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    """An honest version that was judged twice, and made and run again only the first time."""
    with duckdb.connect() as connection:
        shop = Shop(DeltaLake(tmp_path_factory.mktemp("honest") / "lake", connection))
        version = shop.train(labelled(), trainer=None)
        first = shop.judge(version)
        tags = shop.registry.tags(shop.spec.name, version)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(shop.registry, "fresh_predictions", lambda *_: pytest.fail("again"))
            patch.setattr(gates, "refit", lambda *_: pytest.fail("again"))
            second = shop.judge(version)
        yield SimpleNamespace(shop=shop, version=version, first=first, tags=tags, second=second)


def test_an_honest_version_passes_all_gates(honest):
    assert against(honest.first) == set()
    assert len(honest.first) > 15


def test_a_constant_model_is_refused_for_what_it_predicts(lake):
    shop = Shop(lake, {"gates": {"metrics": {"accuracy": 0.3}}})
    found = shop.judge(shop.train(labelled(), refitted(DummyClassifier(), ["train"])))
    assert "prediction_distribution" in against(found)
    assert "ignores its features" in found["prediction_distribution"].summary
    assert found["test_accuracy"].verdict == "pass"


def test_a_model_fitted_on_the_test_rows_is_refused_as_too_good_to_be_true(lake):
    shop = Shop(lake)
    tree = DecisionTreeClassifier(max_leaf_nodes=120, random_state=1)
    found = shop.judge(shop.train(labelled(), refitted(tree, ["train", "test"])))
    refusing = found["cv_test_gap"]
    assert refusing.verdict == "fail"
    assert "has probably seen the test rows" in refusing.summary
    # The set is sound: only the fit is not.
    sound = {"no_key_overlap", "no_row_overlap", "target_leakage", "test_accuracy"}
    assert not against(found) & sound


def honest_recipe_on_all_rows(spec, training_set, identity, as_of, on_trial):
    """A trainer that searches on the train split, and then fits on the test split too."""
    baseline = package(spec, training_set, identity, as_of, on_trial)
    rows = pd.concat([training_set.train.to_pandas(), training_set.test.to_pandas()])
    features, truth = rows[list(spec.columns)], rows[spec.target.column].to_numpy()
    recipe = Recipe(**baseline.tables["recipe.json"])
    greedy = fit(recipe, features, truth, spec.columns, spec.target, spec.training.seed)
    return replace(baseline, pipeline=greedy.pipeline)


@pytest.mark.parametrize("family", ["linear", "lightgbm"])
def test_a_fit_of_an_honest_recipe_on_the_test_rows_too_is_refused(lake, family):
    shop = Shop(lake, {"training": {"families": [family]}})
    found = shop.judge(shop.train(labelled(), honest_recipe_on_all_rows))
    # Trees know some of the rows by heart, too; what is linear only leans towards them.
    assert family == "lightgbm" or against(found) == {"refit_consistency"}
    refusing = found["refit_consistency"]
    assert (refusing.verdict, refusing.n) == ("fail", 150)
    assert refusing.value > 100
    assert "fitted on something else, perhaps on the test rows" in refusing.summary


def test_where_other_code_made_the_version_a_difference_proves_nothing(lake):
    def older(*arguments):
        baseline = honest_recipe_on_all_rows(*arguments)
        return replace(baseline, identity={**baseline.identity, "code_digest": "of yesterday"})

    shop = Shop(lake)
    found = shop.judge(shop.train(labelled(), older))
    assert against(found) == {"refit_consistency"}
    assert found["refit_consistency"].verdict == "unknown"
    assert "other code or libraries" in found["refit_consistency"].summary


@pytest.mark.parametrize("name", ["recipe.json", "spec.json"])
def test_a_version_that_cannot_be_fitted_again_is_unknown(lake, name):
    def forgetting(*arguments):
        baseline = package(*arguments)
        return replace(baseline, tables={k: v for k, v in baseline.tables.items() if k != name})

    shop = Shop(lake)
    found = shop.judge(shop.train(labelled(), forgetting))
    assert against(found) == {"refit_consistency"}
    assert name in found["refit_consistency"].summary


def test_a_second_fit_is_made_once(honest):
    assert honest.first["refit_consistency"].verdict == "pass"
    again = honest.second["refit_consistency"]
    assert (again.verdict, again.value, again.n) == ("pass", 0, 150)


def test_test_rows_in_the_train_part_under_new_keys_are_refused(lake):
    shop = Shop(lake)
    frame = labelled()
    train, test = frame.head(350), frame.tail(150)
    again = test.assign(id=test["id"] + 1_000_000)
    tables = (
        pa.Table.from_pandas(part, preserve_index=False)
        for part in (pd.concat([train, again]), test)
    )
    found = shop.judge(shop.train(frame, training_set=TrainingSet(*tables)))
    assert against(found) == {"no_row_overlap"}
    assert "100.0% of 150 test rows have the same features and label" in (
        found["no_row_overlap"].summary
    )


def test_a_planted_leak_is_refused_by_the_name_of_its_column(lake):
    shop = Shop(lake, {"columns": {"refund": {"type": "number"}}})
    frame = labelled()
    noise = np.random.default_rng(3).normal(size=len(frame))
    leaking = frame.assign(refund=(frame["y"] == "yes") + 0.1 * noise)
    found = shop.judge(shop.train(leaking))
    assert against(found) == {"target_leakage"}
    assert "'refund' alone tells the label" in found["target_leakage"].summary


def test_predictions_that_are_worth_less_than_none_are_refused(lake):
    offers = [
        {"truth": "yes", "prediction": "yes", "value": 10},
        {"truth": "no", "prediction": "yes", "value": -100},
    ]
    shop = Shop(lake, {"monitors": {"performance": {"business": {"outcomes": offers}}}})
    found = shop.judge(shop.train(labelled()))
    assert against(found) == {"business_value"}
    assert "'always no' is worth 0" in found["business_value"].summary


# Beside the champion


def test_a_challenger_is_compared_on_test_rows_that_the_champion_has_not_trained_on(lake):
    shop = Shop(lake)
    first = shop.train(labelled(400))
    shop.promote(first)
    second = shop.train(labelled(500))
    trained_on = set(
        shop.model.training_sets.read(shop.model.versions.get(first).training_set).train["id"]
    )
    test = shop.model.training_sets.read(shop.model.versions.get(second).training_set).test["id"]
    found = shop.judge(second)["beats_champion"]
    assert found.n == len(set(test) - trained_on)
    # The same rule learned twice is no better.
    assert found.verdict == "fail"
    assert shop.judge(first)["beats_champion"].verdict == "pass"


def test_a_champion_that_knows_all_the_test_rows_leaves_nothing_to_compare(lake):
    shop = Shop(lake)
    frame = labelled(400)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    shop.promote(shop.train(frame, training_set=TrainingSet(table, table.slice(0, 40))))
    found = shop.judge(shop.train(frame))["beats_champion"]
    assert (found.verdict, found.n) == ("unknown", 0)


def test_a_better_challenger_passes(lake):
    shop = Shop(lake)
    shop.promote(shop.train(labelled(200, seed=5), refitted(DummyClassifier(), ["train"])))
    found = shop.judge(shop.train(labelled(500)))["beats_champion"]
    assert found.verdict == "pass"
    assert found.value > 0


# What is remembered


def test_predictions_of_a_new_process_are_proven_once(honest):
    shop, version = honest.shop, honest.version
    assert honest.first["fresh_process"].value == 0
    stored = shop.registry.artifact(shop.spec.name, version)
    assert proofs_of(honest.tags)["of"] == stored.digest
    again = honest.second["fresh_process"]
    assert (again.verdict, "before" in again.summary) == ("pass", True)
    # Of other bytes nothing is proven.
    other = json.dumps({**proofs_of(honest.tags), "of": "another"})
    shop.registry.set_tag(shop.spec.name, version, PROVEN_TAG, other)
    assert shop.judge(version)["fresh_process"].value == 0


def test_a_stored_model_that_cannot_be_loaded_is_unknown_and_not_remembered(lake, monkeypatch):
    shop = Shop(lake)
    version = shop.train(labelled())

    def broken(*_):
        raise RegistryError("the disk is gone")

    monkeypatch.setattr(shop.registry, "fresh_predictions", broken)
    found = shop.judge(version)
    assert against(found) == {"fresh_process"}
    assert "the disk is gone" in found["fresh_process"].summary
    assert "fresh_process" not in proofs_of(shop.registry.tags(shop.spec.name, version))


def test_a_version_without_its_cross_validated_rows_is_unknown(lake):
    def forgetting(*arguments):
        baseline = package(*arguments)
        kept = {k: v for k, v in baseline.tables.items() if k != OUT_OF_FOLD}
        return replace(baseline, tables=kept)

    shop = Shop(lake)
    assert against(shop.judge(shop.train(labelled(), forgetting))) == {"cv_test_gap"}


def test_gates_say_the_same_again_and_do_not_measure_again(honest):
    first, second = honest.first, honest.second
    for name in set(first) - {*MEASURED_ONCE, *SHOWN_ONCE}:
        assert repr(second[name]) == repr(first[name])
    for name in MEASURED_ONCE:
        assert second[name].value == pytest.approx(first[name].value, rel=1e-3)


def test_versions_in_mlflow_were_proven_by_a_process_of_their_own(story):
    registry = open_registry()
    with open_lake() as lake:
        promoted = ModelContext.of(lake, find_model("tiny").spec).store.versions.promotions()
    assert promoted
    for promotion in promoted:
        artifact = registry.artifact("tiny", promotion.version)
        proofs = proofs_of(registry.tags("tiny", promotion.version))
        assert [proofs[name] for name in ("of", *SHOWN_ONCE)] == [artifact.digest, "pass", "pass"]
        assert artifact.signature == ("a", "b", "c")
