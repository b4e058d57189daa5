"""A single worker in this process, with its log or, to see what that costs, without.

python benchmarks/serving_worker.py ROOT PORT MODEL [--without-log]
"""

import os
import sys
import tempfile

import msgspec
import uvicorn

from mlops_drift.serving import options, worker
from mlops_drift.serving.log.writer import LogWriter
from mlops_drift.serving.records import ServedRequest
from mlops_drift.serving.server import config_of


def append_nowhere(_: LogWriter, __: ServedRequest) -> int:
    """Appends nothing."""
    return 0


def main(root: str, port: str, model: str, *further: str) -> None:
    """Answers until it is ended."""
    if "--without-log" in further:
        LogWriter.append = append_nowhere  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        given = options.Options(root, [model])
        os.environ[options.VARIABLE] = msgspec.json.encode(given).decode()
        app = worker.create()
        config = config_of(app, host="127.0.0.1", port=int(port), log_level="warning")
        uvicorn.Server(config).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
