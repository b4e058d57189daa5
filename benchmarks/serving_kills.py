"""Kills workers that answer, and processes that ship their logs, at random moments.

Three workers append requests to their logs as fast as a service does, and tell each one when it is
there: that is the answer. Beside them a shipper brings the logs into the lake, in many small
commits. A seeded generator kills one of them with -9 again and again, and starts another in its
place. In the end the rest is shipped, and every answer must be in the lake exactly once.

Run: python benchmarks/serving_kills.py [--kills 100] [--seed 7]
"""

import argparse
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import IO, Any

from rich.console import Console

WORKERS = 3
# Small enough that many segments and commits are cut off.
SEGMENT_BYTES, BATCH_ROWS = 50_000, 200
# How long a process works, at most, before it is killed.
LONGEST_SECONDS = {"worker": 0.4, "shipper": 4.0}


def answer(folder: Path, name: str) -> None:
    """Appends requests of one to four rows without end, and tells the number of each."""
    from mlops_drift.serving.log.writer import LogWriter
    from mlops_drift.serving.records import ModelAnswer, ServedRequest, ServedRow

    log, rng = LogWriter(folder / "log", name, max_bytes=SEGMENT_BYTES), random.Random(name)
    threading.Thread(target=_sync, args=(log.sync,), daemon=True).start()
    row = {f"column_{number}": number / 7 for number in range(12)}
    model = ModelAnswer("float", 0.7, (0.7, 0.3))
    for number in count():
        now = time.time_ns() // 1000
        rows = tuple(
            ServedRow(10 * number + place, now, row, "float", "MODEL", row, model)
            for place in range(rng.randint(1, 4))
        )
        log.append(ServedRequest(f"{name}/{number}", now, rows, 3))
        sys.stdout.write(f"{number} {len(rows)}\n")
        sys.stdout.flush()
        time.sleep(rng.expovariate(2000))


def _sync(sync: Callable[[], None]) -> None:
    while True:
        time.sleep(0.05)
        sync()


def ship_on(folder: Path) -> None:
    """Ships without end, and says when it begins."""
    from mlops_drift.pipeline import shipping

    model = _model(folder)
    shipping.BATCH_ROWS = BATCH_ROWS
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        shipping.ship(model, folder / "log")
        time.sleep(0.01)


def _model(folder: Path) -> Any:
    import duckdb

    from mlops_drift.config.context import ModelContext
    from mlops_drift.config.loading import find_model
    from mlops_drift.store.delta import DeltaLake

    return ModelContext.of(
        DeltaLake(folder / "lake", duckdb.connect()), find_model("glassware").spec
    )


def _promote(folder: Path) -> None:
    """Version 3 becomes champion: a lake that knows of none takes no answers."""
    from mlops_drift.store.records import Promotion

    model = _model(folder)
    since = model.spec.start_date
    model.store.versions.add_promotion(Promotion(1, since, 3, None, "", "", "the benchmark"))


class Process:
    """A worker or a shipper, and what it has told."""

    def __init__(self, role: str, folder: Path, name: str) -> None:
        command = [sys.executable, __file__, "--role", role, "--folder", folder, "--name", name]
        self.role, self.name = role, name
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self._begun = threading.Event()
        # The number of the last request that was told, and the rows of all of them.
        self.last, self.rows = -1, 0
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,))
        self._reader.start()

    def _read(self, told: IO[bytes]) -> None:
        for line in told:
            # What the kill has cut off was not told.
            if line.endswith(b"\n") and self.role == "worker":
                number, rows = map(int, line.split())
                self.last, self.rows = number, self.rows + rows
            self._begun.set()
        self._begun.set()

    def wait(self) -> None:
        """Waits until it has begun its work."""
        self._begun.wait()

    def kill(self) -> None:
        """Ends it at once; it must not have ended by itself."""
        if self._process.poll() is not None:
            sys.exit(f"{self.role} {self.name} has ended with {self._process.returncode}")
        self._process.kill()
        self._process.wait()
        self._reader.join()


def main(kills: int, seed: int) -> None:
    """Kills, counts, and prints what became of the answers."""
    rng, names = random.Random(seed), (f"w{number}" for number in count())
    with tempfile.TemporaryDirectory(prefix="mlops-drift-kills-") as place:
        folder, began = Path(place), time.monotonic()
        _promote(folder)
        running = [Process("worker", folder, next(names)) for _ in range(WORKERS)]
        running.append(Process("shipper", folder, "shipper"))
        dead = []
        for _ in range(kills):
            victim = rng.randrange(len(running))
            running[victim].wait()
            time.sleep(rng.uniform(0, LONGEST_SECONDS[running[victim].role]))
            running[victim].kill()
            dead.append(running[victim])
            role = running[victim].role
            running[victim] = Process(role, folder, next(names) if role == "worker" else role)
        for one in running:
            one.wait()
            one.kill()
        _report([*dead, *running], kills, folder, time.monotonic() - began)


def _report(processes: list[Process], kills: int, folder: Path, seconds: float) -> None:
    from mlops_drift.pipeline.shipping import ship

    model = _model(folder)
    began = time.monotonic()
    left = ship(model, folder / "log")
    rest = f"{left.rows:,} rows in {time.monotonic() - began:.1f} s"
    stored = model.store.lake.rows(
        """
        SELECT split_part(request_id, '/', 1) AS worker, max(n) AS last, count(*) AS requests,
               sum(rows)::BIGINT AS rows, sum(doubled)::BIGINT AS doubled
        FROM (SELECT request_id, split_part(request_id, '/', 2)::BIGINT AS n, count(*) AS rows,
                     count(*) - count(DISTINCT row_number) AS doubled FROM s GROUP BY request_id)
        GROUP BY worker
        """,
        s=model.store.tables.served,
    )
    found = {row["worker"]: row for row in stored}
    workers = [one for one in processes if one.role == "worker" and one.last >= 0]
    # Requests are numbered: so many must be there without a gap.
    lost = sum(
        max(0, one.last - found.get(one.name, {"last": -1})["last"]) for one in workers
    ) + sum(row["last"] + 1 - row["requests"] for row in stored)
    lines = {
        "kills of workers": kills - sum(one.role == "shipper" for one in processes) + 1,
        "kills of shippers": sum(one.role == "shipper" for one in processes) - 1,
        "requests answered": sum(one.last + 1 for one in workers),
        "requests in the lake": sum(row["requests"] for row in stored),
        "rows in the lake": sum(row["rows"] for row in stored),
        "commits": model.store.lake.last_commit(model.store.tables.served),
        "files left in the log": len(list((folder / "log").iterdir())),
        "shipped in the end": rest,
        "requests lost": lost,
        "rows twice": sum(row["doubled"] for row in stored),
    }
    console = Console(highlight=False)
    for name, value in {**lines, "seconds": round(seconds)}.items():
        console.print(f"{name:24} {value:,}" if isinstance(value, int) else f"{name:24} {value}")
    if lost or lines["rows twice"] or lines["files left in the log"]:
        sys.exit("an answer was lost or doubled")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--role", choices=["worker", "shipper"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--name", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.role == "worker":
        answer(given.folder, given.name)
    elif given.role == "shipper":
        ship_on(given.folder)
    else:
        main(given.kills, given.seed)
