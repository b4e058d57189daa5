"""A model whose predictions are made elsewhere, from its YAML to its page and what it calls."""

import json
from types import SimpleNamespace

import dagster as dg
import pytest
from click.testing import CliRunner

from mlops_drift import settings
from mlops_drift.assets.common import DECISION_TAG
from mlops_drift.cli.main import main
from mlops_drift.component import model_definitions
from mlops_drift.jobs import daily_job_name
from mlops_drift.resources import default_resources
from mlops_drift.sensors.retraining import sensor_name
from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests import elsewhere
from mlops_drift_tests.elsewhere import CHANGED, CHANGES, DAYS, SECOND
from mlops_drift_tests.receiver import SECRET, WebhookReceiver
from mlops_drift_tests.tiny import day, evaluations

ACTION = {"webhook": {"url": "${HOOK}", "secret": "${HOOK_SECRET}"}}


def calling(action):
    """The description, with something that decisions call."""
    return {**CHANGES, "policy": {**CHANGES["policy"], "action": action}}


def call(*words, code=0):
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture(scope="module")
def told(begun_elsewhere, tmp_path_factory):
    """The whole story, with a webhook that is called; what it got."""
    world = begun_elsewhere.copy(tmp_path_factory.mktemp("told"))
    world.write_model(calling(ACTION))
    receiver = WebhookReceiver()
    with pytest.MonkeyPatch.context() as patch, world.active(), open_instance() as instance:
        patch.setenv("HOOK", receiver.url)
        patch.setenv("HOOK_SECRET", SECRET)
        world.replay(instance, step=2)
        receiver.down()
        yield SimpleNamespace(world=world, receiver=receiver, instance=instance)


def test_no_asset_of_a_training_is_there(told):
    names = {key.path[1] for key in told.world.definitions.resolve_all_asset_keys()}
    assert names == {
        *("events", "labels", "predictions", "features", "production_predictions"),
        *("drift_metrics", "performance_metrics", "decisions", "report", "compaction"),
    }
    job = told.world.definitions.resolve_job_def(daily_job_name("tiny"))
    layer = job.asset_layer.asset_graph.get(dg.AssetKey(["tiny", "production_predictions"]))
    assert {key.path[1] for key in layer.parent_keys} == {"features", "labels", "predictions"}


def test_nothing_is_asked_of_the_registry(told):
    assert not (told.world.data / "mlflow.db").exists()


def test_before_the_reference_checks_say_why_they_are_unknown(told):
    first = evaluations(told.instance, "tiny", "drift_metrics", "feature_drift")[0]
    assert not first.passed
    reason = first.description
    assert "the reference, 2024-03-01 to 2024-03-03, is complete on 2024-03-04" in reason


def test_drift_and_the_fall_of_performance_are_found(told):
    with told.world.lake() as store:
        failed = store.checks.find(day(0), day(DAYS - 1), failed=True)
    first = {}
    for item in failed:
        first.setdefault((item.check, item.subject), item.day)
    assert first["feature_drift", "a"] == day(CHANGED)
    assert first["prediction_drift", "score"] == day(CHANGED)
    # Labels come a day later.
    assert first["performance_drop", "accuracy"] == day(CHANGED + 1)
    assert not {subject for check, subject in first if check == "feature_drift"} - {"a"}


def test_estimated_performance_stands_beside_realized(told):
    with told.world.lake() as store:
        history = store.checks.performance_history(day(0), day(DAYS - 1))
    both = {point.day: point for point in history if point.realized and point.estimated}
    assert abs(both[day(5)].realized - both[day(5)].estimated) < 0.1
    # Scores know nothing of a rule that has turned around.
    assert both[day(CHANGED)].estimated - both[day(CHANGED)].realized > 0.5


def test_a_decision_calls_the_webhook_once_and_has_an_outcome(told):
    with told.world.lake() as store:
        made = [one for one in store.decisions.records(idle=False) if one.action == "retrain"]
    assert made
    assert all(one.status == "requested" for one in made)
    ids = [event["data"]["decision"] for event in told.receiver.events]
    assert ids == [one.id for one in made]
    [event, *_] = told.receiver.events
    assert event["type"] == "mlops_drift.retraining.requested"
    assert event["data"]["champion"] == 2
    assert event["data"]["evaluations"][0]["check"] == "feature_drift"


