import os
import sqlite3

import dagster as dg
import pytest

from mlops_drift import settings
from mlops_drift.replay import open_instance
from mlops_drift_tests.processes import meet

CHECKS = 9


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
    daily = [row for row in executions if "challenger" not in row[0]]
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
