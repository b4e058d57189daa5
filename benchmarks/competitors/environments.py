"""An environment of its own for every tool, and its scripts run in it as child processes."""

import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_FOLDER = Path("~/.cache/mlops_drift/benchmarks")

# The tool itself, what it needs to run at all, and what decides about its speed.
REQUIREMENTS = {
    "evidently": ["evidently==0.7.23", "pandas==2.3.3", "numpy==2.4.6", "scipy==1.17.1"],
    "nannyml": [
        "nannyml==0.13.1",
        "statsmodels==0.15.0",
        "pandas==2.3.3",
        "numpy==2.4.6",
        "scipy==1.17.1",
    ],
}

# Reporting of usage over the network would be measured as well.
_QUIET = {"DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1"}

_HERE = Path(__file__).parent


class ToolError(RuntimeError):
    """A measured process failed."""


@dataclass(frozen=True)
class Answer:
    """What a measured process did.

    Attributes:
        result: whatever its script returned.
        seconds: its work without imports.
        cpu_seconds: the same, of all its threads on processors.
        seconds_in_all: from starting the process to its end.
        megabytes: its peak resident memory.
    """

    result: Any
    seconds: float
    cpu_seconds: float
    seconds_in_all: float
    megabytes: float


def python_of(tool: str, folder: Path) -> Path:
    """The interpreter of a tool's environment, which is made first where it is missing.

    Raises:
        ToolError: pip could not install the tool.
    """
    home = folder.expanduser() / tool
    python = home / "bin" / "python"
    made_of = home / "requirements.json"
    if made_of.exists() and json.loads(made_of.read_text()) == REQUIREMENTS[tool]:
        return python
    venv.create(home, with_pip=True, clear=True)
    install = [str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS[tool]]
    done = subprocess.run(install, capture_output=True, text=True)
    if done.returncode:
        raise ToolError(f"pip cannot install {tool}: {done.stderr[-2000:]}")
    made_of.write_text(json.dumps(REQUIREMENTS[tool]))
    return python


def run(
    script: str,
    task: Mapping[str, Any],
    python: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> Answer:
    """Runs a script of this folder in a child process.

    Args:
        script: name of the script, without its ending.
        task: what the script needs, JSON-safe.
        python: the interpreter; the one that runs this without it.
        variables: of the environment, beside those of this process.

    Raises:
        ToolError: the script failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        task_file, answer_file = Path(folder, "task.json"), Path(folder, "answer.json")
        task_file.write_text(json.dumps(task))
        files = [_HERE / f"{script}.py", task_file, answer_file]
        command = [str(python or sys.executable), *map(str, files)]
        environment = {**os.environ, **_QUIET, **(variables or {})}
        begun = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        in_all = time.perf_counter() - begun
        if done.returncode:
            raise ToolError(f"{script} failed: {done.stderr[-2000:]}")
        answer = json.loads(answer_file.read_text())
    return Answer(**answer, seconds_in_all=in_all)
