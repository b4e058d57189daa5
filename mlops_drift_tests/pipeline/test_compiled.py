"""What the compiled form of a version is used for, once its gate has proven it."""

from types import SimpleNamespace

import duckdb
import pyarrow as pa
import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.pipeline.gates import evaluate_gates
from mlops_drift.pipeline.scoring import predict_table
from mlops_drift.registry.base import COMPILED, COMPILED_TAG, RegistryError
from mlops_drift.store.delta import DeltaLake
from mlops_drift_tests.pipeline.test_gates import Shop, labelled

TREES = {"training": {"families": ["lightgbm"]}}


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    """A version of trees, and what it predicts before and after its gates are judged."""
    with duckdb.connect() as connection:
        shop = Shop(DeltaLake(tmp_path_factory.mktemp("trees") / "lake", connection), TREES)
        version = shop.train(labelled(), trainer=None)
        rows = pa.Table.from_pandas(labelled(200, seed=9), preserve_index=False)
        before = predict_table(shop.spec, shop.registry, version, rows)
        assert shop.registry.proven_form(shop.spec.name, version) is None
        gates = {gate.name: gate for gate in evaluate_gates(_context(shop), version)}
        yield SimpleNamespace(shop=shop, version=version, rows=rows, before=before, gates=gates)


def _context(shop):
    return ModelContext(shop.spec, shop.model, shop.registry)


def test_the_gate_proves_the_form_that_was_registered(trees):
    gate = trees.gates["compiled_equal"]
    assert (gate.verdict, gate.value) == ("pass", 0.0)
    assert gate.n > 150
    tags = trees.shop.registry.tags(trees.shop.spec.name, trees.version)
    form = trees.shop.registry.proven_form(trees.shop.spec.name, trees.version)
    assert tags[COMPILED_TAG] == form.digest


def test_a_proven_form_scores_days_without_the_pipeline_to_the_last_bit(trees, monkeypatch):
    shop = trees.shop
    monkeypatch.setattr(shop.registry, "pipeline", lambda *_: pytest.fail("loaded"))
    assert predict_table(shop.spec, shop.registry, trees.version, trees.rows).equals(trees.before)


def test_probabilities_of_all_classes_are_kept(trees):
    both = trees.before["probabilities"].to_pylist()
    assert [one[trees.shop.spec.target.classes.index("yes")] for one in both] == trees.before[
        "score"
    ].to_pylist()
    assert all(sum(one) == pytest.approx(1) for one in both)


def test_a_form_that_was_changed_scores_nothing(trees, monkeypatch):
    shop, version = trees.shop, trees.version
    read = shop.registry.read_json
    changed = read(shop.spec.name, version, COMPILED) | {"bound": 1.0}
    monkeypatch.setattr(shop.registry, "_proven", {})
    monkeypatch.setattr(
        shop.registry, "read_json", lambda *of: changed if of[-1] == COMPILED else read(*of)
    )
    with pytest.raises(RegistryError, match=r"compiled.json of version 1 of tiny was changed"):
        predict_table(shop.spec, shop.registry, version, trees.rows)
    with pytest.raises(RegistryError, match=r"was changed: its digest is"):
        evaluate_gates(_context(shop), version)
