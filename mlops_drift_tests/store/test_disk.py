"""Sizes on disk, and removal that is complete or has not happened."""

import os
import shutil
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from mlops_drift.store import disk
from mlops_drift.store.tables import DAY, Table

TABLE = Table("features.x y", pa.schema([DAY, pa.field("a", pa.int64())]))
FIRST, SECOND, THIRD = date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)


def rows(day, n=3):
    return pa.table({"day": [day] * n, "a": list(range(n))}, schema=TABLE.schema)


def on_disk(lake):
    return sum(file.stat().st_size for file in lake_folder(lake).glob("*.parquet"))


def lake_folder(lake):
    return Path(lake.root) / TABLE.folder


def at_once(lake):
    """Makes the table, without the week that its replaced files stay."""
    DeltaTable.create(
        lake.uri(TABLE),
        TABLE.schema,
        configuration={
            "delta.deletedFileRetentionDuration": "interval 0 seconds",
            "delta.checkpointInterval": "10",
        },
    )


def test_a_day_has_the_share_of_its_rows_of_a_file(lake):
    assert disk.sizes_by_day(lake.snapshot(TABLE)) == {}
    lake.replace_days(TABLE, FIRST, FIRST, rows(FIRST, 1000))
    alone = on_disk(lake)
    assert disk.sizes_by_day(lake.snapshot(TABLE)) == {FIRST: alone}
    both = pa.concat_tables([rows(SECOND, 1000), rows(THIRD, 3000)])
    lake.replace_days(TABLE, SECOND, THIRD, both)
    size = on_disk(lake) - alone
    sizes = {FIRST: alone, SECOND: size // 4, THIRD: size * 3 // 4}
    assert disk.sizes_by_day(lake.snapshot(TABLE)) == sizes


def test_files_of_the_last_week_stay_for_those_who_still_read_them(lake):
    lake.replace_days(TABLE, FIRST, FIRST, rows(FIRST))
    lake.replace_days(TABLE, FIRST, FIRST, rows(FIRST).slice(0, 0))
    assert disk.sizes_by_day(lake.snapshot(TABLE)) == {}
    assert disk.old_files(lake.snapshot(TABLE), lake_folder(lake)) == 0
    disk.remove_old_files(lake.root, TABLE)
    assert on_disk(lake) > 0


def test_older_files_are_counted_and_removed(lake):
    assert disk.old_files(lake.snapshot(TABLE), lake_folder(lake)) == 0
    at_once(lake)
    lake.replace_days(TABLE, FIRST, FIRST, rows(FIRST))
    size = on_disk(lake)
    lake.replace_days(TABLE, SECOND, SECOND, rows(SECOND))
    both = on_disk(lake)
    lake.replace_days(TABLE, FIRST, FIRST, rows(FIRST).slice(0, 0))
    assert disk.old_files(lake.snapshot(TABLE), lake_folder(lake)) == size > 0
    disk.remove_old_files(lake.root, TABLE)
    assert on_disk(lake) == both - size
    assert lake.read(TABLE).equals(rows(SECOND))


def test_removing_takes_files_folders_and_what_is_not_there(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").write_bytes(b"12345")
    (tmp_path / "file").write_bytes(b"123")
    assert disk.size_of(tmp_path) == 8
    for name in ("folder", "file", "missing"):
        disk.remove(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    assert disk.size_of(tmp_path / "missing") == 0


def test_a_folder_whose_removal_fails_is_not_there_under_its_name(tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").write_bytes(b"12345")

    def stop(path, **options):
        if not options:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", stop)
        with pytest.raises(KeyboardInterrupt):
            disk.remove(folder)
    assert not folder.exists()
    [left] = disk.left_by_kills(tmp_path)
    disk.remove(left)
    assert list(tmp_path.iterdir()) == []


def test_what_is_being_written_is_left_alone_for_a_day(tmp_path):
    staging = tmp_path / "set" / ".writing-1"
    staging.mkdir(parents=True)
    assert disk.left_by_kills(tmp_path) == []
    age(staging)
    assert disk.left_by_kills(tmp_path) == [staging]


def age(path):
    """Makes a folder look as if it had been written two days ago."""
    then = path.stat().st_mtime - 2 * disk.IN_USE_SECONDS
    os.utime(path, (then, then))


def test_files_that_checkpoints_no_longer_list_are_removed_too(lake):
    at_once(lake)
    for number in range(25):
        lake.replace_days(TABLE, FIRST, FIRST, rows(FIRST, number + 1))
    assert list((lake_folder(lake) / "_delta_log").glob("*.checkpoint.parquet"))
    disk.remove_old_files(lake.root, TABLE)
    assert on_disk(lake) == sum(disk.sizes_by_day(lake.snapshot(TABLE)).values())


def test_files_of_kept_commits_stay(lake):
    at_once(lake)
    for number in range(4):
        lake.replace_days(TABLE, FIRST, FIRST, rows(FIRST, number + 1))
    every = disk.old_files(lake.snapshot(TABLE), lake_folder(lake))
    kept = sum(disk.sizes_by_day(DeltaTable(lake.uri(TABLE), version=2)).values())
    assert disk.old_files(lake.snapshot(TABLE), lake_folder(lake), [2]) == every - kept
    disk.remove_old_files(lake.root, TABLE, [2])
    assert DeltaTable(lake.uri(TABLE), version=2).to_pyarrow_table().num_rows == 2
    assert disk.old_files(lake.snapshot(TABLE), lake_folder(lake)) == kept


def test_training_sets_of_a_model_that_is_called_like_a_table_stay(lake):
    lake.replace_days(TABLE, FIRST, FIRST, rows(FIRST))
    folder = lake_folder(lake) / "a1b2"
    folder.mkdir()
    for name in ("train.parquet", disk.MANIFEST):
        (folder / name).write_bytes(b"rows")
        os.utime(folder / name, (0, 0))
    disk.remove_old_files(lake.root, TABLE)
    assert (folder / "train.parquet").exists()
