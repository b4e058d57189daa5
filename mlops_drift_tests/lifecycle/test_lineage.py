"""From an event, a day or a version to everything that it rests on."""

import hashlib
import json
import re

import pytest
from click.testing import CliRunner
from deltalake import DeltaTable

from mlops_drift.cli.main import main
from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import find_model
from mlops_drift.errors import UserError
from mlops_drift.gateways import open_lake, open_registry
from mlops_drift.lifecycle.lineage import trace_day, trace_key, trace_version
from mlops_drift.lifecycle.promotion import approve
from mlops_drift.lifecycle.transitions import Person
from mlops_drift.pipeline.training import build_training_set, train_challenger
from mlops_drift.registry.base import GATES_FILE
from mlops_drift.registry.memory import MemoryRegistry
from mlops_drift_tests.pipeline.test_features import landed, spec_of
from mlops_drift_tests.tiny import day


@pytest.fixture
def about(story):
    spec = find_model("tiny").spec
    with open_lake() as lake:
        yield spec, ModelContext.of(lake, spec).store, open_registry()


def link(chain, what):
    return next(item for item in chain if item.what == what)


def test_a_version_leads_to_its_training_set_and_who_promoted_it_and_why(about):
    chain = trace_version(ModelContext(*about), 2)
    record = about[1].versions.get(2)
    assert link(chain, "version").facts["family"] == "linear"
    assert "degree" in link(chain, "version").facts["params"]
    built = link(chain, "training set").facts
    assert (built["id"], built["rows"]) == (record.training_set, record.rows)
    assert built["train rows"] + built["test rows"] == record.rows
    promotion = link(chain, "promotion")
    assert promotion.facts["triggers"] == "performance_drop"
    assert promotion.facts["replaces"] == 1
    assert promotion.facts["approved by"] == "the policy: its gates passed"
    assert promotion.rows[0]["check"] == "performance_drop"
    assert promotion.rows[0]["value"] < 0.2


def test_the_sql_of_derived_columns_is_part_of_the_chain(lake):
    spec = spec_of()
    model, registry = landed(lake, spec), MemoryRegistry()
    built = build_training_set(ModelContext(spec, model), day(4), None)
    train_challenger(ModelContext(spec, model, registry), built.id, day(4), lambda trial: None)
    made_by = hashlib.sha256(spec.features_sql.encode()).hexdigest()
    assert (
        link(trace_version(ModelContext(spec, model, registry), 1), "code").facts["features.sql"]
        == made_by
    )


def test_gates_are_shown_as_they_were_when_a_person_approved(three_versions, tmp_path):
    world = three_versions.copy(tmp_path)
    with world.active(), world.lake() as model:
        spec, registry = find_model("tiny").spec, open_registry()
        rejected = [
            {"gate": "test_accuracy", "verdict": "fail", "value": 0, "threshold": 1, "n": 9}
        ]
        registry.log_files("tiny", 3, {GATES_FILE: json.dumps(rejected).encode()})
        approve(ModelContext(spec, model, registry), Person("ann", "good enough"), 3)
        gates = link(trace_version(ModelContext(spec, model, registry), 3), "gates").rows
    assert {row["verdict"] for row in gates} == {"pass"}
    assert "test_accuracy" in {row["gate"] for row in gates}


def test_the_table_commits_of_a_version_hold_the_rows_that_it_was_trained_on(story, about):
    chain = trace_version(ModelContext(*about), 2)
    commits = link(chain, "table snapshots").facts
    number = int(commits["features.tiny"].split()[1])
    then = DeltaTable(story.world.data / "lake" / "features" / "tiny", version=number)
    keys = set(then.to_pyarrow_table()["id"].to_pylist())
    trained = about[1].training_sets.read(about[1].versions.get(2).training_set)
    assert {key for part in trained.parts.values() for key in part["id"].to_pylist()} <= keys


def test_the_files_of_a_version_are_named_with_their_digests(story, about):
    files = link(trace_version(ModelContext(*about), 1), "origins").rows
    folder = story.world.defs / "tiny"
    assert {(row["of"], row["origin"], row["digest"]) for row in files} == {
        (source, name, hashlib.sha256((folder / name).read_bytes()).hexdigest())
        for source, name in (("events", "events.csv"), ("labels", "labels.parquet"))
    }


def test_a_day_leads_to_what_arrived_who_served_it_and_what_was_decided(about):
    chain = trace_day(ModelContext(*about), day(4))
    assert link(chain, "day").facts["events"] == 60
    assert link(chain, "served by").rows == [{"version": 1, "predictions": 60}]
    assert {row["check"] for row in link(chain, "failed checks").rows} == {"performance_drop"}
    assert "retrain" in {row["action"] for row in link(chain, "decided at its end").rows}
    assert link(chain, "version").facts["version"] == 1


def test_an_event_leads_to_its_prediction_label_and_version(about):
    chain = trace_key(ModelContext(*about), "4007")
    assert link(chain, "event").facts["day"] == day(4)
    (prediction,) = link(chain, "predictions").rows
    assert prediction["version"] == 1
    (label,) = link(chain, "labels").rows
    assert label["arrived"] == day(5)
    assert link(chain, "in training sets").rows == []
    assert link(chain, "version").facts["version"] == 1


def test_an_event_leads_to_the_versions_that_were_trained_on_it(about):
    model = about[1]
    trained = model.training_sets.read(model.versions.get(1).training_set)
    for part, rows in trained.parts.items():
        found = trace_key(ModelContext(*about), str(rows["id"][0].as_py()))
        assert link(found, "in training sets").rows == [
            {"version": 1, "part": part, "training set": model.versions.get(1).training_set}
        ]


def test_what_is_not_there_is_answered_with_what_is(about):
    with pytest.raises(UserError, match="tiny has no version 9; its versions are 1, 2"):
        trace_version(ModelContext(*about), 9)
    with pytest.raises(UserError, match=f"nothing of tiny landed on {day(99)}"):
        trace_day(ModelContext(*about), day(99))
    with pytest.raises(UserError, match="no event of tiny has the id '99999'"):
        trace_key(ModelContext(*about), "99999")


def explained(*arguments):
    result = CliRunner().invoke(main, ["explain", "tiny", *arguments])
    return result.exit_code, result.output


@pytest.mark.parametrize("asked", [("--version", "2"), ("--day", "2024-03-05"), ("--key", "4007")])
def test_the_command_prints_the_chain_as_text_and_as_json(story, asked):
    code, text = explained(*asked)
    assert code == 0
    assert "\nTraining set\n" in text
    code, full = explained(*asked, "--full")
    assert code == 0
    assert "\ntraining set\n" in full
    # Whole hashes are only in full.
    assert re.search(r"\b[0-9a-f]{64}\b", full)
    assert not re.search(r"\b[0-9a-f]{32,}\b", text)
    code, chain = explained(*asked, "--format", "json")
    assert code == 0
    assert "training set" in {item["what"] for item in json.loads(chain)}


def test_the_command_wants_one_question(story):
    assert explained()[0] == 2
    assert explained("--version", "1", "--key", "4007")[0] == 2
    code, text = explained("--version", "9")
    assert (code, "its versions are 1, 2" in text) == (1, True)
