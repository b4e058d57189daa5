import os

from mlops_drift.settings import isolate, isolated

FOREIGN = {
    "MLFLOW_REGISTRY_URI": "databricks-uc",
    "MLFLOW_TRACKING_URI": "http://other.example.org",
    "MLFLOW_RUN_ID": "0123456789abcdef0123456789abcdef",
    "MLFLOW_ENABLE_ASYNC_LOGGING": "true",
    "OPTUNA_STORAGE": "sqlite:///other.db",
    "SKLEARN_ASSUME_FINITE": "1",
    "PANDAS_COPY_ON_WRITE": "1",
}


def test_settings_of_libraries_are_taken_out_of_the_environment(monkeypatch):
    own = {"MLOPS_DRIFT_DATA": "/d", "SLACK_URL": "x", "MLFLOW_DISABLE_TELEMETRY": "true"}
    for name, value in (FOREIGN | own | {"DAGSTER_HOME": "/elsewhere"}).items():
        monkeypatch.setenv(name, value)
    isolate()
    assert not FOREIGN.keys() & os.environ.keys()
    assert own.items() <= os.environ.items()
    assert os.environ["DAGSTER_HOME"] == "/elsewhere"


def test_other_assets_of_a_process_get_their_settings_back(monkeypatch):
    for name, value in FOREIGN.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    with isolated():
        assert not FOREIGN.keys() & os.environ.keys()
    assert dict(os.environ) == before


def test_mlflow_reports_nothing_unless_it_is_asked_to(monkeypatch):
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY", raising=False)
    with isolated():
        assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert "MLFLOW_DISABLE_TELEMETRY" not in os.environ
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "false")
    with isolated():
        assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "false"
