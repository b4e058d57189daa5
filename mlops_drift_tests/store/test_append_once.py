"""Pieces of what grows elsewhere are appended once, whatever works or dies beside it."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from mlops_drift.store.compaction import compact
from mlops_drift.store.delta import CHECKPOINT_INTERVAL
from mlops_drift.store.forgetting import forget_commits
from mlops_drift.store.lake import Piece, Scan
from mlops_drift_tests.processes import meet
from mlops_drift_tests.store.samples import FIRST, SECOND, SHOP, open_lake, shop
from mlops_drift_tests.store.two_lakes import both_lakes


def rows(lake):
    return [row["id"] for row in lake.rows("SELECT id FROM t ORDER BY id", t=SHOP)]


@pytest.mark.parametrize("number", [0, 1], ids=["delta", "memory"])
def test_a_piece_is_appended_where_it_begins_at_what_was_appended(tmp_path, number):
    lake = both_lakes(tmp_path)[number]
    assert lake.appended(SHOP, ["a", "b"]) == {"a": 0, "b": 0}
    both = {"a": Piece(0, 10), "b": Piece(0, 5)}
    assert lake.append_once(SHOP, shop(FIRST, [1, 2]), both)
    assert lake.appended(SHOP, ["a", "b", "c"]) == {"a": 10, "b": 5, "c": 0}
    for pieces in (
        both,
        {"a": Piece(0, 20)},
        {"a": Piece(5, 20)},
        {"a": Piece(10, 20), "b": Piece(0, 5)},
        {"a": Piece(10, 20), "c": Piece(1, 2)},
    ):
        assert not lake.append_once(SHOP, shop(SECOND, [3]), pieces)
    assert lake.append_once(SHOP, shop(FIRST, [4]), {"a": Piece(10, 20), "c": Piece(0, 1)})
    assert rows(lake) == [1, 2, 4]
    assert lake.appended(SHOP, ["a", "b", "c"]) == {"a": 20, "b": 5, "c": 1}


def test_a_copy_of_a_lake_in_memory_knows_what_was_appended(tmp_path):
    lake = both_lakes(tmp_path)[1]
    lake.append_once(SHOP, shop(FIRST, [1]), {"a": Piece(0, 10)})
    copy = lake.copy(tmp_path)
    assert not copy.append_once(SHOP, shop(FIRST, [1]), {"a": Piece(0, 10)})
    assert copy.append_once(SHOP, shop(FIRST, [2]), {"a": Piece(10, 20)})
    assert lake.appended(SHOP, ["a"]) == {"a": 10}


def test_it_is_remembered_after_checkpoints_a_compaction_and_forgotten_commits(lake):
    days = [FIRST + timedelta(days=number) for number in range(2 * CHECKPOINT_INTERVAL + 3)]
    for number, day in enumerate(days):
        assert lake.append_once(SHOP, shop(day, [number]), {f"s{number}": Piece(0, 7)})
    assert compact(lake, SHOP).after < len(days)
    assert forget_commits(lake.uri(SHOP), (), 3) > CHECKPOINT_INTERVAL
    for reader in (lake, open_lake(lake.root)):
        assert set(reader.appended(SHOP, [f"s{n}" for n in range(len(days))]).values()) == {7}
        assert not reader.append_once(SHOP, shop(FIRST, [99]), {"s0": Piece(0, 7)})
    assert rows(lake) == list(range(len(days)))


def append_all(root, times):
    lake, appended = open_lake(root), 0
    for number in range(times):
        meet(2)
        pieces = {f"s{number}": Piece(0, 3)}
        appended += lake.append_once(SHOP, shop(FIRST, [number]), pieces)
    return appended


def test_of_two_processes_one_appends(lake, processes):
    times = 6
    found = processes.run(append_all, (lake.root, times), (lake.root, times))
    assert sum(found) == times
    assert rows(lake) == list(range(times))


def test_appending_leaves_other_writers_their_days(lake):
    lake.append_once(SHOP, shop(FIRST, [1]), {"a": Piece(0, 1)})
    lake.replace_days(SHOP, SECOND, SECOND, shop(SECOND, [2]))
    lake.append_once(SHOP, shop(SECOND, [3]), {"a": Piece(1, 2)})
    assert rows(lake) == [1, 2, 3]
    assert lake.holds(Scan(SHOP, SECOND, SECOND))


def test_what_was_appended_is_on_the_disk(lake, monkeypatch):
    lake.append_once(SHOP, shop(FIRST, [1]), {"a": Piece(0, 1)})
    synced, sync = set(), os.fsync
    monkeypatch.setattr(
        os,
        "fsync",
        lambda file: (synced.add(str(Path(f"/proc/self/fd/{file}").readlink())), sync(file)),
    )
    lake.append_once(SHOP, shop(SECOND, [2]), {"a": Piece(1, 2)})
    place = lake.uri(SHOP)
    log, [new] = f"{place}/_delta_log", [one.uri for one in lake.files(SHOP) if one.first == SECOND]
    assert synced == {place, log, f"{log}/{lake.last_commit(SHOP):020}.json", new}
