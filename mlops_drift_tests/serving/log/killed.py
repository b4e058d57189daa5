"""A worker that appends requests and tells each one, until it is killed: what kill tests start."""

import os
import sys
from itertools import count
from pathlib import Path

from mlops_drift.serving.log.writer import LogWriter
from mlops_drift_tests.serving.log.samples import SECOND, request


def main(folder, worker, start_time):
    """Appends without end, and writes the id of what is in the log to standard output."""
    log = LogWriter(Path(folder), worker, max_bytes=20_000)
    for number in count():
        log.append(request(f"{worker}-{number}", int(start_time) * SECOND + number))
        os.write(1, f"{worker}-{number}\n".encode())
        if number % 50 == 0:
            log.sync()


if __name__ == "__main__":
    main(*sys.argv[1:])
