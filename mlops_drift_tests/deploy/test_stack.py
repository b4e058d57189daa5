"""The dashboards and alerts with a real Prometheus, a real exporter and a real Alertmanager."""

import json
import re

import pytest

from mlops_drift.exporter import metrics
from mlops_drift.gateways import open_lake
from mlops_drift.project import CHECKOUT
from mlops_drift_tests.deploy.promtool import DASHBOARDS, FOLDER, needs, rules
from mlops_drift_tests.deploy.stack import started, wait_for
from mlops_drift_tests.exporter import judged_model
from mlops_drift_tests.tiny import World

pytestmark = needs("prometheus", "prometheus-alertmanager")

# One that has ended, one that goes on, and one that never ran.
ENDED, GOES_ON, IDLE = "tiny", "shop", "idle"
# What Grafana puts into an expression.
VARIABLES = {"$model": ".+", "$__rate_interval": "5s"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    root = tmp_path_factory.mktemp("stack")
    world = World(root)
    world.write_model(name=ENDED)
    world.write_model({"end_date": ...}, name=GOES_ON)
    world.write_model(name=IDLE)
    with world.active():
        for model in (ENDED, GOES_ON):
            with open_lake() as lake:
                judged_model.fill(judged_model.store_of(world.spec(model), lake))
        with started(root, [ENDED, GOES_ON, IDLE], served=ENDED) as found:
            yield found


def expressions():
    """Every expression of dashboards and alerts with where it stands; of an alert its value."""
    for name in DASHBOARDS:
        content = json.loads((FOLDER / name).read_text())
        for panel in content["panels"]:
            for target in panel.get("targets", []):
                text = target["expr"]
                for variable, value in VARIABLES.items():
                    text = text.replace(variable, value)
                assert "$" not in text
                yield f"{name}: {panel['title']} {target['refId']}", text
        for variable in content["templating"]["list"]:
            if found := re.fullmatch(r"label_values\((\w+), model\)", variable["query"]):
                yield f"{name}: variable {variable['name']}", found[1]
    for name, rule in rules().items():
        yield name, re.fullmatch(r"(\(.*\)) [<>=]+ [0-9.]+", rule["expr"])[1]


def test_every_expression_of_dashboards_and_alerts_has_data(stack):
    waiting = dict(expressions())
    assert len(waiting) > 40

    def all_have_data():
        for where, text in list(waiting.items()):
            if stack.query(text):
                del waiting[where]
        return not waiting

    try:
        wait_for(all_have_data, "data")
    except TimeoutError:
        pytest.fail(f"without data: {waiting}")


def test_the_rules_are_loaded_and_evaluated_without_an_error(stack):
    def evaluated():
        found = [rule for group in stack.ask("rules")["groups"] for rule in group["rules"]]
        return found if all(rule["health"] != "unknown" for rule in found) else None

    found = wait_for(evaluated, "evaluated rules")
    assert {rule["name"] for rule in found} == set(rules())
    assert [rule for rule in found if rule["health"] != "ok"] == []


def documented(heading):
    """The metrics of a section of the guide: their labels by name."""
    text = (CHECKOUT / "docs" / "guide" / "monitoring.md").read_text()
    section = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(mlops_drift_\w+)` \| (.*?) \|", section, re.MULTILINE)
    return {name: set(re.findall(r"\w+", labels)) for name, labels in rows}


@pytest.mark.parametrize("job", ["service", "exporter"])
def test_the_guide_has_every_metric_with_its_labels(stack, job):
    series = stack.ask("series", **{"match[]": f'{{__name__=~"mlops_drift_.+", job="{job}"}}'})
    found = {}
    for one in series:
        name = re.sub(r"(_duration_seconds)_(bucket|count|sum)$", r"\1", one["__name__"])
        found.setdefault(name, set()).update(set(one) - {"__name__", "job", "instance", "le"})
    assert documented(f"Metrics of the {job}") == found


def test_a_failed_check_is_received_as_an_alert_with_its_numbers(stack):
    alert = wait_for(lambda: stack.alerts().get("MlopsDriftDrift"), "an alert of drift")
    assert alert["labels"]["check"] == "feature_drift"
    assert alert["annotations"]["summary"].endswith("beyond their limits: a (0.4, 1 days)")
    assert stack.query(f'{metrics.CHECK_STATUS.name}{{check="label_drift"}} == 1')


def test_a_service_that_dies_is_received_as_an_alert(stack):
    service = stack.processes["service"]
    service.kill()
    service.wait()
    alert = wait_for(lambda: stack.alerts().get("MlopsDriftServiceDown"), "an alert")
    assert alert["labels"]["severity"] == "critical"
    assert "does not answer" in alert["annotations"]["summary"]


def test_the_exporter_says_where_it_listens_and_ends_when_it_is_asked_to(stack):
    exporter = stack.processes["exporter"]
    exporter.terminate()
    assert exporter.wait(timeout=30) == 0
    [line] = stack.log("exporter").splitlines()
    address = f"http://127.0.0.1:{stack.ports['exporter']}/metrics"
    assert line.endswith(f"{address} has the metrics of idle, shop, tiny")
