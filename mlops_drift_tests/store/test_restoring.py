"""A table that is put back to an earlier commit."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from mlops_drift.store.history import commits
from mlops_drift.store.lake import LakeError
from mlops_drift.store.restoring import restore
from mlops_drift_tests.processes import meet
from mlops_drift_tests.store.samples import (
    NOTES,
    SECOND,
    SHOP,
    THIRD,
    ids_by_day,
    open_lake,
    rows,
    shop,
    table,
)
from mlops_drift_tests.store.travels import (
    HELD,
    NAME,
    clean_files,
    rewrite_in_one_file,
    write_past,
)

WHY = ("ann", "the file of the second was wrong")


@pytest.fixture
def past(lake):
    return write_past(lake)


def ids(lake):
    return sorted(key for keys in ids_by_day(lake).values() for key in keys)


def test_a_restored_table_holds_what_it_held_and_the_commit_says_who_and_why(past):
    restored = restore(past, NAME, 3, *WHY)
    assert (restored.commit, restored.to, restored.days) == (6, 3, [SECOND, THIRD])
    assert ids(past) == HELD[3]
    newest, before, *_ = commits(past.uri(SHOP))
    assert newest.action == "restored to commit 3"
    assert (newest.by, newest.reason) == WHY
    assert (before.by, before.reason) == (None, None)
    # What was undone can be read, and done again.
    restore(past, NAME, 5, *WHY)
    assert ids(past) == HELD[5]


def test_days_that_were_only_written_again_have_not_changed(past):
    rewrite_in_one_file(past)
    past.replace_days(SHOP, SECOND, SECOND, shop(SECOND, [8]))
    assert restore(past, NAME, 5, *WHY).days == [SECOND]


@pytest.mark.parametrize("again", [False, True])
def test_what_the_table_holds_is_nothing_to_restore(past, again):
    if again:
        rewrite_in_one_file(past)
    with pytest.raises(LakeError, match=f"{NAME} is not restored: it holds what .* at commit 5"):
        restore(past, NAME, 5, *WHY)
    assert past.last_commit(SHOP) == 5 + again


def test_a_commit_whose_files_are_gone_is_rejected(past):
    clean_files(past)
    with pytest.raises(LakeError, match=f"commit 3 of {NAME} can no longer be read"):
        restore(past, NAME, 3, *WHY)
    assert ids(past) == HELD[5]


def test_what_is_not_there_is_rejected(past):
    with pytest.raises(LakeError, match=f"{NAME} has no commit 9"):
        restore(past, NAME, 9, *WHY)
    with pytest.raises(LakeError, match=r"there is no table 'features\.no'"):
        restore(past, "features.no", 1, *WHY)


def test_columns_are_those_of_then_and_later_writes_add_theirs_again(past):
    wide = table(x=pa.float64(), y=pa.float64())
    past.replace_days(wide, THIRD, THIRD, rows(wide, THIRD, id=[4], x=[1.0], y=[2.0]))
    assert restore(past, NAME, 5, *WHY).days == [THIRD]
    assert ids(past) == HELD[5]
    past.replace_days(wide, SECOND, SECOND, rows(wide, SECOND, id=[3], x=[1.0], y=[2.0]))
    assert past.rows("SELECT id, y FROM t ORDER BY id", t=wide)[1] == {"id": 3, "y": 2.0}


def test_a_table_without_days_is_restored_as_a_whole(lake):
    for name in ("one", "two"):
        lake.append_unless(NOTES, {"name": name, "by": 1}, name=[name])
    assert restore(lake, NOTES.name, 1, *WHY).days == []
    assert lake.read(NOTES)["name"].to_pylist() == ["one"]


def test_a_damaged_table_is_restored_without_knowing_what_changed(past):
    rewrite_in_one_file(past)
    for file in DeltaTable(past.uri(SHOP)).file_uris():
        Path(file).unlink()
    assert restore(past, NAME, 5, *WHY).days is None
    assert ids(past) == HELD[5]


def do_at_once(root, to):
    """Restores a commit, or writes a day; the number of the commit, or why there is none."""
    lake = open_lake(root)
    meet(2)
    if to == "write":
        return lake.replace_days(SHOP, THIRD, THIRD, shop(THIRD, [77]))
    try:
        return restore(lake, NAME, to, *WHY).commit
    except LakeError as error:
        return str(error)


def test_of_two_restores_at_once_each_is_done_or_says_why_not(past, processes):
    for _ in range(4):
        before = past.last_commit(SHOP)
        found = processes.run(do_at_once, (past.root, 1), (past.root, 4))
        done = [one for one in found if isinstance(one, int)]
        assert sorted(done) == list(range(before + 1, past.last_commit(SHOP) + 1))
        assert done
        for one in found:
            assert one in done or "at the same moment; see" in one or "it holds what" in one
        assert ids(past) in (HELD[1], HELD[4])


def test_beside_a_writer_both_are_done_or_the_restore_says_why_not(past, processes):
    for _ in range(4):
        found, _ = processes.run(do_at_once, (past.root, 3), (past.root, "write"))
        newest = commits(past.uri(SHOP), 1)[0]
        if isinstance(found, int) and newest.number == found:
            assert ids(past) == HELD[3]
        else:
            assert newest.action == f"day {THIRD} written"
            assert isinstance(found, int) or "at the same moment; see" in found
            assert 77 in ids(past)
        past.replace_days(SHOP, SECOND, SECOND, shop(SECOND, [5]))
