"""The closed loop on the tiny model: runs, retrainings, ranges of days and the instance."""

import json
from datetime import date

import dagster as dg
import pytest
from click.testing import CliRunner

from mlops_drift import settings
from mlops_drift.cli.main import main
from mlops_drift.drift.reference import Reference
from mlops_drift.errors import UserError
from mlops_drift.gateways import open_registry
from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests.tiny import ROWS, day, evaluations, labels_of, metadata_of

FIRST_DECISION = f"tiny-v0-{day(1)}"
SECOND_DECISION = f"tiny-v1-{day(4)}"


def run_json(*arguments):
    """What `mlops-drift run tiny --format json` prints; only JSON without NaN is accepted."""
    result = CliRunner().invoke(main, ["run", "tiny", "--format", "json", *arguments])
    assert result.exit_code == 0, result.output
    return parsed(result.stdout)


def parsed(text):
    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def everything(world, instance):
    """What a run may change."""
    registry = open_registry()
    experiment = registry.client.get_experiment_by_name("tiny").experiment_id
    return {
        "commits": world.commits(),
        "tables": world.tables(),
        "sets": {
            str(file): file.stat().st_mtime_ns
            for file in (world.data / "lake" / "training" / "tiny").rglob("*")
        },
        "versions": len(registry.client.search_model_versions("name = 'tiny'")),
        "mlflow runs": len(registry.client.search_runs([experiment])),
        "runs": sorted(run.run_id for run in instance.get_runs()),
    }


@pytest.fixture(scope="module")
def second_run(told_story):
    """A second run of the story: what there was before, what it tells, and what there is after."""
    world = told_story.world
    with world.active(), open_instance() as opened:
        before = everything(world, opened)
        return before, run_json(), everything(world, opened)


@pytest.fixture(scope="module")
def told(second_run):
    """The story as JSON."""
    return second_run[1]


# The loop


def test_the_first_version_is_trained_as_soon_as_there_are_enough_labels(told):
    version, decision = told["versions"][0], told["decisions"][0]
    assert (version["version"], version["as_of"], version["rows"]) == (1, str(day(1)), ROWS)
    assert version["promoted"] is True
    assert (decision["day"], decision["rules"]) == (str(day(1)), ["no_champion"])
    assert (decision["version"], decision["outcome"]) == (None, "promoted")


def test_the_turned_rule_fails_performance_drop_when_its_labels_arrive(told):
    assert {(alarm["check"], alarm["day"]) for alarm in told["alarms"]} == {
        ("performance_drop", str(day(4)))
    }
    worst = min(told["alarms"], key=lambda alarm: alarm["value"])
    assert worst["version"] == 1
    assert worst["n"] == ROWS
    assert worst["value"] < 0.1 < worst["threshold"]
    assert worst["column"] == "accuracy"


def test_a_failing_check_leads_to_one_decision_with_its_rule(told):
    assert len(told["decisions"]) == 2
    decision = told["decisions"][1]
    assert (decision["day"], decision["action"]) == (str(day(4)), "retrain")
    assert (decision["rules"], decision["version"]) == (["performance_drop"], 1)
    assert decision["outcome"] == "promoted"


def test_the_retraining_uses_the_rows_since_the_first_failing_production_day(story, told):
    assert told["decisions"][1]["since"] == str(day(3))
    with story.world.lake() as model:
        record = model.versions.get(2)
        stored = model.training_sets.read(record.training_set)
    rows = stored.train.to_pylist() + stored.test.to_pylist()
    truth = dict(zip(*labels_of(3, flipped=True)[["id", "y"]].to_numpy().T, strict=True))
    assert {row["id"]: row["y"] for row in rows} == truth
    assert {row["day"] for row in rows} == {day(3)}


def test_the_new_champion_serves_from_the_next_day_on(story):
    with story.world.lake() as model:
        rows = model.lake.rows(
            "SELECT day, version, count(*) AS n FROM p GROUP BY ALL ORDER BY ALL",
            p=model.tables.predictions,
        )
    served = [(row["day"], row["version"], row["n"]) for row in rows]
    assert served == [
        (day(2), 1, ROWS),
        (day(3), 1, ROWS),
        (day(4), 1, ROWS),
        (day(5), 2, ROWS),
        (day(6), 2, ROWS),
    ]


