from mlops_drift.serving.service import LoadedVersion
from mlops_drift_tests.serving.asking import Client
from mlops_drift_tests.serving.service import DESCRIPTION, Line, only, served


def test_the_service_is_up_whether_or_not_it_can_answer():
    client = Client(served(loaded=False))
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/v2/health/live").json() == {"live": True}


def test_it_is_ready_with_a_version_and_a_log():
    client = Client(served())
    assert client.get("/ready").json() == {
        "ready": True,
        "models": {
            "drivers": {"ready": True, "reasons": [], "warning": None, "scorer": "compiled"}
        },
    }
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v2/models/drivers/ready").json() == {"name": "drivers", "ready": True}


def test_it_is_not_ready_without_a_version():
    client = Client(served(loaded=False))
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["models"]["drivers"] == {
        "ready": False,
        "reasons": ["no version is loaded"],
        "warning": None,
        "scorer": None,
    }
    assert client.get("/v2/health/ready").status_code == 503
    assert client.get("/v2/models/drivers/ready").status_code == 503
    assert client.get("/v2/models/drivers").status_code == 503


def test_it_is_not_ready_without_a_log_and_a_stranger_reads_no_path():
    service = served()
    only(service).log.is_full = True
    answer = Client(service).get("/ready")
    assert answer.status_code == 503
    assert answer.json()["models"]["drivers"]["reasons"] == ["the log cannot be written"]
    assert "secret" not in answer.text


def test_the_slow_path_is_said():
    service = served(kind="pipeline")
    client = Client(service)
    assert client.get("/ready").json()["models"]["drivers"]["scorer"] == "pipeline"
    assert 'scorer="pipeline",version="3"} 1.0' in client.get("/metrics").text


def test_the_version_is_the_one_that_serves():
    service = served()
    client = Client(service)
    assert client.get("/version").json()["models"] == {
        "drivers": {"version": 3, "scorer": "compiled"}
    }
    only(service).serve(LoadedVersion(4, DESCRIPTION, Line()))
    assert client.get("/version").json()["models"]["drivers"]["version"] == 4
    assert client.get("/v2/models/drivers").json()["versions"] == ["4"]


def test_metrics_are_exported_as_prometheus_reads_them():
    client = Client(served(loaded=False))
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'mlops_drift_ready{model="drivers"} 0.0' in answer.text
