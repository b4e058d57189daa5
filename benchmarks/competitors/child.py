"""What every measured process does: take a task as JSON, time itself, write its answer as JSON.

Standard library only, because it runs in the environments of the other tools as well.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Task = dict[str, Any]


def peak_megabytes() -> float:
    """The largest resident memory that this process had so far."""
    status = Path("/proc/self/status")
    if status.exists():
        # The peak of getrusage survives exec, so that a large parent would be counted as well.
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def answer(work: Callable[[Task], Any]) -> None:
    """Does the task in the file named first and writes the answer to the file named second.

    The answer has the `result` of the work, its `seconds` and seconds of processors (whatever was
    imported before this call is left out), and the `megabytes` that the process took at its peak,
    imports included.
    """
    task_file, answer_file = map(Path, sys.argv[1:3])
    task = json.loads(task_file.read_text())
    begun, begun_cpu = time.perf_counter(), time.process_time()
    result = work(task)
    measured = {
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": time.process_time() - begun_cpu,
        "megabytes": peak_megabytes(),
    }
    answer_file.write_text(json.dumps({"result": result, **measured}))
