"""Runs functions in several processes at the same moment, and starts processes fast."""

import json
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

WORKERS = 4
_barriers = {}


def _set_up(barriers):
    _barriers.update(barriers)


def meet(parties):
    """Waits, in a process, until as many processes have come here."""
    _barriers[parties].wait(timeout=60)


class Processes:
    """Up to four processes that are started once and stay."""

    def __init__(self):
        context = get_context("spawn")
        barriers = {parties: context.Barrier(parties) for parties in range(2, WORKERS + 1)}
        self._pool = ProcessPoolExecutor(WORKERS, context, _set_up, (barriers,))

    def run(self, function, *arguments):
        """Calls a function once for each tuple of arguments, each in a process of its own.

        The function calls `meet(parties)` when it is ready: nobody goes on before all are there.
        """
        return [future.result() for future in [self._pool.submit(function, *a) for a in arguments]]

    def close(self):
        """Ends the processes."""
        self._pool.shutdown()


SERVER = """
import json, os, sys, traceback
import lightgbm, sklearn.compose, sklearn.ensemble, sklearn.linear_model, sklearn.pipeline
from mlops_drift.registry.fresh_process import main

for line in sys.stdin:
    child = os.fork()
    if not child:
        arguments, errors = json.loads(line)
        try:
            main(*arguments)
        except BaseException:
            with open(errors, "w") as file:
                traceback.print_exc(file=file)
            os._exit(1)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class FreshProcesses:
    """Processes that predict by a stored model, in place of `stored_model.run_apart`.

    Each is a fork of one that has imported the libraries and has done nothing else: a new process
    without the seconds of its imports.
    """

    def __init__(self):
        self._server = None

    def run(self, arguments):
        """Predicts in a new process."""
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", SERVER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
        errors = Path(f"{arguments[-1]}.errors")
        print(json.dumps([arguments, str(errors)]), file=self._server.stdin, flush=True)
        status = int(self._server.stdout.readline())
        stderr = errors.read_text() if errors.exists() else ""
        return subprocess.CompletedProcess(arguments, status, "", stderr)

    def close(self):
        """Ends the process that forks."""
        if self._server is not None:
            self._server.stdin.close()
            self._server.wait()
