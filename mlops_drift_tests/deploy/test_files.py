"""The files of `deploy`: current, valid, and about what is there."""

import json
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from mlops_drift.cli.main import main
from mlops_drift.exporter import metrics
from mlops_drift.project import CHECKOUT
from mlops_drift_tests.deploy.promtool import DASHBOARDS, FOLDER, needs, rules

GUIDE = (CHECKOUT / "docs" / "guide" / "monitoring.md").read_text()
COMPOSE = yaml.safe_load((CHECKOUT / "deploy" / "compose.yaml").read_text())


def test_dashboards_and_alerts_are_current(tmp_path):
    subprocess.run([sys.executable, FOLDER / "generate.py", tmp_path], check=True)
    written = sorted(tmp_path.iterdir())
    assert [file.name for file in written] == ["alerts.yaml", "models.json", "service.json"]
    for file in written:
        assert (FOLDER / file.name).read_text() == file.read_text(), "run: make docs"


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_panel_says_what_it_shows_and_what_it_lacks(name):
    content = json.loads((FOLDER / name).read_text())
    panels = [panel for panel in content["panels"] if panel["type"] != "row"]
    assert panels
    for panel in panels:
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["noValue"] == "no data"
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in content["panels"]}
    assert len(places) == len(content["panels"])


def test_the_guide_has_the_metrics_of_the_exporter_as_they_are_declared():
    for metric in (*metrics.OF_MODELS, metrics.DISK_FREE, metrics.DISK_SIZE):
        labels = ", ".join(metric.labels)
        assert f"| `{metric.name}` | {labels} | {metric.about} |" in GUIDE


def test_the_guide_has_every_alert():
    assert set(re.findall(r"^\| `(MlopsDrift\w+)`", GUIDE, re.MULTILINE)) == set(rules())
    assert {rule["annotations"]["docs"] for rule in rules().values()} == {
        "docs/guide/monitoring.md#alerts"
    }
    assert "\n## Alerts\n" in GUIDE


@needs("promtool", "amtool")
def test_prometheus_and_alertmanager_accept_their_files():
    for command in (
        ("promtool", "check", "rules", FOLDER / "alerts.yaml"),
        ("promtool", "check", "config", FOLDER / "prometheus.yaml"),
        ("amtool", "check-config", FOLDER / "alertmanager.yaml"),
    ):
        ran = subprocess.run(command, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr


def mounts():
    """Source and target of every file that a container sees."""
    for service in COMPOSE["services"].values():
        for mount in service.get("volumes", []):
            if isinstance(mount, dict):
                yield re.sub(r"\$\{\w+:-(.*)\}", r"\1", mount["source"]), mount["target"]
            else:
                yield mount.split(":")[:2]


def test_everything_that_compose_mounts_is_there():
    files = [source for source, _ in mounts() if source.startswith(".")]
    assert files
    for file in files:
        assert (CHECKOUT / "deploy" / file).exists(), file
    volumes = {source for source, _ in mounts() if not source.startswith(".")}
    assert volumes == set(COMPOSE["volumes"])


def test_what_the_image_copies_is_there():
    text = (CHECKOUT / "deploy" / "Dockerfile").read_text()
    let_in = (CHECKOUT / "deploy" / "Dockerfile.dockerignore").read_text().splitlines()
    copied = [
        name for line in re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE) for name in line.split()
    ]
    assert "requirements.lock" in copied
    for name in copied:
        assert (CHECKOUT / name).exists(), name
        assert f"!{name}" in let_in


def commands():
    services = COMPOSE["services"].items()
    return {name: one["command"] for name, one in services if one.get("image") == "mlops_drift"}


@pytest.mark.parametrize("name", commands())
def test_every_command_of_compose_exists_with_its_options(name, request):
    program, *words = commands()[name]
    assert shutil.which(program)
    if program != "mlops-drift":
        return
    command = main.commands[words[0]]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_the_addresses_of_compose_are_those_that_prometheus_and_grafana_ask():
    services = COMPOSE["services"]
    ports = {name: one["command"][-1] for name, one in services.items() if "command" in one}
    prometheus = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())
    for job in prometheus["scrape_configs"]:
        [target] = job["static_configs"][0]["targets"]
        assert target == f"{job['job_name']}:{ports[job['job_name']]}"
    [manager] = prometheus["alerting"]["alertmanagers"]
    assert manager["static_configs"][0]["targets"] == ["alertmanager:9093"]
    sources = yaml.safe_load((FOLDER / "grafana" / "datasources.yaml").read_text())
    assert sources["datasources"][0]["url"] == "http://prometheus:9090"
    providers = yaml.safe_load((FOLDER / "grafana" / "dashboards.yaml").read_text())
    folder = providers["providers"][0]["options"]["path"]
    assert {target for _, target in mounts() if target.endswith(".json")} == {
        f"{folder}/{name}" for name in DASHBOARDS
    }


def test_only_this_machine_reaches_the_ports_of_compose():
    ports = [port for one in COMPOSE["services"].values() for port in one.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
