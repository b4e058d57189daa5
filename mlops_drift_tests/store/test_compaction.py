"""Compaction: few files, the same rows, beside writers and readers, and after a kill."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Event

import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from mlops_drift.store.compaction import MOST_FILES, bins, compact, too_many_files
from mlops_drift.store.delta import DeltaLake
from mlops_drift.store.disk import sizes_by_day
from mlops_drift.store.files import DataFile
from mlops_drift.store.lake import Scan
from mlops_drift.store.memory import MemoryLake
from mlops_drift.store.queries import run_sql
from mlops_drift.store.tables import DAY, Table

TABLE = Table("features.shop", pa.schema([DAY, pa.field("id", pa.int64())]))
WHOLE = Table("training.shop", pa.schema([DAY]), bounds=())
FIRST = date(2023, 11, 20)


@pytest.fixture
def lake(tmp_path):
    with duckdb.connect() as database:
        yield DeltaLake(tmp_path, database)


def day(number):
    return FIRST + timedelta(days=number)


def rows(number, n=3):
    ids = [1000 * number + index for index in range(n)]
    return pa.table({"day": [day(number)] * n, "id": ids[::-1]}, schema=TABLE.schema)


def fill(lake, first, last):
    for number in range(first, last + 1):
        lake.replace_days(TABLE, day(number), day(number), rows(number))


def spans(lake):
    return [(str(file.first), str(file.last)) for file in lake.files(TABLE)]


def file(first, last, size=1):
    return DataFile(f"{first} {last} {size}", size, 1, day(first), day(last))


def test_closed_days_lie_together_by_year_and_no_row_moves(lake):
    fill(lake, 0, 80)
    before = lake.read(TABLE).to_pylist()
    found = compact(lake, TABLE)
    assert (found.table, found.before, found.after) == (TABLE.name, 81, 3)
    assert spans(lake) == [
        ("2023-11-20", "2023-12-31"),
        ("2024-01-01", "2024-02-07"),
        ("2024-02-08", "2024-02-08"),
    ]
    assert lake.read(TABLE).to_pylist() == before


def test_a_second_compaction_commits_nothing(lake):
    fill(lake, 0, 80)
    compact(lake, TABLE)
    commit = lake.last_commit(TABLE)
    assert compact(lake, TABLE).after == 3
    assert lake.last_commit(TABLE) == commit


def test_a_commit_before_it_reads_as_before(lake):
    fill(lake, 0, 5)
    commit, before = lake.last_commit(TABLE), lake.read(TABLE).to_pylist()
    compact(lake, TABLE)
    lake.replace_days(TABLE, day(0), day(4), rows(0).slice(0, 0))
    then = DeltaTable(lake.uri(TABLE), version=commit).to_pyarrow_table().to_pylist()
    assert sorted(then, key=repr) == sorted(before, key=repr)


def test_a_day_of_many_is_replaced_and_removed_alone(lake):
    fill(lake, 0, 9)
    compact(lake, TABLE)
    lake.replace_days(TABLE, day(4), day(4), rows(4, 7))
    lake.replace_days(TABLE, day(5), day(5), rows(5).slice(0, 0))
    counted = lake.rows("SELECT day, count(*) AS n FROM t GROUP BY day ORDER BY day", t=TABLE)
    numbers = {(row["day"] - FIRST).days: row["n"] for row in counted}
    assert numbers == {number: 7 if number == 4 else 3 for number in range(10) if number != 5}


def test_days_that_come_in_any_order_lie_in_theirs(lake):
    for number in (5, 3, 9, 1, 7):
        fill(lake, number, number)
    compact(lake, TABLE)
    assert [str(file.first) for file in lake.files(TABLE)] == [str(day(1)), str(day(9))]
    found = lake.read(TABLE)
    assert found.equals(pa.concat_tables([rows(number) for number in (1, 3, 5, 7, 9)]))


def test_a_folder_may_have_any_name(tmp_path, database):
    lake = DeltaLake(tmp_path / 'it\'s a "lake", #1 ü', database)
    fill(lake, 0, 3)
    assert compact(lake, TABLE).after == 2
    assert lake.read(TABLE).num_rows == 12
    assert list(sizes_by_day(lake.snapshot(TABLE))) == [day(number) for number in range(4)]


def test_a_table_that_was_emptied_has_nothing_to_put_together(lake):
    fill(lake, 0, 2)
    lake.replace_days(TABLE, day(0), day(2), rows(0).slice(0, 0))
    found = compact(lake, TABLE)
    assert (found.before, found.after) == (0, 0)


def test_between_the_days_of_a_file_nothing_need_be(lake):
    for number in (0, 4, 9):
        fill(lake, number, number)
    compact(lake, TABLE)
    commit = lake.last_commit(TABLE)
    assert not lake.holds(lake_days(1, 3))
    lake.replace_days(TABLE, day(1), day(3), rows(1).slice(0, 0))
    assert lake.last_commit(TABLE) == commit
    assert lake.holds(lake_days(1, 4))


def lake_days(first, last):
    return Scan(TABLE, day(first), day(last))


def test_a_file_of_many_months_and_days_made_again_come_to_rest(lake):
    for first in range(0, 90, 30):
        whole = [rows(number) for number in range(first, first + 30)]
        lake.replace_days(TABLE, day(first), day(first + 29), pa.concat_tables(whole))
    for number in (50, 5, 35, 61, 100):
        lake.replace_days(TABLE, day(number), day(number), rows(number, 4))
    lake.replace_days(TABLE, day(10), day(20), rows(10).slice(0, 0))
    before = sorted(lake.read(TABLE).to_pylist(), key=repr)
    compact(lake, TABLE)
    commit = lake.last_commit(TABLE)
    compact(lake, TABLE)
    assert lake.last_commit(TABLE) == commit
    assert sorted(lake.read(TABLE).to_pylist(), key=repr) == before


def test_columns_added_later_are_null_and_those_taken_away_keep_their_values(lake):
    fill(lake, 0, 1)
    x = TABLE.schema.append(pa.field("x", pa.float64()))
    added, taken = Table(TABLE.name, x), Table(TABLE.name, x.remove(1))
    for number, table in ((2, added), (3, taken), (4, taken)):
        filled = rows(number).append_column("x", pa.array([float(number)] * 3))
        found = filled.select(table.schema.names)
        lake.replace_days(table, day(number), day(number), found)
    before = run_sql(lake, "FROM features.shop ORDER BY ALL").to_pylist()
    assert compact(lake, taken).after == 2
    assert run_sql(lake, "FROM features.shop ORDER BY ALL").to_pylist() == before
    assert [row["id"] for row in before[:3]] == [0, 1, 2]


def test_a_table_that_others_partitioned_is_left_alone(lake):
    whole = pa.concat_tables([rows(number) for number in range(4)])
    write_deltalake(lake.uri(TABLE), whole, partition_by=["day"])
    assert compact(lake, TABLE).after == 4
    assert lake.last_commit(TABLE) == 0


def test_files_stay_below_the_target_and_large_ones_as_they_are():
    files = [file(n, n, size) for n, size in enumerate([60, 30, 20, 200, 10, 10, 10, 5])]
    found = [[one.size for one in together] for together in bins(files, target=100)]
    assert found == [[60, 30], [10, 10, 10]]


def test_files_of_one_day_are_never_parted():
    files = [file(0, 0, size) for size in (60, 20, 20, 10, 10)] + [file(1, 1, 60), file(2, 2, 1)]
    found = [[one.size for one in together] for together in bins(files, target=100)]
    assert found == [[60, 20, 20, 10, 10]]


def test_a_day_of_several_large_files_stays_as_it_is():
    files = [file(0, 0, 100), file(0, 0, 100), file(0, 0, 60), file(1, 1, 1)]
    assert list(bins(files, target=100)) == []


def test_only_tables_that_a_compaction_would_change_have_too_many_files(lake):
    assert too_many_files(lake, [TABLE, WHOLE]) == []
    # One stays, and so does the last day.
    fill(lake, 0, MOST_FILES + 1)
    assert too_many_files(lake, [TABLE, WHOLE]) == []
    fill(lake, MOST_FILES + 2, MOST_FILES + 2)
    assert too_many_files(lake, [TABLE, WHOLE]) == [TABLE]
    compact(lake, TABLE)
    assert too_many_files(lake, [TABLE, WHOLE]) == []


def test_a_table_that_is_not_there_or_in_memory_or_has_no_days_is_left_alone(lake, tmp_path):
    assert compact(lake, TABLE).before == 0
    lake.rewrite(WHOLE, lambda existing: pa.table({"day": [FIRST]}, schema=WHOLE.schema))
    assert compact(lake, WHOLE).after == 0
    with duckdb.connect() as database:
        assert compact(MemoryLake(tmp_path, database), TABLE).after == 0


def test_four_writers_and_two_readers_beside_it_lose_nothing(tmp_path):
    last, done = 59, Event()

    def opened():
        return DeltaLake(tmp_path, duckdb.connect())

    fill(opened(), 0, last)
    expected = 3 * (last + 1)

    def write(number):
        mine = opened()
        for turn in range(12):
            # Each its own day, in a file with those of the others.
            replaced = day(4 * turn + number)
            mine.replace_days(TABLE, replaced, replaced, rows(4 * turn + number))

    def read():
        mine, seen = opened(), set()
        while not done.is_set():
            seen.add(mine.read(TABLE).num_rows)
        return seen

    with ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        writers = [pool.submit(write, number) for number in range(4)]
        try:
            while not all(writer.done() for writer in writers):
                compact(opened(), TABLE)
            for writer in writers:
                writer.result()
        finally:
            done.set()
        assert [reader.result() for reader in readers] == [{expected}, {expected}]
    lake = opened()
    assert compact(lake, TABLE).after == 3
    wanted = [row for number in range(last + 1) for row in rows(number).to_pylist()]
    assert sorted(lake.read(TABLE).to_pylist(), key=repr) == sorted(wanted, key=repr)
