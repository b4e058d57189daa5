"""The process beside the workers of a service; the workers are tested where they are."""

import sys
from threading import Event

from mlops_drift.cli import serve

# It is heard of once, then it hangs and ends by no signal but one.
HANGS = "import os, signal; os.write(1, b'.'); os.kill(os.getpid(), signal.SIGSTOP)"
WAITS = "import sys; sys.stdin.read(); open(sys.argv[1], 'w')"


def test_a_publisher_that_hangs_is_killed(monkeypatch):
    monkeypatch.setattr(serve, "END_SECONDS", 0.1)
    monkeypatch.setattr(serve, "SILENT_SECONDS", 0.5)
    serve.publish([sys.executable, "-c", HANGS], Event())


def test_a_publisher_that_hangs_keeps_no_service_from_ending(monkeypatch):
    monkeypatch.setattr(serve, "END_SECONDS", 0.1)
    ended = Event()
    ended.set()
    serve.publish([sys.executable, "-c", HANGS], ended)


def test_a_publisher_ends_with_its_stdin(tmp_path):
    ended = Event()
    ended.set()
    serve.publish([sys.executable, "-c", WAITS, str(tmp_path / "ended")], ended)
    assert (tmp_path / "ended").exists()
