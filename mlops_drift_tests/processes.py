"""Runs functions in several processes at the same moment, and starts processes fast."""

import os
import subprocess
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

WORKERS = 4
# What takes longer hangs.
DEADLINE_SECONDS = 600
# What they import once: on Linux they are forks of a process that has done nothing else.
PRELOADED = [
    "lightgbm",
    "mlflow.sklearn",
    "mlflow.store.model_registry.sqlalchemy_store",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlops_drift.definitions",
    "mlops_drift.learning.model",
    "mlops_drift.registry.fresh_process",
    "mlops_drift_tests.conftest",
    "sklearn.ensemble",
]
_barriers = {}


def _set_up(barriers):
    _barriers.update(barriers)


def meet(parties):
    """Waits, in a process, until as many processes have come here."""
    _barriers[parties].wait(timeout=60)


def fresh_processes():
    """The context of processes that start fast, and have done nothing but import."""
    context = get_context("forkserver" if sys.platform == "linux" else "spawn")
    if sys.platform == "linux":
        context.set_forkserver_preload(PRELOADED)
    return context


def run_alone(function, *arguments):
    """Calls a function in a new process, which may die of it; the code that it ends with."""
    process = fresh_processes().Process(target=function, args=arguments)
    process.start()
    process.join(DEADLINE_SECONDS)
    if process.exitcode is None:
        process.kill()
        raise TimeoutError(f"{function.__name__} has not ended after {DEADLINE_SECONDS} seconds")
    return process.exitcode


class Processes:
    """Up to four processes that are started once and stay."""

    def __init__(self):
        context = fresh_processes()
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


def predict_apart(arguments):
    """Predicts by a stored model in a new process, in place of `stored_model.run_apart`.

    It is a fork of one that has imported the libraries and has loaded no model: a new process
    without the seconds of its imports.
    """
    errors = Path(f"{arguments[-1]}.errors")
    status = run_alone(_predict, arguments, errors)
    stderr = errors.read_text() if errors.exists() else ""
    return subprocess.CompletedProcess(arguments, status, "", stderr)


def _predict(arguments, errors):
    from mlops_drift.registry.fresh_process import main

    try:
        main(*arguments)
    except BaseException:
        errors.write_text(traceback.format_exc())
        os._exit(1)
