"""A real service in processes of its own, over versions that a test publishes.

python -m mlops_drift_tests.serving.real_service ROOT PORT WORKERS MODEL...
"""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import msgspec

from mlops_drift import project
from mlops_drift.serving.deployment import (
    COMPILED,
    CURRENT,
    DESCRIPTION,
    PUBLISHER,
    REMEDY,
    SAMPLE,
    VERSIONS,
    Current,
    PublisherState,
    Sample,
    write,
)
from mlops_drift.serving.description import Description, ServedTarget, SourceColumn
from mlops_drift.serving.records import ModelAnswer
from mlops_drift.store.write_once import write_folder

DEADLINE_SECONDS = 60
ROW = {"id": "a", "x": 0.5, "count": 2, "flag": True, "city": "rome"}
COLUMNS = {"x": "number", "count": "integer", "flag": "boolean", "city": "category"}


def publish(folder, version, name="towns", rules=None):
    """Lets a version of trees serve from now on; versions differ in what they predict."""
    # These take long to import, and the service itself needs none of them.
    from mlops_drift.learning.compiled.scorer import CompiledScorer
    from mlops_drift_tests.learning.compiled.forms import form

    trees = replace(form(0), weights=(1.0, 1.0 + version))
    scored = CompiledScorer(trees).score([{name: ROW[name] for name in COLUMNS}])
    description = Description(
        name=name,
        key="id",
        key_type="text",
        columns={name: SourceColumn(kind) for name, kind in COLUMNS.items()},
        target=ServedTarget("y", "binary", ("good", "bad"), "good"),
        example=ROW,
        rules=rules,
    )
    files = {
        DESCRIPTION: msgspec.json.encode(description),
        COMPILED: msgspec.json.encode(trees.to_plain()),
        SAMPLE: msgspec.json.encode(Sample([ROW], [ModelAnswer(*one) for one in scored])),
    }
    now = int(1e6 * time.time())
    place = folder / name / VERSIONS / str(version)
    if not place.exists():
        write_folder(place, files, {}, REMEDY)
    write(folder / name / CURRENT, Current(str(version), version, now, now))
    write(folder / name / PUBLISHER, PublisherState(now))
    return {version: scored[0].score}


class RealService:
    """A service that runs, until it is ended."""

    def __init__(self, root, workers=1, models=("towns",), port=0):
        if not port:
            with socket.socket() as taken:
                taken.bind(("127.0.0.1", 0))
                port = taken.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        arguments = [str(root), str(port), str(workers), *models]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mlops_drift_tests.serving.real_service", *arguments],
            env={**os.environ, "PYTHONPATH": str(project.CHECKOUT)},
        )

    def wait(self):
        """Waits until it is ready."""
        end = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < end:
            try:
                if httpx.get(f"{self.url}/ready").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise TimeoutError("the service was not ready in time")

    def worker_pids(self):
        """The processes that answer."""
        of = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        pids = [int(pid) for pid in Path(of).read_text().split()]
        lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids}
        return [pid for pid, line in lines.items() if b"spawn_main" in line]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(DEADLINE_SECONDS)


@contextmanager
def real_service(root, **options):
    """A service that is ready, over what was published below a folder."""
    service = RealService(root, **options)
    try:
        service.wait()
        yield service
    finally:
        service.end()


def main(root, port, workers, *models):
    from mlops_drift.serving.options import Options
    from mlops_drift.serving.run import bound, run

    options = Options(root, list(models), min_free_mb=1, segment_seconds=1.0)
    run(options, *bound("127.0.0.1", int(port), int(workers)))


if __name__ == "__main__":
    main(*sys.argv[1:])
