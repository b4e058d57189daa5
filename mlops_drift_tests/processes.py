"""Runs functions in several processes at the same moment, and starts processes fast."""

import json
import os
import pickle
import subprocess
import sys
import tempfile
import traceback
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver, get_context
from pathlib import Path

WORKERS = 4
# What they import once: on Linux they are forks of a process that has done nothing else.
PRELOADED = [
    "mlflow.sklearn",
    "mlflow.store.model_registry.sqlalchemy_store",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlops_drift.definitions",
    "mlops_drift.learning.model",
    "mlops_drift.simulation.backtest",
    "mlops_drift_tests.conftest",
]
_barriers = {}


def _set_up(barriers):
    _barriers.update(barriers)


def meet(parties):
    """Waits, in a process, until as many processes have come here."""
    _barriers[parties].wait(timeout=60)


class Processes:
    """Up to four processes that are started once and stay."""

    def __init__(self):
        self._context = context = get_context("forkserver" if sys.platform == "linux" else "spawn")
        if sys.platform == "linux":
            context.set_forkserver_preload(PRELOADED)
            # A process has one such server: the first to start it says what it imports.
            forkserver.ensure_running()
        barriers = {parties: context.Barrier(parties) for parties in range(2, WORKERS + 1)}
        self._pool = ProcessPoolExecutor(WORKERS, context, _set_up, (barriers,))

    def run_alone(self, function, *arguments):
        """Calls a function in a new process, which may die of it; the code that it ends with."""
        process = self._context.Process(target=function, args=arguments)
        process.start()
        process.join()
        return process.exitcode

    def run(self, function, *arguments):
        """Calls a function once for each tuple of arguments, each in a process of its own.

        The function calls `meet(parties)` when it is ready: nobody goes on before all are there.
        """
        return [future.result() for future in [self._pool.submit(function, *a) for a in arguments]]

    def close(self):
        """Ends the processes."""
        self._pool.shutdown()


def serve():
    """Predicts by stored models as it is told to by a pipe, each time in a fork of this process."""
    import lightgbm  # noqa: F401
    import sklearn.ensemble  # noqa: F401

    from mlops_drift.registry.fresh_process import main

    _predict_once(main)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            arguments, errors = json.loads(line)
            try:
                main(*arguments)
            except BaseException:
                Path(errors).write_text(traceback.format_exc())
                os._exit(1)
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201


def _predict_once(main):
    """Predicts by a model of nothing, for which libraries import what they import late."""
    import pandas as pd
    from pyarrow import feather
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from mlops_drift.schema.columns import Target

    rows = pd.DataFrame({"x": [0.0, 1.0]})
    target = Target(column="y", kind="binary", classes=["no", "yes"], positive="yes")
    with tempfile.TemporaryDirectory() as folder:
        model, features = Path(folder) / "model.pkl", str(Path(folder) / "rows.arrow")
        model.write_bytes(
            pickle.dumps(make_pipeline(LogisticRegression()).fit(rows, ["no", "yes"]))
        )
        feather.write_feather(rows, features)
        main(str(model), target.model_dump_json(), features, str(Path(folder) / "out.arrow"))


class FreshProcesses:
    """Processes that predict by a stored model, in place of `stored_model.run_apart`.

    Each is a fork of one that has imported the libraries and has loaded no model of a test: a new
    process without the seconds of its imports.
    """

    def __init__(self):
        self._server = None

    def run(self, arguments):
        """Predicts in a new process."""
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", f"from {__name__} import serve; serve()"],
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
            self._server.communicate()
