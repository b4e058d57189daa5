"""Days without their file: the days after them run, and what comes late is taken in."""

import json
from datetime import date

import dagster as dg
import pandas as pd
import pytest
from click.testing import CliRunner

from mlops_drift.cli.errors import BUG, MISSING_DAYS
from mlops_drift.cli.main import main
from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests.simulation.backtests import STORY, backtest
from mlops_drift_tests.tiny import ROWS, day, evaluations, events_of, labels_of

# The story has begun: up to day 3 all files were there.
NO_EVENTS, NO_LABELS, LAST = 4, 5, 6
MISSING = [
    {"day": str(day(NO_EVENTS)), "source": "events", "file": f"events/{day(NO_EVENTS)}.csv"},
    {"day": str(day(NO_LABELS)), "source": "labels", "file": f"labels/{day(NO_LABELS)}.csv"},
]
SENTENCE = (
    f"2 days have no file: {day(4)} events/{day(4)}.csv, {day(5)} labels/{day(5)}.csv; put the "
    "files there and run the same command again"
)
# What of the whole story is the same, whenever the files came.
AS_WITHOUT_DELAY = ["landing.tiny_events", "landing.tiny_labels", "features.tiny"]
AS_WITHOUT_DELAY += ["predictions.tiny", "monitoring.tiny_profiles", "monitoring.tiny_drift"]
AS_WITHOUT_DELAY += ["monitoring.tiny_label_arrivals"]
AS_WITHOUT_DELAY += ["monitoring.tiny_checks", "landing.tiny_files"]


def put(world, table, number):
    folder = world.defs / "tiny" / table
    folder.mkdir(exist_ok=True)
    # On the first day no label has come yet.
    rows = events_of(number) if table == "events" else labels_of(max(number - 1, 0))
    rows = rows[rows["day"] == day(number)].drop(columns="day")
    if (table, number) == ("labels", LAST):
        # A correction of a label whose event has not come.
        late = labels_of(NO_EVENTS).drop(columns="day").head(1)
        rows = pd.concat([rows, late])
    rows.to_csv(folder / f"{day(number)}.csv", index=False)


def give_daily_files(world):
    """Reads a file a day from here on; the one of events of day 4 and the labels' of day 5 lack."""
    by_day = {"events": "events/{day}.csv", "labels": "labels/{day}.csv"}
    world.write_model(
        {
            "source": {name: {"path": path, "day_column": ...} for name, path in by_day.items()},
            "end_date": day(LAST),
        }
    )
    for number in range(LAST + 1):
        for table, gone in (("events", NO_EVENTS), ("labels", NO_LABELS)):
            if number != gone:
                put(world, table, number)


def run(*arguments, code=0):
    result = CliRunner().invoke(main, ["run", "tiny", "--format", "json", *arguments])
    assert result.exit_code == code, result.output
    return json.loads(result.stdout), result.stderr


def runs(world):
    with open_instance() as instance:
        return instance.get_runs_count()


def days_of(world, table):
    with world.lake() as model:
        if table == "performance_metrics":
            checks = model.lake.read(model.tables.checks).to_pylist()
            return sorted({row["day"] for row in checks if row["asset"] == table})
        rows = model.lake.rows("SELECT DISTINCT day FROM t", t=getattr(model.tables, table))
    return sorted(row["day"] for row in rows)


@pytest.fixture(scope="module")
def passed_over(begin):
    """A run over the missing days, and what it told."""
    world = begin("passed_over")
    with world.active():
        give_daily_files(world)
        told, said = run(code=MISSING_DAYS)
    return world, told, said


@pytest.fixture
def holes(passed_over):
    with passed_over[0].active():
        yield passed_over


@pytest.fixture(scope="module")
def taken_in(passed_over, tmp_path_factory):
    """The same world after the files came, in a run that was cut off and one that went on."""
    world = passed_over[0].copy(tmp_path_factory.mktemp("taken_in"))
    with world.active(), pytest.MonkeyPatch.context() as patch:
        put(world, "events", NO_EVENTS)
        put(world, "labels", NO_LABELS)
        patch.setattr("mlops_drift.simulation.historical_run.outdated", lambda *arguments: 1 / 0)
        assert CliRunner().invoke(main, ["run", "tiny", "--step", "8"]).exit_code == BUG
        patch.undo()
        told, said = run()
    return world, told, said


