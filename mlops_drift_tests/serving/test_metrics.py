import os
import re
import subprocess
import sys

from mlops_drift.serving.service import LoadedVersion
from mlops_drift_tests.serving.asking import Client
from mlops_drift_tests.serving.service import DESCRIPTION, ROW, Line, Young, only, served

# Two workers answer a request each, the second fails one; the last one exports all.
WORKER = """
import sys
from mlops_drift_tests.serving.asking import Client
from mlops_drift_tests.serving.service import ROW, served

client = Client(served())
client.post("/predict", ROW if sys.argv[1] == "good" else {})
print(client.get("/metrics").text)
"""


def samples(text):
    """The value of each series."""
    lines = [line for line in text.strip().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_what_a_request_does_is_counted():
    service = served(rules=Young())
    client = Client(service)
    client.post("/predict", {"rows": [ROW, ROW | {"policy_id": 8, "age": 12}]})
    client.post("/predict", {})
    found = samples(client.get("/metrics").text)
    expected = {
        'requests_total{model="drivers",outcome="ok"}': 1,
        'requests_total{model="drivers",outcome="invalid"}': 1,
        'requests_total{model="drivers",outcome="error"}': 0,
        'request_duration_seconds_count{model="drivers"}': 2,
        'predictions_total{arm="champion",model="drivers",prediction="no",served_by="MODEL"}': 1,
        'predictions_total{arm="champion",model="drivers",prediction="yes",served_by="RULES"}': 1,
        'fallbacks_total{model="drivers",reason="too_young"}': 1,
        'ignored_columns_total{model="drivers"}': 0,
        'requests_in_flight{model="drivers"}': 0,
        'serving_info{model="drivers",scorer="compiled",version="3"}': 1,
        'ready{model="drivers"}': 1,
        'log_unshipped_bytes{model="drivers"}': 0,
        'log_unshipped_seconds{model="drivers"}': 0,
    }
    assert (
        expected.items()
        <= {name.removeprefix("mlops_drift_"): value for name, value in found.items()}.items()
    )
    assert found['mlops_drift_log_written_bytes_total{model="drivers"}'] > 100


def test_a_number_is_no_label():
    service = served()
    metrics = only(service).metrics
    client = Client(service)
    client.post("/predict", ROW)
    [row] = only(service).log.records[0].rows
    metrics.answered([type(row)(7, 0, {}, 1.25, "MODEL")], "champion")
    text = client.get("/metrics").text
    assert 'prediction="number"' in text
    assert "1.25" not in text


def test_only_one_version_serves():
    service = served()
    only(service).serve(LoadedVersion(4, DESCRIPTION, Line(), "pipeline"))
    found = samples(service.metrics.exposition().decode())
    assert found['mlops_drift_serving_info{model="drivers",scorer="compiled",version="3"}'] == 0
    assert found['mlops_drift_serving_info{model="drivers",scorer="pipeline",version="4"}'] == 1


def test_keys_ids_and_texts_are_no_labels():
    service = served()
    client = Client(service)
    row = ROW | {"policy_id": 918273, "note": "private", "hidden": 1}
    client.post("/predict", row, x_request_id="id-5647")
    client.post("/predict", row | {"region": "private"}, x_request_id="id-5647")
    assert not re.search("918273|private|hidden|id-5647", client.get("/metrics").text)


def test_any_worker_exports_what_all_of_them_count(tmp_path):
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for kind in ("good", "bad"):
        command = [sys.executable, "-c", WORKER, kind]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
    found = samples(done.stdout)
    assert found['mlops_drift_requests_total{model="drivers",outcome="ok"}'] == 1
    assert found['mlops_drift_requests_total{model="drivers",outcome="invalid"}'] == 1
    assert found['mlops_drift_serving_info{model="drivers",scorer="compiled",version="3"}'] == 1
    assert found['mlops_drift_ready{model="drivers"}'] == 1
