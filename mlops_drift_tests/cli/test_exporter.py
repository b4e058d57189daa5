"""exporter; that it serves is tested with a real Prometheus."""

import socket

from mlops_drift.cli import exporter
from mlops_drift_tests.cli.commands import complaint


def test_a_model_that_is_not_there_is_an_error(nothing_yet):
    assert "tinny" in complaint("exporter", "tinny")


def test_a_port_that_is_taken_is_an_error(nothing_yet):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        message = complaint("exporter", "tiny", "--port", port)
    assert f"127.0.0.1:{port} cannot be taken" in message
    assert "--port" in message


def test_a_host_that_is_not_of_this_machine_is_an_error(nothing_yet):
    assert "192.0.2.1:9109 cannot be taken" in complaint("exporter", "tiny", "--host", "192.0.2.1")


def test_without_prometheus_client_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(exporter, "find_spec", lambda name: None)
    assert "pip install 'mlops_drift[serve]'" in complaint("exporter")
