import os
import sqlite3

import dagster as dg
import pytest
import yaml
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage

from mlops_drift import settings
from mlops_drift.simulation.instance import open_instance
from mlops_drift.storage.event_log import EventLog
from mlops_drift_tests.processes import meet
from mlops_drift_tests.story import write_story
from mlops_drift_tests.tiny import day

CHECKS = 12
RECEIVED = "landing.tiny_received"
POSTGRES = "MLOPS_DRIFT_TEST_POSTGRES"


@pytest.fixture
def executions(story):
    """Every row of a check's execution in the event log."""
    (index,) = (story.world.data / "dagster").glob("**/index.db")
    with sqlite3.connect(index) as connection:
        return connection.execute(
            "SELECT asset_key, check_name, execution_status, partition FROM asset_check_executions"
        ).fetchall()


def test_all_of_dagster_lies_in_the_data_folder(story):
    with open_instance() as opened:
        assert opened.get_runs_count() > 0
        assert isinstance(opened, dg.DagsterInstance)
    assert settings.dagster_root() == story.world.data / "dagster"
    assert list(settings.dagster_root().glob("**/runs.db"))


def test_another_data_folder_is_another_instance(story, tmp_path, monkeypatch):
    monkeypatch.setenv(settings.DATA_VARIABLE, str(tmp_path))
    with open_instance() as opened:
        assert opened.get_runs_count() == 0


def test_a_check_has_one_row_for_each_run_and_none_is_left_planned(executions):
    daily = [row for row in executions if "challenger" not in row[0] and "champion" not in row[0]]
    assert len(daily) == 7 * CHECKS
    assert {status for _, _, status, _ in executions} == {"SUCCEEDED", "FAILED"}
    assert {partition for *_, partition in executions} == {None}


def count_runs(folder):
    os.environ[settings.DATA_VARIABLE] = folder
    meet(4)
    with open_instance() as opened:
        return opened.get_runs_count()


def test_four_processes_open_a_new_data_folder_at_once(processes, tmp_path):
    folder = str(tmp_path / "new")
    assert processes.run(count_runs, *[(folder,)] * 4) == [0, 0, 0, 0]


def made_in(storage, run):
    """The tables of a run's file, their version, and how SQLite writes them."""
    with storage.run_connection(run):
        pass
    with sqlite3.connect(storage.path_for_shard(run)) as connection:
        return (
            sorted(connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()),
            connection.execute("SELECT * FROM alembic_version").fetchall(),
            connection.execute("PRAGMA journal_mode").fetchone(),
        )


def test_the_file_of_a_run_is_as_dagster_makes_it(tmp_path, monkeypatch):
    monkeypatch.setenv(settings.DATA_VARIABLE, str(tmp_path))
    ours, theirs = EventLog(str(tmp_path / "ours")), SqliteEventLogStorage(str(tmp_path / "theirs"))
    expected = made_in(theirs, "a_run")
    assert [made_in(ours, run) for run in ("a_run", "another")] == [expected, expected]
    assert expected[1]
    assert expected[2] == ("wal",)


def test_a_commit_waits_for_no_disk(tmp_path, monkeypatch):
    monkeypatch.setenv(settings.DATA_VARIABLE, str(tmp_path))
    log = EventLog(str(tmp_path))
    for opened in (log.index_connection(), log.run_connection("a_run")):
        with opened as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1


def store_events(folder, number):
    os.environ[settings.DATA_VARIABLE] = folder
    log = EventLog(folder)
    meet(4)
    log.store_event(dg.EventLogEntry(None, "info", str(number), "shared", float(number)))


def test_of_processes_that_make_the_file_of_a_run_at_once_each_keeps_its_event(processes, tmp_path):
    folder = str(tmp_path)
    EventLog(folder)
    processes.run(store_events, *[(folder, number) for number in range(4)])
    told = {entry.user_message for entry in EventLog(folder).get_logs_for_run("shared")}
    assert told == {"0", "1", "2", "3"}


# Other storages


def test_where_dagster_has_changed_its_own_event_log_takes_over(begin, told_story, monkeypatch):
    world = begin("upgraded")
    monkeypatch.setattr(EventLog, "has_table", lambda self: True)
    with world.active():
        with pytest.warns(RuntimeWarning, match="Dagster's own is used"):
            opened = open_instance()
        with opened:
            assert type(opened.event_log_storage) is SqliteEventLogStorage
            world.replay(opened, until=day(4))
    assert_same_story(world, told_story, after=(day(5), day(6)))


def test_with_postgres_a_run_decides_the_same(new_world, told_story, tmp_path):
    pytest.importorskip("dagster_postgres", reason="dagster-postgres is not installed")
    if POSTGRES not in os.environ:
        pytest.skip(f"{POSTGRES} does not give the address of an empty database")
    world = new_world("postgres")
    write_story(world)
    described = {"storage": {"postgres": {"postgres_url": {"env": POSTGRES}}}}
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(described))
    with world.active(), dg.DagsterInstance.from_config(str(tmp_path)) as opened:
        world.replay(opened)
    assert_same_story(world, told_story)


def assert_same_story(world, told_story, after=()):
    """It has what the told story has, without rows that name a day after its last one."""
    with told_story.world.active():
        told = told_story.world.tables()
    later = [repr(number) for number in after]
    told = {
        name: [row for row in rows if not any(number in row for number in later)]
        for name, rows in told.items()
    }
    with world.active():
        mine = world.tables()
        if after:
            # Its newest rows also tell what waits for days to come.
            assert len(mine.pop(RECEIVED)) == len(told.pop(RECEIVED))
        assert mine == told
        with world.lake() as model:
            assert [item.version for item in model.versions.promotions()] == [1, 2]
