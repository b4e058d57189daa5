"""Scores by a fitted pipeline in a process of its own, where all that it imports stays."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock, Timer

import msgspec

from mlops_drift.learning.compiled.base import Scored, Value
from mlops_drift.serving.description import Description
from mlops_drift.serving.records import ModelAnswer
from mlops_drift.serving.talk import read, write

# How long a process may take to import and load, and after that to answer; then another is begun.
START_SECONDS, ANSWER_SECONDS = 120.0, 10.0


class PipelineError(Exception):
    """The process of a pipeline has failed; the message is its own."""


class PipelineScorer:
    """A `RowScorer` over a pickled pipeline; rows are scored one call after another.

    A process that has ended is begun again by the next call.
    """

    def __init__(self, pickled: Path, description: Description) -> None:
        columns = [*description.columns, *description.derived]
        arguments = (msgspec.json.encode(one).decode() for one in (description.target, columns))
        self._command = [
            *(sys.executable, "-W", "ignore", "-m", "mlops_drift.serving.apart"),
            *(str(pickled), *arguments),
        ]
        self._decoder = msgspec.json.Decoder(list[ModelAnswer] | str)
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def score(self, rows: Sequence[Mapping[str, Value]]) -> list[Scored]:
        """The prediction of each row, in their order.

        Raises:
            PipelineError: if the process ends, or its pipeline fails.
        """
        if not self._lock.acquire(timeout=ANSWER_SECONDS):
            raise PipelineError("the process of the pipeline is busy with other rows")
        try:
            found = self._answer(msgspec.json.encode(rows))
        finally:
            self._lock.release()
        if isinstance(found, str):
            raise PipelineError(found)
        return [Scored(one.prediction, one.score, one.probabilities) for one in found]

    def close(self) -> None:
        """Ends the process, whatever it does."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _answer(self, question: bytes) -> list[ModelAnswer] | str:
        process, seconds = self._process, ANSWER_SECONDS
        if process is None or process.poll() is not None:
            process, seconds = self._begun(), START_SECONDS
        assert process.stdin is not None
        assert process.stdout is not None
        # Wherever it hangs, its end is that of its pipes.
        timer = Timer(seconds, process.kill)
        timer.start()
        try:
            write(process.stdin, question)
            return self._decoder.decode(read(process.stdout) or b"")
        # Whatever it may still say would be taken for the next answer.
        except Exception as error:
            process.kill()
            process.wait()
            message = "the process of the pipeline has ended, or did not answer in time"
            raise PipelineError(message) from error
        finally:
            timer.cancel()

    def _begun(self) -> subprocess.Popen[bytes]:
        # It finds the same modules as this process.
        paths = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths},
        )
        return self._process
