"""A project of somebody else's: the wheel in an environment without the checkout, and dg's layout.

What `create-dagster project shop` writes is written here: that program is not among the
requirements.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import venv
from contextlib import closing, contextmanager

import requests
import yaml

from mlops_drift.project import CHECKOUT
from mlops_drift_tests.tiny import SPEC

# What takes longer hangs.
DEADLINE_SECONDS = 600

PYPROJECT = """
[project]
name = "shop"
version = "0.1.0"
requires-python = ">=3.10,<3.15"
dependencies = ["dagster"]

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "shop"
registry_modules = ["shop.components.*"]
"""

DEFINITIONS = """
from pathlib import Path

from dagster import definitions, load_from_defs_folder


@definitions
def defs():
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
"""

# An asset, resources and an executor of the shop's own. Each step is a process; what those import
# is imported once for each run.
OWN = """
import dagster as dg

print("the shop's own module was imported")


class Lake(dg.ConfigurableResource):
    water: int = 1


@dg.asset
def visits(lake: Lake, registry: Lake) -> int:
    return lake.water + registry.water


@dg.definitions
def defs():
    start = {"forkserver": {"preload_modules": ["shop.definitions", "mlflow.sklearn"]}}
    return dg.Definitions(
        assets=[visits],
        resources={"lake": Lake(), "registry": Lake(water=2)},
        executor=dg.multiprocess_executor.configured({"start_method": start, "max_concurrent": 2}),
    )
"""

# Of a component that only Dagster is to load.
OTHER = """
type: shop.components.counter.Counter
attributes: {}
"""

COUNTER = """
import dagster as dg

print("the shop's own component was imported")


class Counter(dg.Component, dg.Model, dg.Resolvable):
    def build_defs(self, context):
        return dg.Definitions()
"""


def build_wheel(folder):
    """The wheel of the checkout, made in a folder."""
    source = folder / "source"
    shutil.copytree(
        CHECKOUT / "mlops_drift",
        source / "mlops_drift",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, source)
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, "-w", folder, source],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


class OtherProject:
    """An environment with the wheel beside the libraries of this one, and a project.

    Args:
        folder: an empty folder.
        wheel: what is installed.
    """

    def __init__(self, folder, wheel):
        self.root, self.environment = folder / "shop", folder / "environment"
        self.home = folder / "home"
        self.home.mkdir()
        venv.create(self.environment, symlinks=True)
        self.python = self.environment / "bin" / "python"
        [self.packages] = self.environment.glob("lib/python*/site-packages")
        # Files like this one in that folder are not read: so an editable installation is not seen.
        libraries = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
        (self.packages / "libraries.pth").write_text("\n".join(libraries))
        options = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
        command = [sys.executable, "-m", "pip", "--python", self.python, "install", *options]
        subprocess.run([*command, wheel], check=True, capture_output=True)
        self.package = self.root / "src" / "shop"
        for name, text in {
            "pyproject.toml": PYPROJECT,
            "src/shop/__init__.py": "",
            "src/shop/definitions.py": DEFINITIONS,
            "src/shop/components/__init__.py": "",
            "src/shop/components/counter.py": COUNTER,
            "src/shop/defs/__init__.py": "",
            "src/shop/defs/own.py": OWN,
            "src/shop/defs/counter/defs.yaml": OTHER,
        }.items():
            file = self.root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def variables(self, **more):
        """The environment of its processes."""
        ours = ("MLOPS_DRIFT_", "DAGSTER_", "PYTHON", "VIRTUAL_ENV", "COV_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        kept |= {"HOME": str(self.home), "PYTHONDONTWRITEBYTECODE": "1"}
        return kept | {"DAGSTER_DISABLE_TELEMETRY": "yes", "PYTHONWARNINGS": "ignore"} | more

    def run(self, *command, at=".", **variables):
        """Runs a program of the environment in the project; what it printed."""
        done = subprocess.run(
            [self.python, *command],
            cwd=self.root / at,
            env=self.variables(**variables),
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE_SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def mlops_drift(self, *arguments, at=".", **variables):
        """Calls the command line."""
        return self.run(self.environment / "bin" / "mlops-drift", *arguments, at=at, **variables)

    def make_quick(self, model):
        """Makes a scaffolded model train and judge as fast as `tiny`."""
        file = self.package / "defs" / model / "defs.yaml"
        described = yaml.safe_load(file.read_text())
        for section in ("training", "gates", "monitors", "policy"):
            described["attributes"][section] = SPEC[section]
        file.write_text(yaml.safe_dump(described))

    def files(self):
        """Every file of the environment and the project that is not in the data folder."""
        folders = (self.environment, self.root)
        found = (file for folder in folders for file in folder.rglob("*") if file.is_file())
        data = self.root / "data"
        return {file: file.stat().st_mtime_ns for file in found if not file.is_relative_to(data)}

    @contextmanager
    def pages(self, **variables):
        """Dagster's web server over the project, as `dg dev` starts it; asks it by GraphQL."""
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        workspace = self.home / "workspace.yaml"
        module = {"module_name": "shop.definitions", "location_name": "shop"}
        module["working_directory"] = str(self.root / "src")
        workspace.write_text(yaml.safe_dump({"load_from": [{"python_module": module}]}))
        address = ["-h", "127.0.0.1", "-p", str(port), "-w", str(workspace)]
        log = (self.home / "webserver.log").open("wb")
        # From another folder than that of the project.
        server = subprocess.Popen(
            [self.python, "-m", "dagster_webserver", *address],
            cwd=self.home,
            env=self.variables(**variables),
            stdout=log,
            stderr=log,
        )
        try:
            pages = Pages(f"http://127.0.0.1:{port}/graphql")
            pages.await_start(server)
            yield pages
        finally:
            server.terminate()
            server.wait(DEADLINE_SECONDS)
            log.close()


