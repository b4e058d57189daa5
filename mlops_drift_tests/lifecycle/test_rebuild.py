"""A version can be made again from what was stored of it."""

import json
import re

import numpy as np
import pytest
from click.testing import CliRunner

from mlops_drift.cli.main import main
from mlops_drift.config.context import ModelContext
from mlops_drift.learning.families import base
from mlops_drift.lifecycle.rebuild import rebuild
from mlops_drift.pipeline.logged import RECIPE, SPEC
from mlops_drift.registry.base import RegistryError
from mlops_drift.store.records import Removal, RemovedError
from mlops_drift_tests.tiny import day


@pytest.mark.parametrize("version", [1, 2])
def test_a_version_comes_out_again_to_the_last_bit(parts, version):
    made = rebuild(ModelContext(*parts), version, search_again=True)
    assert made.is_same
    assert (made.different, made.largest, made.same_recipe) == (0, 0.0, True)
    assert made.rows == parts[1].versions.get(version).rows
    assert made.same_code


def test_the_description_of_its_own_time_makes_it(parts):
    spec, model, registry = parts
    columns = {name: spec.columns[name] for name in ("a",)}
    made = rebuild(ModelContext(spec.model_copy(update={"columns": columns}), model, registry), 1)
    assert made.is_same


def changed(monkeypatch, registry, file, change):
    """Lets a file that was logged with a version be another one."""
    honest = registry.read_json

    def read(model, version, name):
        content = honest(model, version, name)
        return change(content) if name == file else content

    monkeypatch.setattr(registry, "read_json", read)


@pytest.mark.parametrize(
    ("file", "change", "told"),
    [
        (RECIPE, lambda content: {}, r"recipe.json of version 1 .*damaged: 2 validation errors"),
        (RECIPE, lambda content: 5, r"recipe.json of version 1 of tiny is damaged"),
        (
            RECIPE,
            lambda content: {**content, "params": {"C": 77.0}},
            r"recipe.json of version 1 of tiny was changed: .*C 77.0, registered was ",
        ),
        (SPEC, lambda content: {}, r"spec.json of version 1 of tiny is damaged"),
        (
            SPEC,
            lambda content: {**content, "training": {**content["training"], "seed": 8}},
            r"spec.json of version 1 of tiny was changed: its digest is \w+, registered was \w+;",
        ),
    ],
)
def test_what_was_logged_and_is_another_now_is_named(parts, monkeypatch, file, change, told):
    changed(monkeypatch, parts[2], file, change)
    with pytest.raises(RegistryError, match=told):
        rebuild(ModelContext(*parts), 1)


def test_a_version_that_the_retention_removed_says_so(parts, monkeypatch):
    spec, model, registry = parts
    gone = Removal(1, day(5), "abc", "older than 2 versions")
    monkeypatch.setattr(model.versions, "removals", lambda: {1: gone})
    with pytest.raises(RemovedError, match="version 1 was removed by the retention"):
        rebuild(ModelContext(spec, model, registry), 1)


def test_a_seed_that_was_changed_is_found_out_by_other_code_too(parts, monkeypatch):
    def other_seed(content):
        return {**content, "training": {**content["training"], "seed": 8}}

    changed(monkeypatch, parts[2], SPEC, other_seed)
    code = "mlops_drift.pipeline.logged.learning_code_digest"
    monkeypatch.setattr(code, lambda libraries, own: "other")
    with pytest.raises(RegistryError, match="seed 8, registered was 7"):
        rebuild(ModelContext(*parts), 1)


def test_another_model_under_its_number_is_found_out(parts, monkeypatch):
    spec, model, registry = parts
    honest = base.predict

    def shifted(pipeline, target, features):
        found = honest(pipeline, target, features)
        if pipeline is registry.pipeline("tiny", 1):
            found["score"] = np.nextafter(found["score"].to_numpy(), 2.0)
        return found

    monkeypatch.setattr(base, "predict", shifted)
    made = rebuild(ModelContext(spec, model, registry), 1)
    assert not made.is_same
    assert made.different == made.rows
    assert 0 < made.largest < 1e-12


def test_every_metric_of_the_test_part_is_logged_with_its_interval(parts):
    _, model, registry = parts
    run = registry.client.get_run(model.versions.get(1).mlflow_run)
    for name in ("accuracy", "f1", "auc", "log_loss"):
        value, lower, upper = (
            run.data.metrics[f"test_{name}{part}"] for part in ("", "_lower", "_upper")
        )
        assert lower <= value <= upper
    about = registry.read_json("tiny", 1, "version.json")
    assert len(about["lock_digest"]) == 64
    assert {"git_sha", "code_digest", "spec_digest", "training_set"} <= set(about)
    assert about["value"] == run.data.metrics["test_accuracy"]


def test_the_tags_of_a_version_are_few_and_readable(parts):
    tags = parts[2].tags("tiny", 1)
    assert tags.keys() == {
        *("as_of", "rows", "family", "test_accuracy", "environment_prod"),
        *("training_set", "spec_digest", "code_digest", "reference", "proven"),
    }
    assert max(len(number) for number in re.findall(r"[\d.]+", tags["test_accuracy"])) <= 6


def test_a_file_that_was_not_logged_is_named(parts):
    with pytest.raises(RegistryError, match=r"version 1 of tiny has no nothing\.json"):
        parts[2].read_json("tiny", 1, "nothing.json")


def test_the_command_proves_it(story):
    result = CliRunner().invoke(main, ["rebuild", "tiny", "2"])
    assert result.exit_code == 0, result.output
    assert "version 2 of tiny is reproduced: all 60 predictions are identical" in result.output
    told = json.loads(CliRunner().invoke(main, ["rebuild", "tiny", "1", "--format", "json"]).stdout)
    assert told["is_same"]
    missing = CliRunner().invoke(main, ["rebuild", "tiny", "9"])
    assert (missing.exit_code, "tiny has no version 9" in missing.output) == (1, True)
