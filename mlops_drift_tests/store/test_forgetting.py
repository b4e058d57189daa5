"""Old commits are forgotten; rows, the last commits and those that are kept stay as they are."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from mlops_drift.store.forgetting import KEPT_COMMITS, forget_commits
from mlops_drift.store.history import GoneError, commits, table_at
from mlops_drift.store.queries import list_tables, run_sql
from mlops_drift.store.readable import is_readable, readable_commits
from mlops_drift.store.restoring import restore
from mlops_drift.store.snapshots import snapshots_of
from mlops_drift_tests.store.samples import FIRST, SHOP, THIRD, ids_by_day, open_lake, shop
from mlops_drift_tests.store.travels import NAME, clean_files, rewrite_in_one_file, set_times

LAST, COMMITS, KEPT = 34, 35, 17
# Checkpoints are of commits 9, 19 and 29 here: Delta reads a commit from the one before it on.
REMEMBERED = [*range(9, KEPT + 1), *range(29, LAST + 1)]


@pytest.fixture
def old(lake):
    """A table of 35 commits, each with a day of its own, at two of them put together."""
    for number in range(1, COMMITS):
        if number in (11, 24):
            rewrite_in_one_file(lake)
        else:
            day = FIRST + timedelta(days=number)
            lake.replace_days(SHOP, day, day, shop(day, [number]))
    return lake


def log(lake):
    return Path(lake.uri(SHOP), "_delta_log")


def logged(lake):
    return sorted(int(file.stem) for file in log(lake).glob("*.json"))


def forget(lake, *kept, last=4):
    return forget_commits(lake.uri(SHOP), kept, last)


def ids_at(lake, number):
    found = run_sql(lake, f"SELECT id FROM {NAME} ORDER BY id", as_of=number)
    return found["id"].to_pylist()


def test_the_last_commits_and_the_kept_ones_are_remembered_from_their_checkpoints_on(old):
    before = {number: ids_at(old, number) for number in REMEMBERED}
    rows = ids_by_day(old)
    assert forget(old, KEPT) == COMMITS - len(REMEMBERED)
    assert logged(old) == REMEMBERED
    place = old.uri(SHOP)
    assert readable_commits(place) == set(REMEMBERED)
    assert [number for number in range(COMMITS) if is_readable(place, number)] == REMEMBERED
    assert {number: ids_at(old, number) for number in REMEMBERED} == before
    assert ids_by_day(old) == ids_by_day(open_lake(old.root)) == rows
    assert forget(old, KEPT) == 0


def test_what_is_remembered_survives_a_cleanup_of_files(old):
    rows, then = ids_by_day(old), ids_at(old, KEPT)
    forget(old, KEPT)
    clean_files(old, KEPT)
    assert (ids_by_day(old), ids_at(old, KEPT)) == (rows, then)
    readable = readable_commits(old.uri(SHOP))
    every = range(COMMITS + 2)
    assert readable == {number for number in every if is_readable(old.uri(SHOP), number)}
    assert {KEPT - 1, KEPT, LAST} <= readable
    assert 9 not in readable


def test_a_process_whose_last_commit_is_forgotten_goes_on(old):
    stale = open_lake(old.root)
    assert len(ids_by_day(stale)) == COMMITS - 3
    snapshots_of.cache_clear()
    other, day = open_lake(old.root), FIRST + timedelta(days=COMMITS)
    for number in range(30):
        other.replace_days(SHOP, day, day, shop(day, [number]))
    forget(other)
    assert LAST not in logged(other)
    assert ids_by_day(stale) == ids_by_day(other)
    stale.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [0]))
    assert ids_by_day(other) == ids_by_day(stale)
    assert (ids_by_day(other)[FIRST], ids_by_day(other)[day]) == ([0], [29])


@pytest.mark.parametrize("number", [5, KEPT])
def test_a_process_that_has_read_a_kept_commit_goes_on_when_those_after_it_are_forgotten(
    lake, number
):
    stale = open_lake(lake.root)
    for turn in range(number):
        stale.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [turn]))
    assert stale.last_commit(SHOP) == number
    snapshots_of.cache_clear()
    other = open_lake(lake.root)
    for turn in range(40):
        other.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [100 + turn]))
    forget(other, number)
    assert number + 1 not in logged(other)
    assert ids_by_day(stale) == {FIRST: [139]}
    stale.replace_days(SHOP, THIRD, THIRD, shop(THIRD, [1]))
    stale.rewrite(SHOP, lambda rows: rows)
    assert ids_by_day(other) == ids_by_day(stale) == {FIRST: [139], THIRD: [1]}


def test_a_checkpoint_without_commits_stays(old):
    for number in logged(old):
        (log(old) / f"{number:020}.json").unlink()
    snapshots_of.cache_clear()
    rows = ids_by_day(open_lake(old.root))
    assert forget(old) == 0
    snapshots_of.cache_clear()
    assert ids_by_day(open_lake(old.root)) == rows != {}
    with pytest.raises(GoneError, match=f"{NAME} remembers no commit"):
        table_at(old.uri(SHOP), NAME, FIRST)
    [listed] = list_tables(old, as_of=FIRST).to_pylist()
    assert listed["rows"] is None


@pytest.mark.parametrize("files", [1, 2, 9, 20])
def test_what_a_kill_interrupts_leaves_a_whole_table_and_the_next_one_finishes(old, files):
    rows, names = ids_by_day(old), sorted(file.name for file in log(old).iterdir())
    copy = Path(old.root).with_name("forgotten")
    shutil.copytree(old.root, copy)
    forget_commits(f"{copy}/{SHOP.folder}", (KEPT,), 4)
    after = {file.name for file in Path(copy, SHOP.folder, "_delta_log").iterdir()}
    for name in [name for name in names if name not in after][:files]:
        (log(old) / name).unlink()
    assert ids_by_day(open_lake(old.root)) == rows
    assert ids_at(old, KEPT)
    forget(old, KEPT)
    assert logged(old) == REMEMBERED


def test_a_short_log_is_left_as_it_is(old):
    assert (forget(old, last=COMMITS), forget(old, last=KEPT_COMMITS)) == (0, 0)
    assert forget_commits(old.uri(SHOP) + "_missing", (), 4) == 0
    assert logged(old) == list(range(COMMITS))


def test_a_forgotten_commit_is_named_with_the_oldest_that_can_be_read(old):
    times = [(FIRST + timedelta(days=number), 12) for number in range(COMMITS)]
    set_times(old, *times)
    forget(old, KEPT)
    place = old.uri(SHOP)
    found = commits(place)
    assert [one.number for one in found] == REMEMBERED[::-1]
    assert all(one.readable for one in found)
    gone = f"{NAME} no longer remembers"
    with pytest.raises(GoneError, match=f"{gone} its commit 3; the oldest .* is commit 9"):
        table_at(place, NAME, 3)
    with pytest.raises(GoneError, match=f"{gone} its commit 20; the oldest .* is commit 29"):
        restore(old, NAME, 20, by="ada", reason="none")
    # Commits of such days are not remembered: earlier ones do not stand in for them.
    for day, oldest in ((FIRST + timedelta(days=22), 29), (FIRST - timedelta(days=1), 9)):
        held = f"{gone} what it held on {day}; the oldest .* is commit {oldest}"
        with pytest.raises(GoneError, match=held):
            table_at(place, NAME, day)
        [listed] = list_tables(old, as_of=day).to_pylist()
        assert listed == {"table": NAME, "rows": None, "commits": None, "columns": None}
    assert table_at(place, NAME, FIRST + timedelta(days=KEPT - 1)).version() == KEPT - 1
