"""Tables are opened once, and what another process does to them is seen."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from mlops_drift.store.delta import DeltaLake
from mlops_drift.store.lake import LakeError
from mlops_drift.store.snapshots import ANSWER_BYTES, ANSWERS, Answers, snapshots_of
from mlops_drift.store.tables import DAY, Table

TABLE = Table("features.shop", pa.schema([DAY, pa.field("id", pa.int64())]))
FIRST = date(2024, 1, 1)


@pytest.fixture
def opened(tmp_path):
    with duckdb.connect() as database:
        yield lambda: DeltaLake(tmp_path, database)


def put(lake, *ids):
    rows = pa.table({"day": [FIRST] * len(ids), "id": list(ids)}, schema=TABLE.schema)
    lake.replace_days(TABLE, FIRST, FIRST, rows)


def add(lake, number):
    row = pa.table({"day": [FIRST], "id": [number]}, schema=TABLE.schema)
    lake.rewrite(TABLE, lambda existing: pa.concat_tables([existing, row]))


def ids(lake):
    return [row["id"] for row in lake.rows("SELECT id FROM t ORDER BY id", t=TABLE)]


def test_lakes_of_one_root_open_a_table_once(opened):
    put(opened(), 1)
    assert opened().snapshot(TABLE) is opened().snapshot(TABLE)


def test_a_commit_of_another_is_seen_by_the_next_query(opened, tmp_path):
    mine = opened()
    put(mine, 1)
    assert ids(mine) == [1]
    snapshots_of.cache_clear()
    put(opened(), 2, 3)
    assert ids(mine) == [2, 3]


def test_another_table_in_the_same_place_is_seen(opened, tmp_path):
    mine = opened()
    put(mine, 1)
    put(mine, 2)
    assert ids(mine) == [2]
    shutil.rmtree(tmp_path / "features")
    assert ids(mine) == []
    put(opened(), 7)
    assert ids(mine) == [7]


def log(lake, number):
    return Path(lake.uri(TABLE)) / "_delta_log" / f"{number:020}.json"


def test_a_backup_that_was_brought_back_is_seen(opened):
    mine = opened()
    put(mine, 1)
    put(mine, 2)
    log(mine, mine.last_commit(TABLE)).unlink()
    assert ids(mine) == [1]


def test_commits_of_others_after_a_backup_was_brought_back_are_seen(opened):
    mine = opened()
    for number in range(4):
        add(mine, number)
    assert ids(mine) == [0, 1, 2, 3]
    for number in (mine.last_commit(TABLE), mine.last_commit(TABLE) - 1):
        log(mine, number).unlink()
    snapshots_of.cache_clear()
    other = opened()
    add(other, 20)
    add(other, 21)
    add(mine, 30)
    assert ids(mine) == ids(opened()) == [0, 1, 20, 21, 30]


def test_a_table_that_was_damaged_since_is_named(opened):
    mine = opened()
    put(mine, 1)
    log(mine, mine.last_commit(TABLE) + 1).write_text('{"add":{"path')
    with pytest.raises(LakeError, match=r"features/shop cannot be read.*from a backup"):
        ids(mine)


def test_threads_share_a_lake(opened):
    mine = opened()
    put(mine, 0)

    def work(number):
        for turn in range(5):
            if number:
                assert len(ids(mine)) == 1
            else:
                put(opened(), turn)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert ids(mine) == [4]


def test_threads_that_rewrite_a_table_lose_no_row(opened):
    mine = opened()

    def work(number):
        for turn in range(4):
            add(mine, 10 * number + turn)
            ids(mine)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    assert ids(mine) == [10 * number + turn for number in range(3) for turn in range(4)]


def test_what_is_committed_during_a_rewrite_is_kept(opened):
    mine, turns = opened(), []

    def build(existing):
        turns.append(sorted(existing["id"].to_pylist()))
        if len(turns) == 1:
            add(mine, 1)
        return existing

    add(mine, 0)
    mine.rewrite(TABLE, build)
    assert turns == [[0], [0, 1]]
    assert ids(mine) == [0, 1]


def test_a_rewrite_that_failed_leaves_the_next_one_the_newest_rows(opened):
    mine = opened()
    add(mine, 0)
    with pytest.raises(ZeroDivisionError):
        mine.rewrite(TABLE, lambda existing: 1 / 0)
    put(opened(), 0, 1)
    add(mine, 2)
    assert ids(mine) == [0, 1, 2]


def test_the_same_query_of_the_same_files_is_answered_once(opened):
    mine = opened()
    put(mine, 1)
    query = "SELECT id FROM t"
    assert mine.query(query, t=TABLE) is opened().query(query, t=TABLE)
    assert mine.query(query, t=TABLE) is not mine.query(query, t=mine.read(TABLE))


def test_rows_of_the_same_files_are_read_once_and_are_the_callers_own(opened):
    mine = opened()
    put(mine, 1)
    [row] = mine.rows("SELECT id FROM t", t=TABLE)
    row["id"] = 9
    assert opened().rows("SELECT id FROM t", t=TABLE) == [{"id": 1}]
    put(mine, 2)
    assert mine.rows("SELECT id FROM t", t=TABLE) == [{"id": 2}]


def test_rows_are_what_a_query_gives(opened):
    mine = opened()
    put(mine, 1, 2)
    sql = "SELECT day, id, id / 4 AS x, NULL AS none, [id] AS ids, 'a' || id AS text FROM t"
    assert mine.rows(sql, t=TABLE) == mine.query(sql, t=TABLE).to_pylist()


def test_only_the_last_small_answers_are_kept():
    known, asked = Answers(len), []

    def answered(statement, answer="x"):
        return known.of(statement, lambda: asked.append(statement) or answer)

    for number in range(ANSWERS + 1):
        answered(str(number))
    large = "x" * (ANSWER_BYTES + 1)
    assert answered("large", large) == answered("large", large) == large
    asked.clear()
    assert [answered(one) for one in (str(ANSWERS), "1", "0", "large")][:3] == ["x"] * 3
    assert asked == ["0", "large"]


@pytest.mark.parametrize(("rows", "is_kept"), [(6, True), (7, False), (5000, False)])
def test_rows_with_long_texts_count_as_large(opened, rows, is_kept):
    mine = opened()
    put(mine, *range(rows))
    sql = "SELECT repeat('x', 40_000) AS text FROM t"
    first, second = (mine._rows_answered(*mine._statement(sql, {"t": TABLE})) for _ in range(2))
    assert (first is second) is is_kept
