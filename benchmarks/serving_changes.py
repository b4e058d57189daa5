"""A real service under load: who answers changes again and again, and workers are killed.

Two workers answer four clients without a pause. First another version is named 20 times, then a
worker is killed with -9 a hundred times, at random moments, and started again by the service. No
request may fail while versions change, every answer must be the one of the version that it names,
and be in the log exactly once, whatever was killed.

Run: python -m benchmarks.serving_changes [--changes 20] [--kills 100] [--seed 7]
"""

import argparse
import os
import random
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path

from rich.console import Console

from mlops_drift_tests.serving.real_service import publish, real_service
from mlops_drift_tests.serving.test_worker import Clients, logged

WORKERS = 2


def changes(root: Path, n: int) -> str:
    """Lets versions 1 to 3 answer in turns; what was found."""
    scores = publish(root, 1)
    with real_service(root, workers=WORKERS) as service, Clients(service.url) as clients:
        clients.wait(100)
        for number in range(n):
            scores |= publish(root, 2 + number % 2)
            clients.wait(100)
            time.sleep(0.4)
    records = {record.id: record for record in logged(root)}
    failed = len(clients.failures)
    other = sum(one["score"] != scores[one["version"]] for one in clients.answers)
    unlike = sum(records[one["request_id"]].version != one["version"] for one in clients.answers)
    return (
        f"{n} changes of version, {len(clients.answers):,} answers: {failed} requests failed, "
        f"{other} answers are not of the version they name, {unlike} not of that in the log"
    )


def kills(root: Path, n: int, seed: int) -> str:
    """Kills workers; what was lost."""
    publish(root, 1)
    rng, killed = random.Random(seed), 0
    with real_service(root, workers=WORKERS) as service, Clients(service.url) as clients:
        clients.wait(100)
        while killed < n:
            time.sleep(rng.uniform(0.05, 1.0))
            # One is left, or nobody answers for as long as the others start.
            if len(pids := service.worker_pids()) == WORKERS:
                os.kill(rng.choice(pids), signal.SIGKILL)
                killed += 1
                clients.wait(5)
    found = Counter(record.id for record in logged(root))
    answered = [one["request_id"] for one in clients.answers]
    lost = sum(found[name] == 0 for name in answered)
    twice = sum(count > 1 for count in found.values())
    return (
        f"{killed} workers killed, {len(answered):,} answers, {len(found):,} requests in the log: "
        f"{lost} answers lost, {twice} requests twice"
    )


def main() -> None:
    """Prints what both found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    given, console = parser.parse_args(), Console()
    with tempfile.TemporaryDirectory() as folder:
        console.print(changes(Path(folder) / "changes", given.changes))
        console.print(kills(Path(folder) / "kills", given.kills, given.seed))


if __name__ == "__main__":
    main()