# The run goes on


def test_a_run_goes_on_over_missing_days_and_ends_with_a_status_of_its_own(holes):
    _, told, said = holes
    assert told["missing_days"] == MISSING
    assert told["made_again"] == []
    assert SENTENCE in said
    assert told["last_day"] == str(day(LAST))


def test_what_a_missing_day_has_lands_and_is_used(holes):
    world = holes[0]
    assert day(NO_EVENTS) not in days_of(world, "events")
    assert day(NO_EVENTS) in days_of(world, "labels")
    assert day(NO_EVENTS) in days_of(world, "performance_metrics")
    assert day(NO_EVENTS) not in days_of(world, "drift")
    assert day(NO_LABELS) in days_of(world, "predictions")
    assert day(NO_LABELS) in days_of(world, "drift")
    assert day(NO_LABELS) not in days_of(world, "performance_metrics")
    assert day(LAST) in days_of(world, "performance_metrics")


def test_the_partition_of_a_missing_day_fails_in_dagster(holes):
    with open_instance() as instance:
        failed = [run for run in instance.get_runs() if run.status.value == "FAILURE"]
        partitions = instance.get_materialized_partitions
        events, labels = (partitions(dg.AssetKey(["tiny", name])) for name in ("events", "labels"))
    assert sorted(run.tags["mlops_drift/day"] for run in failed) == [str(day(4)), str(day(5))]
    assert (str(day(4)) in events, str(day(4)) in labels) == (False, True)
    assert (str(day(5)) in events, str(day(5)) in labels) == (True, False)


def test_data_quality_of_a_missing_day_is_unknown_with_the_file(holes):
    with holes[0].lake() as model:
        rows = model.checks.find(checks={"data_quality"})
    found = {(one.day, one.subject, one.n, one.reason) for one in rows if one.code == "no_file"}
    assert {
        (day(4), "events", 0, f"no file events/{day(4)}.csv"),
        (day(5), "labels", 0, f"no file labels/{day(5)}.csv"),
    } <= found


def test_windows_and_decisions_name_the_days_that_are_missing(holes):
    with holes[0].lake() as model:
        drifted = model.checks.find(day(LAST), day(LAST), checks={"feature_drift"})
        decided = {record.day: record.reason for record in model.decisions.records()}
    [drift] = [item for item in drifted if (item.subject, item.window) == ("b", 3)]
    assert drift.reason.endswith(f"; 1 day without its file: {day(4)}")
    assert day(4) not in decided
    assert day(5) not in decided
    assert decided[day(LAST)].endswith(f"; 2 days without their files: {day(4)}, {day(5)}")


@pytest.fixture(scope="module")
def called_again(passed_over):
    """A second call after the file of a day that has landed was moved away.

    Returns:
        Runs and commits before and after, what the call told, and what it said.
    """
    world = passed_over[0]
    file = world.defs / "tiny" / "events" / f"{day(1)}.csv"
    content = file.read_text()
    with world.active():
        before = runs(world), world.commits()
        file.unlink()
        told, said = run(code=MISSING_DAYS)
        file.write_text(content)
        return before, (runs(world), world.commits()), told, said


def test_a_second_call_is_cheap_and_records_no_run(called_again):
    before, after, _, said = called_again
    assert after == before
    assert SENTENCE in said


def test_days_whose_files_are_moved_away_after_they_landed_are_not_missing(called_again):
    _, _, told, _ = called_again
    assert told["missing_days"] == MISSING


def test_status_lists_missing_days(holes):
    invoke = CliRunner().invoke
    assert json.loads(invoke(main, ["status", "tiny", "--format", "json"]).stdout)[
        "missing_days"
    ] == (MISSING)
    shown = " ".join(invoke(main, ["status", "tiny"]).stdout.split())
    assert f"2 days have no file: {day(4)} events/{day(4)}.csv" in shown
    assert "put the files there and run mlops-drift run tiny" in shown


def test_explain_names_the_file_that_a_day_lacks(holes):
    arguments = ["explain", "tiny", "--day", str(day(NO_EVENTS))]
    assert f"events/{day(NO_EVENTS)}.csv" in CliRunner().invoke(main, arguments).stdout


