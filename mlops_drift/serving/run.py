"""Runs the workers of a service until a signal ends it."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from uvicorn import Config
from uvicorn.supervisors.multiprocess import Multiprocess

from mlops_drift.serving.options import METRICS_VARIABLE, VARIABLE, Options
from mlops_drift.serving.server import config_of

WORKER = "mlops_drift.serving.worker:create"


class Workers(Multiprocess):
    """Keeps workers alive; what a dead one has counted stays, what it was doing does not."""

    def keep_subprocess_alive(self) -> None:
        """Starts a worker again that has died."""
        # Whoever starts workers needs it only where one has died.
        from prometheus_client.multiprocess import mark_process_dead

        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        for gone in before - {process.pid for process in self.processes}:
            mark_process_dead(gone, os.environ[METRICS_VARIABLE])  # type: ignore[no-untyped-call]

    def terminate_all(self) -> None:
        """Ends the workers, and refuses whoever connects from now on."""
        super().terminate_all()
        for listening in self.sockets:
            listening.close()


def bound(host: str, port: int, workers: int) -> tuple[Config, socket.socket]:
    """The configuration of workers, and the socket on which all of them listen."""
    config = config_of(
        WORKER, factory=True, host=host, port=port, workers=workers, log_level="warning"
    )
    listening = config.bind_socket()
    # Whoever is given the address may connect; workers answer when they are there.
    listening.listen(config.backlog)
    return config, listening


def run(options: Options, config: Config, listening: socket.socket) -> None:
    """Answers requests until a signal ends it."""
    os.environ[VARIABLE] = msgspec.json.encode(options).decode()
    with _counted():
        Workers(config, [listening]).run()


@contextmanager
def _counted() -> Iterator[None]:
    """A folder in which the workers count together, empty at the start."""
    folder = Path(tempfile.mkdtemp(prefix="mlops-drift-metrics-"))
    os.environ[METRICS_VARIABLE] = str(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
