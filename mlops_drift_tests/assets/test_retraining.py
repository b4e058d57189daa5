"""Retrainings by the job: gates, promotion, and the same version for the same content."""

import dagster as dg
import pytest

from mlops_drift.assets.common import CHAMPION
from mlops_drift.config.loading import find_model
from mlops_drift.gateways import open_registry
from mlops_drift.pipeline.gates import model_gates
from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests.links import addresses_in, problem_of
from mlops_drift_tests.pages import latest_checks
from mlops_drift_tests.tiny import (
    ROWS,
    day,
    evaluations,
    failures,
    materialization,
    metadata_of,
    write_days,
)

# Gates


@pytest.fixture(scope="module")
def gated(rejected_story, tmp_path_factory):
    """Version 1 serves, and version 2 was rejected; a retry needs 100 new labels."""
    world = rejected_story.copy(tmp_path_factory.mktemp("gated"))
    with world.active(), open_instance() as instance:
        yield world, instance


@pytest.fixture
def rejected(gated):
    with gated[0].active():
        yield gated


def test_a_failing_gate_blocks_the_promotion(rejected):
    world, instance = rejected
    with world.lake() as model:
        [first] = model.versions.promotions()
        assert first.version == 1
        rows = model.lake.read(model.tables.predictions).to_pylist()
    assert {row["version"] for row in rows if row["day"] == day(4)} == {1}
    event = instance.get_latest_materialization_event(dg.AssetKey(["tiny", "champion"]))
    assert metadata_of(event.asset_materialization)["version"] == 1
    registry = open_registry()
    assert registry.alias("tiny", "champion") == 1
    assert registry.alias("tiny", "challenger") is None
    names = [registry.client.get_run(registry.run_id("tiny", v)).info.run_name for v in (1, 2)]
    assert names == [f"v1 {first.as_of} first training", f"v2 {day(4)} performance_drop, rejected"]


def test_the_run_of_a_rejected_challenger_is_told_from_a_crash(rejected):
    world, instance = rejected
    runs = [run for run in instance.get_runs() if run.job_name == "tiny_retraining"]
    outcomes = [run.tags.get("mlops_drift/outcome") for run in runs]
    assert outcomes[-2:] == ["rejected by test_log_loss", "promoted v1"]
    pending = latest_checks(world, instance)["champion", "approval_pending"]
    assert pending["description"] == "no challenger waits for approval"


def test_a_failing_gate_stops_the_run_before_the_assets_downstream(rejected):
    _, instance = rejected
    (run, _) = [run for run in instance.get_runs() if run.job_name == "tiny_retraining"]
    assert run.status == dg.DagsterRunStatus.FAILURE
    made = instance.get_records_for_run(
        run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
    ).records
    assets = {record.event_log_entry.dagster_event.asset_key.path[-1] for record in made}
    assert assets == {"training_set", "challenger"}


def test_a_rejected_challenger_is_recorded_with_the_gate_that_was_against_it(rejected):
    world, _ = rejected
    with world.lake() as model:
        record = model.decisions.records(idle=False)[-1]
    assert (record.status, record.challenger) == ("rejected", 2)
    assert "must be at most 0" in record.outcome_reason
    assert record.outcome.failed_gates == ("test_log_loss",)


def test_the_failed_gate_is_an_error_with_its_numbers_and_the_others_pass(rejected):
    _, instance = rejected
    names = [gate.name for gate in model_gates(find_model("tiny").spec)]
    latest = {name: evaluations(instance, "tiny", "challenger", name)[-1] for name in names}
    failed = latest.pop("test_log_loss")
    about = metadata_of(failed)
    assert not failed.passed
    assert failed.severity == dg.AssetCheckSeverity.ERROR
    assert failed.blocking
    assert (about["verdict"], about["limit"], about["version"]) == ("fail", "0", "2")
    assert about["value"] > 0
    assert about["rows"] == str(round(ROWS * 0.3))
    assert "next step" in about
    assert len(latest) > 10
    assert all(item.passed for item in latest.values())
    drawn = {name for name, item in latest.items() if "chart" in metadata_of(item)}
    assert {"test_accuracy", "calibration", "target_leakage", "null_robustness"} <= drawn


def test_a_champion_launched_alone_does_not_promote_an_unfit_version(rejected):
    world, instance = rejected
    result = world.move(instance, version=2)
    assert not result.success
    (message,) = failures(result).values()
    # The challenger has no baseline, and its gate is against it: either way it is no champion.
    assert "version 2 of tiny may not be promoted" in message
    assert "test_log_loss is fail" in message
    with world.lake() as model:
        assert [item.version for item in model.versions.promotions()] == [1]


def test_a_champion_launched_alone_keeps_its_facts_while_no_challenger_waits(rejected):
    world, instance = rejected
    result = world.retrain(instance, selection=[CHAMPION])
    assert result.success
    about = materialization(result, "tiny", "champion")
    assert about["outcome"] == "no challenger waits; version 1 still serves"
    assert (about["version"], about["previous"]) == (1, "none")
    assert about["trained as of"] == str(day(1))
    assert about["serves since"] == str(day(2))
    assert [record.data["version"] for record in about["versions"].records] == [2, 1]
    assert len(about["training set"]) == 12
    assert about["mlflow version"].startswith("http")


def test_a_rejected_challenger_is_tried_again_only_with_enough_new_labels(rejected, tmp_path):
    world, instance = rejected
    assert world.run_days(instance, day(5)).success
    waits = world.look(instance)
    content = world.copy(tmp_path)
    content.write_model({"policy": {"min_new_labels": ROWS}})
    with content.active():
        asks = content.look(instance)
    assert waits.skip_message == (
        f"{day(5)}: wait: a challenger was rejected; {ROWS} of 100 new labels for another"
    )
    (request,) = asks.run_requests
    assert request.run_key == f"tiny-v1-{day(5)}"


