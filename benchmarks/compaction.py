"""Compaction beside writers, readers, a cleanup and restores, while it is killed again and again.

    python benchmarks/compaction.py

Every actor is a process of its own on one lake. Four writers add days, replace, extend and empty
what is theirs; one removes old days as a cleanup does; one restores a second table; two read; two
compact and forget old commits, and one of these is killed. At the end what the tables hold is
compared with what the writers committed. Half a minute.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from random import Random

import click
import duckdb
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from mlops_drift.store.commit_log import CommitLog
from mlops_drift.store.compaction import compact
from mlops_drift.store.delta import DeltaLake, all_rows
from mlops_drift.store.forgetting import forget_commits
from mlops_drift.store.history import commits
from mlops_drift.store.lake import LakeError, Scan
from mlops_drift.store.readable import at_commit
from mlops_drift.store.restoring import restore
from mlops_drift.store.tables import DAY, Table

SCHEMA = pa.schema([DAY, *(pa.field(name, pa.int64()) for name in ("writer", "size", "id"))])
SHOP, RESTORED = Table("landing.shop", SCHEMA), Table("features.shop", SCHEMA)
FIRST = date(2023, 11, 1)
# The days that the cleanup removes, those that nobody touches, and where the writers begin.
OLD, STILL, START = range(30), range(30, 60), 60
WRITERS, READERS = 4, 2
TURNS, RESTORES = 24, 12
# Those who look again and again leave the processors to the others.
PAUSE = 0.02
# So many commits of each table, and up to ten before them.
REMEMBERED = 60

# (day, writer) -> (rows, first key)
Rows = dict[tuple[int, int], tuple[int, int]]


class CountingLake(DeltaLake):
    """A lake that counts the commits that lost to others and were made again."""

    conflicts = 0

    def _until_committed(self, table: Table, commit: Callable[[], None]) -> None:
        def counted() -> None:
            try:
                commit()
            except CommitFailedError:
                self.conflicts += 1
                raise

        super()._until_committed(table, counted)


@dataclass
class Done:
    """What an actor did."""

    rows: Rows = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    past: dict[int, int] = field(default_factory=dict)


def open_lake(root: str) -> CountingLake:
    return CountingLake(root, duckdb.connect())


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def rows(number: int, writer: int, size: int, first: int) -> pa.Table:
    ids = range(first, first + size)
    columns = {"day": [day(number)] * size, "writer": [writer] * size, "size": [size] * size}
    return pa.table({**columns, "id": list(ids)}, schema=SCHEMA)


def put(lake: DeltaLake, number: int, writer: int, size: int, first: int) -> None:
    """Puts rows of a writer in place of those that it has on a day."""
    found = rows(number, writer, size, first)
    lake.replace_days(SHOP, day(number), day(number), found, where=f"writer = {writer}")


def write(root: str, writer: int, seed: int) -> Done:
    """A new day, then maybe an older one: replaced, extended or emptied."""
    lake, random, done = open_lake(root), Random(f"{seed} {writer}"), Done()
    for turn in range(TURNS):
        first = (writer * TURNS + turn) * 1_000_000
        number, size = START + turn, random.randint(1, 40)
        put(lake, number, writer, size, first)
        done.rows[number, writer] = size, first
        number = START + random.randint(0, turn)
        known = done.rows.get((number, writer))
        match random.choice(["nothing", "replace", "extend", "empty"]):
            case "replace":
                size, first = random.randint(1, 40), first + 1000
                put(lake, number, writer, size, first)
                done.rows[number, writer] = size, first
            case "extend" if known:
                extend(lake, number, writer)
                done.rows[number, writer] = known[0] + 1, known[1]
            case "empty":
                put(lake, number, writer, 0, 0)
                done.rows.pop((number, writer), None)
    done.counted["conflicts of writers"] = lake.conflicts
    return done


def extend(lake: DeltaLake, number: int, writer: int) -> None:
    """Appends a row to those that a writer has on a day, by reading all of the day."""

    def build(found: pa.Table) -> pa.Table:
        mine = [row for row in found.to_pylist() if row["writer"] == writer]
        others = [row for row in found.to_pylist() if row["writer"] != writer]
        first = min(row["id"] for row in mine)
        return pa.concat_tables(
            [
                pa.Table.from_pylist(others, schema=SCHEMA),
                rows(number, writer, len(mine) + 1, first),
            ]
        )

    lake.rewrite(Scan(SHOP, day(number), day(number)), build)


def clean(root: str) -> Done:
    """Removes the old days, three more at a time."""
    lake, done = open_lake(root), Done()
    for last in OLD[2::3]:
        lake.replace_days(SHOP, FIRST, day(last), SCHEMA.empty_table())
        done.counted["removals of old days"] += 1
        time.sleep(0.2)
    done.counted["conflicts of removals"] = lake.conflicts
    return done


def put_back(root: str) -> Done:
    """Adds days to a table, and replaces some of them by mistake: the table is restored."""
    lake, done = open_lake(root), Done()
    for number in range(RESTORES):
        lake.replace_days(RESTORED, day(number), day(number), rows(number, 0, 9, 100 * number))
        done.rows[number, 0] = 9, 100 * number
        before = lake.last_commit(RESTORED)
        lake.replace_days(RESTORED, day(number // 2), day(number), rows(number, 9, 3, 0))
        while before is not None:
            try:
                restore(lake, RESTORED.name, before, "benchmark", "a mistake")
                done.counted["restores"] += 1
                break
            except LakeError:
                done.counted["restores that lost to another commit"] += 1
    return done


def read(root: str, stop: Event) -> Done:
    """Reads all rows, which must be those of whole commits, and notes some commits."""
    lake, done, seen = open_lake(root), Done(), 0
    sql = 'SELECT day, writer, count(*) AS n, min("size") AS low, max("size") AS high FROM t'
    while not stop.is_set():
        found = lake.rows(f"{sql} GROUP BY ALL", t=SHOP)
        done.counted["reads"] += 1
        time.sleep(PAUSE)
        done.wrong += [f"read {row}" for row in found if not row["n"] == row["low"] == row["high"]]
        still = sum(day(STILL[0]) <= row["day"] <= day(STILL[-1]) for row in found)
        done.wrong += [f"read {still} of {len(STILL)} days"] if still != len(STILL) else []
        snapshot = lake.snapshot(SHOP)
        if snapshot and snapshot.version() >= seen + 20:
            seen = snapshot.version()
            done.past[seen] = digest(lake, snapshot)
    return done


def digest(lake: DeltaLake, snapshot: DeltaTable) -> int:
    sql = f'SELECT sum(hash(day, writer, "size", id)) FROM {all_rows(SHOP, snapshot)}'
    with lake.cursor() as cursor:
        [(found,)] = cursor.execute(sql).fetchall()
    return int(found)


def compact_on(root: str, stop: Event, busy: Event | None = None) -> Done:
    """Compacts both tables over and over, and lets them forget old commits."""
    lake, done = open_lake(root), Done()
    while not stop.is_set():
        for table in (SHOP, RESTORED):
            if busy:
                busy.set()
            compact(lake, table)
            forget_commits(lake.uri(table), (), REMEMBERED)
            time.sleep(PAUSE)
            done.counted["compactions by the one that lives"] += 1
    done.counted["conflicts of compactions"] = lake.conflicts
    return done


def kill_often(root: str, kills: int, random: Random, stop: Event) -> Counter[str]:
    """Starts compactions while the others are at work, and kills each at a random moment."""
    context, counted = get_context("forkserver"), Counter[str]()
    while counted["compactions killed"] < kills:
        busy = context.Event()
        process = context.Process(target=compact_on, args=(root, stop, busy))
        process.start()
        busy.wait(30)
        time.sleep(random.uniform(0.0, 0.3))
        if process.pid and process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        counted["compactions killed"] += process.exitcode == -signal.SIGKILL
    return counted


def fill(lake: DeltaLake) -> Rows:
    """The days that are there at the beginning; those that stay."""
    for number in (*OLD, *STILL):
        put(lake, number, 0, 5, 1000 * number)
    return {(number, 0): (5, 1000 * number) for number in STILL}


def differences(lake: DeltaLake, table: Table, wanted: Rows) -> list[str]:
    """What a table has lost, and what it holds besides."""
    sql = "SELECT day, writer, count(*) AS n, count(DISTINCT id) AS ids, min(id) AS id FROM t"
    stored = {
        ((row["day"] - FIRST).days, row["writer"]): (row["n"], row["id"])
        for row in lake.rows(f"{sql} GROUP BY ALL", t=table)
        if row["n"] == row["ids"]
    }
    parted = wanted.items() ^ stored.items()
    return [
        f"{table.name}: {key} has {stored.get(key)}, not {wanted.get(key)}" for key, _ in parted
    ]


def without_commit(lake: DeltaLake, table: Table) -> int:
    """Data files of forgotten commits, and of none: after a kill, or a commit that lost."""
    named: set[str] = set()
    for number in CommitLog(lake.uri(table)).numbers:
        named |= {Path(uri).name for uri in DeltaTable(lake.uri(table), number).file_uris()}
    return sum(file.name not in named for file in Path(lake.uri(table)).glob("*.parquet"))


def work(root: str, kills: int, seed: int) -> list[str]:
    """Lets all work at once, prints what they did, and returns what is wrong."""
    lake, context = open_lake(root), get_context("forkserver")
    context.set_forkserver_preload(["mlops_drift.store.restoring"])
    wanted = fill(lake)
    with context.Manager() as manager, ProcessPoolExecutor(9, context) as pool:
        end = manager.Event()
        others = [pool.submit(read, root, end) for _ in range(READERS)]
        others.append(pool.submit(compact_on, root, end))
        writers: list[Future[Done]] = [
            *(pool.submit(write, root, number, seed) for number in range(WRITERS)),
            pool.submit(clean, root),
        ]
        restorer = pool.submit(put_back, root)
        try:
            counted = kill_often(root, kills, Random(seed), end)
            done = [one.result() for one in writers]
            restored = restorer.result()
        finally:
            end.set()
        everybody = [*done, restored, *(one.result() for one in others)]
    wrong = [line for one in everybody for line in one.wrong]
    for one in everybody:
        counted += one.counted
    for one in done:
        wanted |= one.rows
    wrong += [*differences(lake, SHOP, wanted), *differences(lake, RESTORED, restored.rows)]
    past = {number: found for one in everybody for number, found in one.past.items()}
    for number, found in past.items():
        then = at_commit(lake.uri(SHOP), number)
        counted["commits read again as they were"] += then is not None
        if then is not None and digest(lake, then) != found:
            wrong.append(f"commit {number} reads otherwise than when it was the last one")
    report(lake, counted)
    return wrong


def report(lake: CountingLake, counted: Counter[str]) -> None:
    tables = (SHOP, RESTORED)
    made = [one for table in tables for one in commits(lake.uri(table))]
    counted["commits"] = sum((lake.last_commit(table) or 0) + 1 for table in tables)
    counted["commits that are remembered"] = len(made)
    counted["of these, of compactions"] = sum("compacted" in one.action for one in made)
    counted["of these, that cannot be read"] = sum(not one.readable for one in made)
    others = sum(without_commit(lake, table) for table in tables)
    counted["data files that no remembered commit reads"] = others
    counted["data files in the end"] = sum(compact(lake, table).after for table in tables)
    lines: Iterable[str] = (f"| {what} | {n:,} |" for what, n in sorted(counted.items()))
    click.echo("\n".join(["| what | n |", "|---|---|", *lines]))


def main() -> None:
    """Prints what happened; ends with 1 if anything was lost, or read as nobody committed it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10, help="default 10")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    given = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as root:
        wrong = work(root, given.kills, given.seed)
    click.echo("\n".join(wrong) or "nothing is lost, and no read failed")
    click.echo(f"{time.monotonic() - started:.0f} seconds")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
