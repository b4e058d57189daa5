"""Processes that write to one lake at once, and one that is killed while it writes."""

import os
import signal
from datetime import timedelta
from threading import Timer

import pyarrow as pa
import pytest

from mlops_drift.store.compaction import compact
from mlops_drift.store.delta import CHECKPOINT_INTERVAL
from mlops_drift.store.lake import Scan
from mlops_drift_tests.processes import meet, run_alone
from mlops_drift_tests.store.samples import FIRST, NOTES, SECOND, SHOP, ids_by_day, open_lake, shop


def replace_often(root, day, stamp, times):
    lake = open_lake(root)
    meet(2)
    for number in range(times):
        lake.replace_days(SHOP, day, day, shop(day, range(20), stamp + number))


def test_two_processes_replace_different_days_at_once(lake, processes):
    processes.run(replace_often, (lake.root, FIRST, 100.0, 8), (lake.root, SECOND, 200.0, 8))
    found = lake.rows("SELECT day, x, count(*) AS n FROM t GROUP BY ALL ORDER BY day", t=SHOP)
    assert found == [{"day": FIRST, "x": 107.0, "n": 20}, {"day": SECOND, "x": 207.0, "n": 20}]


def test_two_processes_replace_the_same_day_at_once(lake, processes):
    processes.run(replace_often, (lake.root, FIRST, 100.0, 8), (lake.root, FIRST, 200.0, 8))
    found = lake.rows("SELECT x, count(*) AS n FROM t GROUP BY ALL", t=SHOP)
    assert found in ([{"x": 107.0, "n": 20}], [{"x": 207.0, "n": 20}])


def write_first(root, number, times):
    for place in range(times):
        lake = open_lake(f"{root}/{place}")
        meet(4)
        lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, range(5), float(number)))


def test_the_first_rows_of_a_day_come_from_one_of_many_writers(tmp_path, processes):
    times = 4
    processes.run(write_first, *((str(tmp_path), number, times) for number in range(4)))
    for place in range(times):
        lake = open_lake(tmp_path / str(place))
        found = lake.rows("SELECT count(*) AS n, count(DISTINCT x) AS writers FROM t", t=SHOP)
        assert found == [{"n": 5, "writers": 1}]


def append_first(root, number, times):
    appended = []
    for place in range(times):
        lake = open_lake(f"{root}/{place}")
        meet(4)
        row = {"name": "decision", "by": number}
        appended.append(lake.append_unless(NOTES, row, name=[row["name"]]))
    return appended


def test_many_processes_append_a_row_once(tmp_path, processes):
    times = 4
    told = processes.run(append_first, *((str(tmp_path), number, times) for number in range(4)))
    for place in range(times):
        stored = open_lake(tmp_path / str(place)).rows("FROM t", t=NOTES)
        assert len(stored) == 1
        assert [answers[place] for answers in told].count(True) == 1
        assert told[stored[0]["by"]][place]


def append_own(root, number, times):
    lake = open_lake(root)
    meet(4)
    return [
        lake.append_unless(NOTES, {"name": f"{number}-{i}", "by": number}, name=[f"{number}-{i}"])
        for i in range(times)
    ]


def test_many_processes_append_rows_of_their_own_and_none_is_lost(lake, processes):
    times = 5
    told = processes.run(append_own, *((lake.root, number, times) for number in range(4)))
    assert all(all(answers) for answers in told)
    stored = lake.rows("SELECT name FROM t", t=NOTES)
    assert sorted(row["name"] for row in stored) == sorted(
        f"{number}-{i}" for number in range(4) for i in range(times)
    )


def add_to_day(root, number, times):
    lake = open_lake(root)
    meet(4)
    for i in range(times):
        new = shop(FIRST, [100 * number + i])
        lake.rewrite(Scan(SHOP, FIRST, FIRST), lambda old, new=new: pa.concat_tables([old, new]))


def test_many_processes_add_to_one_day_and_no_row_is_lost_or_doubled(lake, processes):
    times = 5
    processes.run(add_to_day, *((lake.root, number, times) for number in range(4)))
    assert ids_by_day(lake)[FIRST] == [100 * n + i for n in range(4) for i in range(times)]


def replace_range_often(root, times):
    lake = open_lake(root)
    meet(2)
    for number in range(times):
        both = [shop(day, range(10), float(number)) for day in (FIRST, SECOND)]
        lake.replace_days(SHOP, FIRST, SECOND, pa.concat_tables(both))


def read_often(root, times):
    lake = open_lake(root)
    meet(2)
    return [
        lake.rows("SELECT count(*) AS n, count(DISTINCT x) AS stamps FROM t", t=SHOP)[0]
        for _ in range(times)
    ]


def read_or_write(root, what, times):
    return read_often(root, times) if what == "read" else replace_range_often(root, times)


def test_a_reader_sees_one_commit_while_another_process_writes(lake, processes):
    lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, range(20)))
    seen, _ = processes.run(read_or_write, (lake.root, "read", 25), (lake.root, "write", 15))
    assert seen == [{"n": 20, "stamps": 1}] * 25


def write_until_killed(root, told, pause):
    lake = open_lake(root)
    with told.open("w") as file:
        for number in range(10_000):
            both = [shop(day, range(500), float(number)) for day in (FIRST, SECOND)]
            lake.replace_days(SHOP, FIRST, SECOND, pa.concat_tables(both))
            print(number, file=file, flush=True)
            if number == CHECKPOINT_INTERVAL + 1:
                Timer(pause, os.kill, (os.getpid(), signal.SIGKILL)).start()


@pytest.mark.parametrize("pause", [0.0, 0.007])
def test_a_killed_writer_leaves_a_readable_and_consistent_table(lake, tmp_path, pause):
    told = tmp_path / "told"
    assert run_alone(write_until_killed, lake.root, told, pause) == -signal.SIGKILL
    done = int(told.read_text().split()[-1])
    found = lake.rows("SELECT day, x, count(*) AS n FROM t GROUP BY ALL ORDER BY day", t=SHOP)
    stamp = found[0]["x"]
    assert stamp in (done, done + 1)
    assert found == [{"day": day, "x": stamp, "n": 500} for day in (FIRST, SECOND)]
    lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [1]))
    lake.replace_days(SHOP, SECOND, SECOND, shop(SECOND, [2]))
    assert ids_by_day(lake) == {FIRST: [1], SECOND: [2]}


def compact_until_killed(root, pause):
    lake = open_lake(root)
    Timer(pause, os.kill, (os.getpid(), signal.SIGKILL)).start()
    for number in range(10_000):
        compact(lake, SHOP)
        day = FIRST - timedelta(days=number + 1)
        lake.replace_days(SHOP, day, day, shop(day, [number]))


@pytest.mark.parametrize("pause", [0.0, 0.02, 0.06])
def test_a_killed_compaction_has_moved_no_row(lake, pause):
    days = [FIRST + timedelta(days=number) for number in range(20)]
    for number, day in enumerate(days):
        lake.replace_days(SHOP, day, day, shop(day, [number]))
    assert run_alone(compact_until_killed, lake.root, pause) == -signal.SIGKILL
    found = ids_by_day(lake)
    assert [found[day] for day in days] == [[number] for number in range(20)]
    assert all(len(ids) == 1 for ids in found.values())
    assert compact(lake, SHOP).after <= 3
    assert ids_by_day(lake) == found
