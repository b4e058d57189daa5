"""Workers that are killed while they answer: what was answered is in the log, once."""

import random
import subprocess
import sys
from collections import Counter

from mlops_drift.serving.log.segments import take_over
from mlops_drift_tests.serving.log import killed
from mlops_drift_tests.serving.log.samples import closed, files, ids

KILLS = 5


def acknowledged(folder, worker, answers):
    """Lets a worker answer so many requests, at least, and kills it; the ids that it told."""
    command = [sys.executable, "-m", killed.__name__, folder, worker, "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        told = [process.stdout.readline() for _ in range(answers)]
        process.kill()
        told += process.stdout.readlines()
    # The last one may be cut off: it was not told then.
    return [line.decode().strip() for line in told if line.endswith(b"\n")]


def test_no_answer_of_a_killed_worker_is_lost_and_none_is_there_twice(tmp_path):
    rng, told = random.Random(7), []
    for kill in range(KILLS):
        told += acknowledged(tmp_path, f"w{kill}", rng.randrange(1, 400))
    take_over(tmp_path)
    assert files(tmp_path) == closed(tmp_path)
    logged = Counter(one.removeprefix("request ") for one in ids(closed(tmp_path)))
    assert set(logged.values()) == {1}
    assert set(told) <= set(logged)
    # Of each worker one record may not have been told before it died.
    assert len(logged) - len(told) <= KILLS
    assert len(told) > KILLS
