"""Which commits can still be read."""

from pathlib import Path

import pytest
from deltalake import DeltaTable

from mlops_drift.store.delta import DeltaLake
from mlops_drift.store.readable import is_readable, readable_commits
from mlops_drift_tests.store.samples import SHOP
from mlops_drift_tests.store.travels import HELD, clean_files, rewrite_in_one_file, write_past


@pytest.fixture
def past(lake):
    return write_past(lake)


def log_of(lake):
    return Path(lake.uri(SHOP), "_delta_log")


def readable(lake):
    """The commits that can be read, which the log and each snapshot must agree about."""
    place = lake.uri(SHOP)
    last = DeltaTable(place).version()
    found = readable_commits(place)
    assert found == {number for number in range(last + 1) if is_readable(place, number)}
    return found


def test_every_commit_can_be_read_until_a_cleanup_takes_its_files(past):
    assert readable(past) == {0, 1, 2, 3, 4, 5}
    clean_files(past)
    # Nothing was in the table at its first commit; a cleanup is two commits.
    assert readable(past) == {0, 5, 6, 7}


def test_commits_from_before_a_checkpoint_are_kept_by_a_cleanup(past):
    for _ in range(15):
        rewrite_in_one_file(past)
    assert list(log_of(past).glob("*.checkpoint.parquet"))
    clean_files(past, 3)
    assert readable(past) == {0, 3, 20, 21, 22}
    then = DeltaTable(past.uri(SHOP), version=3).to_pyarrow_table()
    assert sorted(then["id"].to_pylist()) == HELD[3]


def test_a_file_that_a_restore_brings_back_counts_again(past):
    DeltaTable(past.uri(SHOP)).restore(1)
    clean_files(past)
    assert readable(past) == {0, 1, 6, 7, 8}


def test_commits_whose_log_is_gone_cannot_be_read(past):
    (log_of(past) / f"{3:020}.json").unlink()
    assert readable_commits(past.uri(SHOP)) == {0, 1, 2}


def test_a_damaged_table_is_read_as_of_what_is_whole(past):
    [file] = set(DeltaTable(past.uri(SHOP)).file_uris()) - set(
        DeltaTable(past.uri(SHOP), version=3).file_uris()
    )
    Path(file).unlink()
    assert readable(past) == {0, 1, 2, 3}


def test_a_folder_whose_name_paths_encode_is_no_missing_file(tmp_path, database):
    lake = write_past(DeltaLake(tmp_path / "ä lake's folder", database))
    assert readable(lake) == {0, 1, 2, 3, 4, 5}
    assert lake.read(SHOP).num_rows == len(HELD[5])
