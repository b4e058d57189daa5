"""What Prometheus gets when it scrapes."""

import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from mlops_drift.exporter import metrics
from mlops_drift.exporter.collector import ModelsCollector
from mlops_drift.exporter.reading import ModelReading
from mlops_drift_tests.exporter import judged_model as tiny


@pytest.fixture
def stores(lake):
    specs = [tiny.tiny_spec(), tiny.tiny_spec(name="other")]
    return {spec.name: (spec, tiny.store_of(spec, lake)) for spec in specs}


@pytest.fixture
def reports():
    return []


@pytest.fixture
def scrape(stores, reports, tmp_path):
    """Scrapes once: the samples by name and labels."""
    readings = {name: ModelReading(*about) for name, about in stores.items()}
    registry = CollectorRegistry()
    registry.register(ModelsCollector(readings, tmp_path, reports.append))

    def once():
        families = text_string_to_metric_families(generate_latest(registry).decode())
        samples = [sample for family in families for sample in family.samples]
        return {(one.name, *one.labels.values()): one.value for one in samples}

    return once


def test_every_metric_is_exported_with_the_labels_that_it_declares(scrape, stores):
    tiny.fill(stores["tiny"][1])
    found = scrape()
    for metric in (*metrics.OF_MODELS, metrics.DISK_FREE, metrics.DISK_SIZE):
        labels = [key[1:] for key in found if key[0] == metric.name]
        assert labels, metric.name
        assert all(len(values) == len(metric.labels) for values in labels)
    assert 0 < found[metrics.DISK_FREE.name,] < found[metrics.DISK_SIZE.name,]


def test_a_model_whose_tables_cannot_be_read_hides_no_other(scrape, stores, reports, lake):
    for _, store in stores.values():
        tiny.fill(store)
    before = scrape()
    assert before[metrics.UP.name, "tiny"] == before[metrics.UP.name, "other"] == 1
    log = max(Path(lake.root).glob("monitoring/tiny_checks/_delta_log/*.json"))
    content = log.read_bytes()
    # Another file in its place: the table is opened anew.
    log.unlink()
    log.write_bytes(b"no commit")
    for _ in range(2):
        during = scrape()
        assert during[metrics.UP.name, "tiny"] == 0
        assert [key for key in during if "tiny" in key] == [(metrics.UP.name, "tiny")]
        assert {key for key in during if "other" in key} == {
            key for key in before if "other" in key
        }
    [report] = reports
    assert report.startswith("tiny: ")
    assert "monitoring/tiny_checks" in report
    log.write_bytes(content)
    assert scrape().keys() == before.keys()
    assert reports[1:] == ["tiny: its tables can be read again"]


def test_the_exporter_needs_none_of_the_large_libraries():
    code = (
        "import sys; import mlops_drift.exporter.collector, mlops_drift.exporter.server; "
        "print([one for one in ('dagster', 'mlflow', 'sklearn') "
        "if one in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