def test_a_backtest_passes_over_missing_days_as_a_run_does(holes):
    tested = backtest("tiny")
    told = json.loads(json.dumps(tested["policies"]["own"], default=str).replace("NaN", "null"))
    assert {name: told[name] for name in STORY} == {name: holes[1][name] for name in STORY}
    assert json.loads(json.dumps(tested["missing_days"], default=str)) == MISSING


def test_steps_give_the_same_tables_as_single_days(holes, begin):
    world = begin("steps_over_holes")
    with world.active():
        give_daily_files(world)
        with open_instance() as instance:
            world.replay(instance, step=8)
        mine = world.tables()
        with world.lake() as model:
            assert model.landing.missing_files(day(0), day(LAST)) == [
                {**row, "day": date.fromisoformat(row["day"])} for row in MISSING
            ]
    theirs = holes[0].tables()
    assert {name: mine[name] for name in AS_WITHOUT_DELAY} == {
        name: theirs[name] for name in AS_WITHOUT_DELAY
    }


# What comes late


def test_a_late_file_is_taken_in_and_later_days_are_made_again(taken_in):
    _, told, said = taken_in
    assert told["missing_days"] == []
    assert told["made_again"] == [str(day(LAST))]
    assert f"made again, because an earlier day has landed since: {day(LAST)};" in said
    assert "predictions, decisions and messages stay" in said
    assert told["labels_judged_again"] == []


def test_labels_of_late_events_are_judged_again(passed_over, taken_in):
    def judged(world):
        with world.active(), world.lake() as model:
            found = model.checks.find(day(LAST), day(LAST), checks={"data_quality"})
        [item] = [item for item in found if item.subject == "labels"]
        return item.verdict, item.reason

    assert judged(passed_over[0]) == (
        "fail",
        f"1 of {ROWS + 1} labels cannot be used (1.6 %, accepted 1.0 %): no event has this key so "
        f"far (1); 1 day without its file: {day(NO_EVENTS)}",
    )
    assert judged(taken_in[0]) == ("pass", f"all {ROWS + 1} labels meet their constraints")
    with taken_in[0].active(), open_instance() as instance:
        found = evaluations(instance, "tiny", "labels", "data_quality")
    assert [item.description for item in found if item.passed and "again" in item.description] == [
        f"{day(LAST)}: all {ROWS + 1} labels meet their constraints; judged again, because events "
        f"of {day(NO_EVENTS)} to {day(NO_LABELS)} have landed since"
    ]


def test_late_files_leave_the_tables_that_files_in_time_do(taken_in, begin):
    world = begin("in_time")
    with world.active():
        give_daily_files(world)
        put(world, "events", NO_EVENTS)
        put(world, "labels", NO_LABELS)
        with open_instance() as instance:
            assert world.run_days(instance, day(NO_EVENTS), day(LAST)).success
        expected = world.tables()
    with taken_in[0].active():
        found = taken_in[0].tables()
    assert {name: found[name] for name in AS_WITHOUT_DELAY} == {
        name: expected[name] for name in AS_WITHOUT_DELAY
    }
    assert len(found["predictions.tiny"]) == (LAST - 1) * ROWS


def test_after_late_files_a_further_call_changes_nothing(taken_in):
    world = taken_in[0]
    with world.active():
        before, commits = runs(world), world.commits()
        told, _ = run()
        assert (runs(world), world.commits()) == (before, commits)
    assert told["made_again"] == []


def test_decisions_taken_over_a_missing_day_stay_as_they_were(taken_in, passed_over):
    def decided(world):
        with world.active(), world.lake() as model:
            return {record.id: record.reason for record in model.decisions.records()}

    before, after = decided(passed_over[0]), decided(taken_in[0])
    assert {name: after[name] for name in before} == before


# Wrong paths


@pytest.mark.parametrize(("table", "first"), [("events", 0), ("labels", 1)])
def test_a_path_that_no_day_has_a_file_at_is_an_error_and_no_missing_day(new_world, table, first):
    world = new_world(f"no_{table}")
    world.write_model({"source": {table: {"path": f"{table}s/{{day}}.csv"}}})
    for command in ("run", "backtest"):
        with world.active():
            result = CliRunner().invoke(main, [command, "tiny"])
        assert result.exit_code == 1
        assert (
            f"tiny: no day from {day(first)} to {day(6)} has a file of {table} (the first would be "
            f"{table}s/{day(first)}.csv); correct source.{table}.path in the model's defs.yaml"
        ) in result.stderr
