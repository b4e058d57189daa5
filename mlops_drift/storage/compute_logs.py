"""What steps print: kept in files, and shown where it is printed as it comes."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import TextIO

from dagster._core.execution.compute_logs import redirect_to_file
from dagster._core.storage.compute_log_manager import CapturedLogContext, ComputeIOType
from dagster._core.storage.local_compute_log_manager import (
    IO_TYPE_EXTENSION,
    LocalComputeLogManager,
)
from dagster._serdes import ConfigurableClassData
from dagster._utils import ensure_file, touch_file

from mlops_drift.storage.fitting import require_fitting

SECONDS_BETWEEN_LOOKS = 0.1


class CapturedOutput(LocalComputeLogManager):
    """Dagster's files of what steps print, shown by threads.

    Dagster starts `tail` and an interpreter that watches it, twice for every run: as much work as
    a short step.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data=inst_data)
        require_fitting(CapturedOutput, LocalComputeLogManager, ["capture_logs"])

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogContext]:
        with ExitStack() as captured:
            for stream, kind in (
                (sys.stdout, ComputeIOType.STDOUT),
                (sys.stderr, ComputeIOType.STDERR),
            ):
                path = self.get_captured_local_path(log_key, IO_TYPE_EXTENSION[kind])
                ensure_file(path)
                captured.enter_context(shown(Path(path), stream))
                captured.enter_context(redirect_to_file(stream, path))
            yield CapturedLogContext(log_key)
        touch_file(self.get_captured_local_path(log_key, "complete"))


@contextmanager
def shown(path: Path, stream: TextIO) -> Iterator[None]:
    """Copies what is written into a file to where a stream leads now, all of it by the end."""
    try:
        target = os.dup(stream.fileno())
    except (AttributeError, OSError):
        # A stream without a file is not redirected either.
        yield
        return
    ended = Event()

    def copy() -> None:
        # Nobody may be there to read, as after `| head`.
        with suppress(OSError), os.fdopen(target, "wb") as terminal, path.open("rb") as written:
            is_last = False
            while not is_last:
                is_last = ended.wait(SECONDS_BETWEEN_LOOKS)
                shutil.copyfileobj(written, terminal)
                terminal.flush()

    thread = Thread(target=copy, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
