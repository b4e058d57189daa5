"""Prometheus and Alertmanager, as shipped, beside an exporter and a service."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import httpx
import yaml

from mlops_drift import project
from mlops_drift.schema.columns import Column
from mlops_drift.serving.rules.config import FallbackRules
from mlops_drift_tests.deploy.promtool import FOLDER, shipped
from mlops_drift_tests.learning.samples import BINARY
from mlops_drift_tests.receiver import Listener
from mlops_drift_tests.serving.real_service import COLUMNS, ROW, publish

DEADLINE_SECONDS = 120
# In place of ten seconds, so that a test need not wait for them.
INTERVAL = "1s"


class AlertReceiver(Listener):
    """Takes what Alertmanager posts, and keeps the alerts of each message."""

    scheme = "http"

    def read(self, path, headers, body):
        message = json.loads(body)
        return message["groupKey"], message["alerts"]


@dataclass
class Stack:
    """What runs: the processes by name, where they answer, and the folder of their logs."""

    folder: Path
    ports: dict
    processes: dict
    receiver: AlertReceiver

    def ask(self, path, **parameters):
        """What the API of Prometheus answers."""
        address = f"http://127.0.0.1:{self.ports['prometheus']}/api/v1/{path}"
        with urlopen(f"{address}?{urlencode(parameters, doseq=True)}", timeout=10) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        """The series of an expression now."""
        return self.ask("query", query=expression)["result"]

    def log(self, name):
        """What a process has printed."""
        return (self.folder / f"{name}.log").read_text()

    def alerts(self):
        """The firing alerts that were received, by name the last one of each."""
        received = [alert for alerts in list(self.receiver.posts) for alert in alerts]
        firing = [alert for alert in received if alert["status"] == "firing"]
        return {alert["labels"]["alertname"]: alert for alert in firing}


def wait_for(condition, what):
    """Waits until a condition gives something, and gives that."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: nothing in {DEADLINE_SECONDS} seconds")
        time.sleep(0.1)
    return found


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def running(log, *command):
    """A process that ends with the block."""
    env = {**os.environ, "PYTHONPATH": str(project.CHECKOUT)}
    with log.open("wb") as output:
        process = subprocess.Popen([*map(str, command)], stdout=output, stderr=output, env=env)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=DEADLINE_SECONDS)


# Answers in place of the version where x is large.
RULES = FallbackRules.model_validate(
    {"conditions": [{"x": {"above": 100}}], "answers": [{"answer": "good"}]}
)
# A model that is served, and has no version.
UNBORN = "unborn"


def service(root, port, model):
    """The command that serves a model, and one that has no version yet."""
    columns = {name: Column(type=kind) for name, kind in COLUMNS.items()}
    publish(root, 1, model, RULES.plain(columns, BINARY))
    module = "mlops_drift_tests.serving.real_service"
    return sys.executable, "-m", module, root, port, 2, model, UNBORN


@contextmanager
def asked(port, model):
    """Requests of every outcome, until the block ends."""
    ended, url = threading.Event(), f"http://127.0.0.1:{port}/models"
    rows = [ROW, {**ROW, "x": 200.0}, {**ROW, "x": "no number"}, {**ROW, "further": 1}]

    def ask():
        while not ended.wait(0.02):
            # It may be starting, or be killed by a test.
            with suppress(httpx.TransportError):
                for row in rows:
                    httpx.post(f"{url}/{model}/predict", json=row)
                httpx.post(f"{url}/{UNBORN}/predict", json=ROW)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def exporter(port, models):
    """The command that serves the metrics of models."""
    main = "from mlops_drift.cli.main import main; main()"
    return sys.executable, "-c", main, "exporter", *models, "--port", port


def write_configuration(folder, ports, receiver):
    """The shipped files with short intervals, and the addresses of this machine."""
    places = {
        "service:8000": "service",
        "exporter:9109": "exporter",
        "alertmanager:9093": "alertmanager",
    }
    texts = {name: (FOLDER / name).read_text() for name in ("prometheus.yaml", "alerts.yaml")}
    for place, name in places.items():
        texts["prometheus.yaml"] = texts["prometheus.yaml"].replace(
            place, f"127.0.0.1:{ports[name]}"
        )
    for name, text in texts.items():
        (folder / name).write_text(re.sub(r"\b(10s|5s)$", INTERVAL, text, flags=re.MULTILINE))
    content = shipped("alertmanager.yaml")
    content["route"] |= {"group_wait": "0s", "group_interval": INTERVAL}
    content["receivers"][0]["webhook_configs"] = [{"url": receiver.url}]
    (folder / "alertmanager.yaml").write_text(yaml.safe_dump(content))


@contextmanager
def started(folder, models, served):
    """Everything, once it answers; the service serves one of the models."""
    ports = {one: free_port() for one in ("service", "exporter", "prometheus", "alertmanager")}
    receiver = AlertReceiver()
    write_configuration(folder, ports, receiver)
    commands = {
        "exporter": exporter(ports["exporter"], models),
        "service": service(folder / "serving", ports["service"], served),
        "alertmanager": (
            "prometheus-alertmanager",
            f"--config.file={folder / 'alertmanager.yaml'}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{ports['alertmanager']}",
            "--cluster.listen-address=",
        ),
        "prometheus": (
            "prometheus",
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{ports['prometheus']}",
        ),
    }
    with ExitStack() as stack:
        stack.callback(receiver.down)
        processes = {
            name: stack.enter_context(running(folder / f"{name}.log", *command))
            for name, command in commands.items()
        }
        stack.enter_context(asked(ports["service"], served))
        found = Stack(folder, ports, processes, receiver)
        wait_for(lambda: _answers(found), "Prometheus and what it scrapes")
        yield found


def _answers(stack):
    try:
        up = stack.query("up == 1")
    except (URLError, ConnectionError):
        return False
    return len(up) == len(shipped("prometheus.yaml")["scrape_configs"])
