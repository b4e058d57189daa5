"""The command `serve`: workers that answer requests, and a publisher beside them."""

import contextlib
import os
import select
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from mlops_drift.cli.common import require_trained
from mlops_drift.cli.errors import Trouble

if TYPE_CHECKING:
    from mlops_drift.serving.options import Durability

PUBLISHER = "mlops_drift.cli.publisher"
# A publisher that ended is started again after so many seconds.
AGAIN_SECONDS = 2.0
# One of which nothing was heard for so many hangs: to prove a query on large tables may take long.
SILENT_SECONDS = 3600.0
# So many has one to end, before it is killed.
END_SECONDS = 10.0


@click.command()
@click.argument("models", nargs=-1, required=True)
@click.option("--host", default="127.0.0.1", help="Address to listen on; loopback by default.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, help="Port; 0 for any.")
@click.option("--workers", type=click.IntRange(1), default=1, help="Processes that answer.")
@click.option(
    "--durability",
    type=click.Choice(["process", "fsync"]),
    default="process",
    help="What a record outlives before its request is answered: the death of the process, or, "
    "with fsync, of the machine.",
)
@click.option(
    "--min-free-mb",
    type=click.IntRange(1),
    default=200,
    help="With less space on the disk requests are not answered.",
)
@click.option(
    "--segment-seconds",
    type=click.FloatRange(0, min_open=True),
    default=60.0,
    help="After so many seconds answers are handed over to the next day that runs.",
)
def serve(
    models: tuple[str, ...],
    host: str,
    port: int,
    workers: int,
    durability: "Durability",
    min_free_mb: int,
    segment_seconds: float,
) -> None:
    """Answer requests by the champions of MODELS, and log every answer.

    A client shows the token in MLOPS_DRIFT_SERVE_TOKEN, if that is set.
    """
    try:
        from mlops_drift.serving.options import Options
        from mlops_drift.serving.run import bound, run
    except ImportError as error:
        raise Trouble(f"serve needs {error.name}: pip install 'mlops_drift[serve]'") from error
    from mlops_drift.settings import definition_folders, serving_root

    for name in models:
        files = [folder / name / "defs.yaml" for folder in definition_folders()]
        there = [file for file in files if file.is_file()]
        # The publisher reads them; to do so here too would keep everyone waiting.
        if not there or any(b"external" in file.read_bytes() for file in there):
            from mlops_drift.config.loading import find_model

            require_trained(find_model(name).spec)
    options = Options(str(serving_root()), list(models), durability, min_free_mb, segment_seconds)
    try:
        config, listening = bound(host, port, workers)
    except SystemExit as error:
        raise Trouble(
            f"nothing can listen at {host}, port {port}: choose another --port"
        ) from error
    with _publishing(models):
        shown = f"[{host}]" if ":" in host else host
        at = f"http://{shown}:{listening.getsockname()[1]}"
        click.echo(f"{', '.join(models)} at {at}, documentation at {at}/docs; Ctrl-C ends it")
        run(options, config, listening)


@contextlib.contextmanager
def _publishing(models: tuple[str, ...]) -> Iterator[None]:
    """A publisher beside the workers, started again if it ends or hangs."""
    ended = threading.Event()

    def keep() -> None:
        # Workers that answer come first.
        nice = ["nice"] if shutil.which("nice") else []
        command = [*nice, sys.executable, "-W", "ignore", "-m", PUBLISHER, *models]
        while not ended.is_set():
            publish(command, ended)
            ended.wait(AGAIN_SECONDS)

    thread = threading.Thread(target=keep)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def publish(command: list[str], ended: threading.Event) -> None:
    """Runs a publisher, until it ends, is not heard of for long, or shall end."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as publisher:
        assert publisher.stdout is not None
        heard = time.monotonic()
        while publisher.poll() is None and not ended.wait(0.2):
            if select.select([publisher.stdout], [], [], 0)[0]:
                os.read(publisher.stdout.fileno(), 4096)
                heard = time.monotonic()
            elif time.monotonic() - heard >= SILENT_SECONDS:
                break
        try:
            # It ends when its stdin does.
            publisher.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            publisher.kill()
