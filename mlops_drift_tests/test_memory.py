"""DuckDB in bounded memory: what is larger is spilled, to a folder that goes again."""

import os
import subprocess
import sys

import duckdb
import pytest

from mlops_drift import settings
from mlops_drift.memory import SPILLING, bounded, memory_bound, spilled_by_the_dead
from mlops_drift.store.delta import DeltaLake

# Some 110 MB once it is sorted.
WIDE = "SELECT md5(CAST(i AS VARCHAR)) AS x, i FROM range(1500000) t(i) ORDER BY x"


@pytest.fixture
def data(monkeypatch, tmp_path):
    monkeypatch.setenv(settings.DATA_VARIABLE, str(tmp_path))
    return tmp_path


def spilled(data):
    return sorted(data.glob(f"{SPILLING}*"))


def summary(connection):
    """Of sorted rows that have to be kept: their number, and a sum over their order."""
    # Each thread needs memory of its own.
    connection.execute("SET threads = 2")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE wide AS {WIDE}")
    return connection.execute("SELECT count(*), max(x), sum(i * (rowid + 1)) FROM wide").fetchall()


def test_a_query_larger_than_the_memory_spills_and_gives_the_same(monkeypatch, data):
    with duckdb.connect() as unbounded:
        unbounded.execute("SET enable_progress_bar = false")
        expected = summary(unbounded)
    monkeypatch.setenv(settings.MEMORY_VARIABLE, "100MB")
    with bounded(duckdb.connect()) as connection:
        lake = DeltaLake(data / "lake", connection)
        with lake.cursor() as cursor:
            assert not spilled(data)
            assert summary(cursor) == expected
            assert len(spilled(data)) == 1
    assert not spilled(data)


def test_two_databases_of_a_process_do_not_share_a_folder(data):
    first, second = memory_bound(), memory_bound()
    assert first["temp_directory"] != second["temp_directory"]
    assert first["memory_limit"] == second["memory_limit"] == "25%"


def test_a_share_is_one_of_the_machine(monkeypatch, data):
    def limit(share):
        monkeypatch.setenv(settings.MEMORY_VARIABLE, share)
        with bounded(duckdb.connect()) as connection:
            [(text,)] = connection.execute("SELECT current_setting('memory_limit')").fetchall()
        amount, unit = text.split()
        return float(amount) * 1024 ** ["KiB", "MiB", "GiB", "TiB"].index(unit)

    monkeypatch.delenv(settings.MEMORY_VARIABLE, raising=False)
    assert limit("") == pytest.approx(limit("100%") / 4, rel=0.05)


def test_without_a_data_folder_nothing_makes_one(monkeypatch, tmp_path):
    monkeypatch.setenv(settings.DATA_VARIABLE, str(tmp_path / "none"))
    with bounded(duckdb.connect()) as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
    assert not list(tmp_path.iterdir())


def test_only_what_a_dead_process_left_is_found(data):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    left = data / f"{SPILLING}{ended.pid}-0"
    for folder in (left, data / f"{SPILLING}{os.getpid()}-0", data / f"{SPILLING}mine"):
        folder.mkdir()
    assert spilled_by_the_dead() == [left]