def test_the_kpi_falls_with_the_turn_and_recovers_with_the_new_version(told):
    kpi = {row["day"]: (row["version"], row["value"], row["n"]) for row in told["kpi"]}
    assert list(kpi) == [str(day(number)) for number in (2, 3, 4, 5)]
    assert [version for version, _, _ in kpi.values()] == [1, 1, 1, 2]
    assert [value > 0.9 for _, value, _ in kpi.values()] == [True, False, False, True]
    assert {n for _, _, n in kpi.values()} == {ROWS}


def test_every_version_is_found_in_the_registry_and_none_is_a_challenger_once_it_serves(story):
    registry = open_registry()
    aliases = {
        name: registry.alias("tiny", name) for name in ("champion", "previous", "challenger")
    }
    assert aliases == {"champion": 2, "previous": 1, "challenger": None}
    with story.world.lake() as model:
        for record in model.versions.all():
            tags = registry.tags("tiny", record.version)
            assert tags["training_set"] == record.training_set
            assert registry.run_id("tiny", record.version) == record.mlflow_run


def test_every_promotion_can_be_traced_to_its_decision_and_reference(story):
    with story.world.lake() as model:
        promotions = model.versions.promotions()
        references = [
            Reference.from_files(
                model.training_sets.read_reference(item.training_set, item.version)
            )
            for item in promotions
        ]
    assert [item.decision for item in promotions] == [FIRST_DECISION, SECOND_DECISION]
    assert [item.previous for item in promotions] == [None, 1]
    assert len({item.reference for item in promotions}) == 2
    assert [item.reference for item in promotions] == [found.digest for found in references]
    assert all(
        set(found.columns) == {"a", "b", "c", "score", "prediction", "y"} for found in references
    )


def test_every_run_of_the_replay_succeeds_and_carries_its_reason(instance):
    runs = instance.get_runs()
    assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
    daily = [run for run in runs if run.job_name == "tiny_daily"]
    assert sorted(run.tags["mlops_drift/day"] for run in daily) == [str(day(i)) for i in range(7)]
    assert {run.tags["mlops_drift/model"] for run in runs} == {"tiny"}
    retrainings = {
        run.tags["mlops_drift/decision"]: run for run in runs if run.job_name == "tiny_retraining"
    }
    assert set(retrainings) == {FIRST_DECISION, SECOND_DECISION}
    assert retrainings[SECOND_DECISION].tags["mlops_drift/reason"] == "performance_drop"
    assert retrainings[SECOND_DECISION].tags["dagster/sensor_name"] == "tiny_retraining_sensor"


def test_replay_reports_each_step_and_each_retraining(told_story):
    running = [reached for reached, what in told_story.steps if what == "running"]
    complete = [reached for reached, what in told_story.steps if what == "complete"]
    assert running == complete == [day(number) for number in range(7)]
    assert (day(4), "retraining (performance_drop)") in told_story.steps


# The JSON of a run

SCHEMA = {
    "versions": {
        "version": int,
        "as_of": date,
        "training_set": str,
        "rows": int,
        "metric": str,
        "value": float,
        "promoted": bool,
    },
    "alarms": {
        "day": date,
        "check": str,
        "column": str,
        "value": float,
        "threshold": float,
        "n": int,
        "version": int,
    },
    "kpi": {"day": date, "version": int, "metric": str, "value": float, "n": int},
    "decisions": {"day": date, "action": str, "rules": list, "version": (int, type(None))},
}


def test_json_of_a_run_names_the_model_its_days_and_the_time_it_took(told):
    assert told["model"] == "tiny"
    assert (told["first_day"], told["last_day"]) == (str(day(0)), str(day(6)))
    assert isinstance(told["seconds"], float)
    assert {"versions", "alarms", "kpi", "decisions"} <= set(told)