class Pages:
    """Asks a web server of Dagster's."""

    def __init__(self, address):
        self._address = address

    def ask(self, query, **variables):
        asked = {"query": query, "variables": variables}
        answer = requests.post(self._address, json=asked, timeout=60).json()
        assert "errors" not in answer, json.dumps(answer["errors"])[:2000]
        return answer["data"]

    def await_start(self, server):
        end = time.monotonic() + DEADLINE_SECONDS
        while True:
            try:
                self.ask("{ version }")
                return
            except requests.ConnectionError:
                assert server.poll() is None
                assert time.monotonic() < end
                time.sleep(0.1)

    def launch(self, job, tags=(), config=None, assets=()):
        """Launches a run of a job, as a page does, and waits until it has succeeded; its id."""
        selector = {
            "repositoryLocationName": "shop",
            "repositoryName": "__repository__",
            "pipelineName": job,
            "assetSelection": [{"path": ["orders", name]} for name in assets] or None,
        }
        about = {"tags": list(tags)}
        asked = {"selector": selector, "executionMetadata": about, "runConfigData": config or {}}
        launched = self.ask(LAUNCH, asked=asked)["launchRun"]
        assert "run" in launched, launched
        run, end = launched["run"]["runId"], time.monotonic() + DEADLINE_SECONDS
        while True:
            found = self.ask(STATUS, run=run)
            status = found["runOrError"]["status"]
            if status == "SUCCESS":
                return run
            assert status not in ("FAILURE", "CANCELED"), _errors(found)
            assert time.monotonic() < end, status
            time.sleep(0.2)


LAUNCH = """
mutation($asked: ExecutionParams!) {
  launchRun(executionParams: $asked) {
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on InvalidSubsetError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}
"""

STATUS = """
query($run: ID!) {
  runOrError(runId: $run) { ... on Run { status } }
  logsForRun(runId: $run) { ... on EventConnection { events {
    ... on ExecutionStepFailureEvent { error { message cause { message } } }
    ... on EngineEvent { error { message } }
  } } }
}
"""


def _errors(found):
    events = found["logsForRun"]["events"]
    return json.dumps([one["error"] for one in events if one.get("error")], indent=1)