# By hand


@pytest.fixture(scope="module")
def by_hand(begin):
    """A model with a champion, trained again by hand: twice as of the same day."""
    world = begin("by_hand")
    with world.active(), open_instance() as instance:
        results = [world.retrain(instance)]
        commits = world.commits()
        results.append(world.retrain(instance, as_of=str(day(3)), reason="to be sure"))
        yield world, instance, results, (commits, world.commits())


@pytest.fixture
def hand(by_hand):
    with by_hand[0].active():
        yield by_hand


def test_a_retraining_by_hand_uses_the_last_day_that_has_features(hand):
    results = hand[2]
    assert all(result.success for result in results)
    about = [materialization(result, "tiny", "training_set") for result in results]
    assert [item["as of"] for item in about] == [str(day(3))] * 2
    assert about[0]["train rows"] + about[0]["test rows"] == 3 * ROWS
    assert about[0]["events since"] == str(day(0))
    assert about[1]["reason"] == "to be sure"


def test_the_same_set_description_and_code_give_the_same_version(hand):
    results = hand[2]
    about = [materialization(result, "tiny", "challenger") for result in results]
    assert [(item["version"], item["new"]) for item in about] == [(2, True), (2, False)]
    assert len({item["training set"] for item in about}) == 1
    client = open_registry().client
    assert len(client.search_model_versions("name = 'tiny'")) == 2
    runs = client.search_runs([open_registry().experiment("tiny")], order_by=["start_time"])
    named = f"v2 {day(3)} by hand"
    assert [run.info.run_name for run in runs[1:]] == [named, f"{named}, trained before"]


def test_a_decision_by_hand_is_recorded_on_promotion_only(hand):
    world = hand[0]
    with world.lake() as model:
        first, *decisions = model.decisions.records(idle=False)
        promotions = model.versions.promotions()
    assert first.kind == "first"
    assert [(item.kind, item.rules, item.status, item.challenger) for item in decisions] == [
        ("by_hand", ("manual",), "promoted", 2),
    ]
    assert decisions[0].labelled > 0
    assert [item.version for item in promotions] == [1, 2]
    assert promotions[1].decision.startswith("tiny-manual-")


def test_training_again_what_serves_already_changes_no_table(hand):
    before, after = hand[3]
    assert after == before
    about = materialization(hand[2][1], "tiny", "champion")
    assert about["version"] == 2
    assert "is the champion already" in about["outcome"]


def test_the_assets_of_a_retraining_say_what_they_made(hand):
    result = hand[2][0]
    trained = materialization(result, "tiny", "challenger")
    assert trained["family"] == "linear"
    assert 0.7 < trained["test accuracy"] <= 1
    assert trained["test rows"] == round(3 * ROWS * 0.3)
    assert "/#/experiments/" in trained["mlflow run"]
    version = "/#/models/tiny/versions/2?workflowType=machine_learning"
    assert trained["mlflow version"].endswith(version)
    born = materialization(result, "tiny", "test_predictions")
    assert born["dagster/row_count"] == trained["test rows"]
    promoted = materialization(result, "tiny", "champion")
    assert (promoted["version"], promoted["previous"]) == (2, 1)
    assert promoted["training set"] == trained["training set"]
    assert promoted["mlflow version"] == trained["mlflow version"]
    made = materialization(result, "tiny", "training_set")
    with hand[0].lake() as model:
        second = model.versions.promotions()[1]
        assert second.reference.startswith(born["reference"])
        assert second.training_set.startswith(made["training set"])
        [record] = model.training_sets.records(second.training_set)
        for table, commit in (
            (model.tables.features, record.features_snapshot),
            (model.tables.labels, record.labels_snapshot),
        ):
            assert made[table.name] == f"commit {commit}"


def test_the_pages_of_mlflow_lead_back_to_dagster(hand):
    world, instance, [result, _], _ = hand
    client = open_registry().client
    described = [client.get_registered_model("tiny"), client.get_model_version("tiny", "2")]
    for item in described:
        assert item.description.startswith("Whether a is positive.")
        pages = addresses_in(item.description)
        assert sum(page.endswith("/assets/tiny/report") for page in pages) == 1
        assert {problem_of(page, world.definitions, instance) for page in pages} == {""}
    assert "It predicts `y` (binary)." in described[0].description
    version = client.get_model_version("tiny", "2")
    assert f"/runs/{result.run_id}" in version.description
    assert "/assets/tiny/challenger?view=checks" in version.description
    run = client.get_run(version.run_id)
    assert run.data.tags["mlflow.note.content"] == version.description
    assert run.data.tags["dagster_run_id"] == result.run_id


def test_data_versions_follow_the_content(hand):
    made = hand[1].fetch_materializations(dg.AssetKey(["tiny", "training_set"]), limit=9).records
    versions = [record.asset_materialization.tags["dagster/data_version"] for record in made]
    assert len(versions) == 3
    assert versions[0] == versions[1] != versions[2]


def test_a_challenger_without_a_training_set_says_what_to_do_first(new_world):
    world = new_world("empty_handed")
    write_days(world.write_model(), 2)
    with world.active(), dg.DagsterInstance.ephemeral() as instance:
        nothing = world.retrain(instance)
        alone = world.retrain(instance, selection=["challenger"])
    assert "tiny has no features yet" in failures(nothing)["tiny__training_set"]
    assert "tiny/training_set has never been materialized" in failures(alone)["tiny__challenger"]