@pytest.mark.parametrize("part", SCHEMA)
def test_json_of_a_run_has_the_promised_fields(told, part):
    assert told[part]
    for row in told[part]:
        for name, kind in SCHEMA[part].items():
            value = date.fromisoformat(row[name]) if kind is date else row[name]
            assert isinstance(value, kind), (name, value)


def test_json_of_some_days_tells_only_of_them(story):
    found = run_json("--until", str(day(3)))
    assert (found["first_day"], found["last_day"]) == (str(day(0)), str(day(3)))
    assert [row["version"] for row in found["versions"]] == [1]
    assert found["alarms"] == []
    assert [row["day"] for row in found["kpi"]] == [str(day(2))]
    assert len(found["decisions"]) == 1


# A second time


def test_a_second_run_changes_nothing(second_run):
    before, _, after = second_run
    assert after == before


def test_a_third_run_tells_the_same(story, told):
    assert {**run_json(), "seconds": 0} == {**told, "seconds": 0}


# Ranges of days


@pytest.fixture(scope="module")
def stepped(begin):
    """The same story, which goes on in steps of three days."""
    world = begin("stepped")
    with world.active():
        result = CliRunner().invoke(main, ["run", "tiny", "--step", "3", "--format", "json"])
        assert result.exit_code == 0, result.output
        yield world, parsed(result.stdout)


@pytest.fixture
def steps(stepped):
    world, told = stepped
    with world.active():
        yield world, told


def test_steps_run_ranges_of_days(steps):
    with open_instance() as opened:
        runs = [run for run in opened.get_runs() if run.job_name == "tiny_daily"]
    ranges = sorted(
        (
            run.tags.get("dagster/asset_partition_range_start"),
            run.tags.get("dagster/asset_partition_range_end"),
        )
        for run in runs
        if "dagster/partition" not in run.tags
    )
    # Day 3 is complete: of its step two days are left.
    assert ranges == [(str(day(4)), str(day(5)))]
    single = {run.tags["dagster/partition"] for run in runs if "dagster/partition" in run.tags}
    assert single == {str(day(number)) for number in (0, 1, 2, 3, 6)}


@pytest.mark.parametrize("table", ["landing.tiny_events", "landing.tiny_labels", "features.tiny"])
def test_steps_land_the_same_rows_as_single_days(told_story, steps, table):
    world, _ = steps
    mine = world.tables()[table]
    with told_story.world.active():
        assert told_story.world.tables()[table] == mine


def test_steps_decide_at_their_end(steps):
    _, told = steps
    assert [(row["day"], row["rules"], row["since"]) for row in told["decisions"]] == [
        (str(day(1)), ["no_champion"], None),
        (str(day(5)), ["performance_drop"], str(day(3))),
    ]
    assert [(row["version"], row["rows"]) for row in told["versions"]] == [
        (1, ROWS),
        (2, 2 * ROWS),
    ]


def test_the_check_of_a_range_names_the_failing_days(steps):
    with open_instance() as opened:
        found = evaluations(opened, "tiny", "performance_metrics", "performance_drop")
    about = [metadata_of(evaluation) for evaluation in found]
    failing = [item["failing production days"] for item in about if item["verdict"] == "fail"]
    # The range as a whole, then its last day, which is what the page shows.
    assert failing == [f"{day(3)}, {day(4)}", f"{day(4)}"]
    assert len(found) == 4 + 2 + 1


def test_materializing_a_single_day_of_a_range_again_is_idempotent(steps):
    world, _ = steps
    with open_instance() as opened:
        before = world.tables()
        assert world.run_days(opened, day(4)).success
        assert world.tables() == before


# Calls that do not fit


def test_a_second_replay_at_the_same_time_is_refused(story, instance):
    settings.lock_root().mkdir(exist_ok=True)
    with (
        open_registry().lock("run-tiny"),
        pytest.raises(UserError, match="another `mlops-drift run tiny` is under way"),
    ):
        story.world.replay(instance)