def test_status_report_log_and_explain_know_the_versions(told):
    status = json.loads(call("status", "tiny", "--format", "json"))
    assert status["champion"]["family"] == "v-two"
    assert status["predictions_without_event"] == status["events_without_prediction"] == 0
    assert status["sources"]["predictions"]["rows"] == 100 * DAYS
    assert "made elsewhere" in call("status", "tiny")
    assert f"most predictions of {day(SECOND)} are of v-two" in call("log", "tiny")
    explained = call("explain", "tiny", "--version", "2")
    assert "name: v-two" in explained
    assert f"of: events of {day(0)} to {day(2)}" in explained
    call("report", "tiny")
    page = (settings.report_root() / "tiny.html").read_text()
    assert "reference accuracy" in page
    assert "trained as of" not in page


@pytest.mark.parametrize(
    "words",
    [
        ["rebuild", "tiny", "1"],
        ["approve", "tiny", "--reason", "x"],
        ["backtest", "tiny"],
        ["serve", "tiny", "--port", "0"],
    ],
)
def test_commands_about_training_say_that_there_is_none(told, words):
    assert "tiny is external: its versions are made elsewhere" in call(*words, code=1)


def test_a_job_of_the_project_is_launched_once(begun_elsewhere, tmp_path):
    @dg.op
    def fit():
        pass

    @dg.job
    def train_elsewhere():
        fit()

    world = begun_elsewhere.copy(tmp_path)
    world.write_model(calling({"job": "train_elsewhere"}))
    with world.active(), open_instance() as instance:
        said = []
        last = day(CHANGED)
        world.replay(instance, until=last, on_step=lambda step, what: said.append(what))
        assert "job train_elsewhere is due (feature_drift, prediction_drift)" in said
        model = world.model()
        project = dg.Definitions.merge(
            model_definitions(model.spec, model.folder),
            dg.Definitions(jobs=[train_elsewhere], resources=default_resources()),
        )
        assert project.resolve_sensor_def(sensor_name("tiny")).job_name == "train_elsewhere"
        [request] = world.look(instance).run_requests
        [again] = world.look(instance).run_requests
        assert request.run_key == again.run_key == request.tags[DECISION_TAG]
        train_elsewhere.execute_in_process(instance=instance, tags=request.tags)
        assert world.look(instance).run_requests == []
        with world.lake() as store:
            record = store.decisions.get(request.tags[DECISION_TAG])
        assert record.status == "requested"
        assert "job train_elsewhere was launched as run" in record.outcome_reason
        assert world.look(instance).run_requests == []


def test_a_day_without_its_file_of_predictions_runs_and_is_taken_in_late(new_world):
    world, gone = new_world("late_predictions"), 4
    by_day = {"predictions": {"path": "p-{day}.csv"}}
    changes = {**CHANGES, "model": {**CHANGES["model"], **by_day}, "end_date": day(5)}
    folder = world.write_model(changes)
    elsewhere.write(folder, 6)
    for number in range(6):
        rows = elsewhere.predictions_in(elsewhere.rows_of(number)).drop(columns="day")
        rows.to_csv(folder / f"p-{day(number)}.csv", index=False)
    late = (folder / f"p-{day(gone)}.csv").rename(folder / "late.csv")
    with world.active(), open_instance() as instance:
        world.replay(instance, step=6)
        with world.lake() as store:
            assert [row["day"] for row in store.landing.missing_files(day(0), day(5))] == [
                day(gone)
            ]
            [quality] = [
                one
                for one in store.checks.find(day(gone), day(gone), checks=["data_quality"])
                if one.subject == "predictions"
            ]
            features = store.checks.find(day(gone), day(gone), checks=["feature_drift"])
        assert (quality.verdict, quality.reason) == ("unknown", f"no file p-{day(gone)}.csv")
        assert {one.verdict for one in features} == {"pass"}
        late.rename(folder / f"p-{day(gone)}.csv")
        world.replay(instance, step=6)
        with world.lake() as store:
            assert store.predictions.served()[1] == (day(0), day(5))
            [counted] = store.lake.rows("SELECT count(*) AS n FROM p", p=store.tables.predictions)
    assert counted["n"] == 6 * elsewhere.ROWS


def test_run_says_why_messages_wait(told):
    told.world.write_model({**calling(ACTION), "notifications": {"urls": ["json://127.0.0.1:1/"]}})
    result = CliRunner().invoke(main, ["run", "tiny"])
    told.world.write_model(calling(ACTION))
    assert "Messages wait: notifications.urls[0]" in result.stderr
