"""What steps print is kept for Dagster's pages, and shown at once, by the process itself."""

import os
import resource
import subprocess
import sys

import dagster as dg
import pytest

from mlops_drift import settings
from mlops_drift.simulation.instance import open_instance
from mlops_drift.storage.compute_logs import shown

TOLD = ("from Python\n", "from below Python\n", "from a child\n")


@dg.op
def talk():
    print(TOLD[0], end="", flush=True)  # noqa: T201
    os.write(1, TOLD[1].encode())
    subprocess.run([sys.executable, "-c", f"print({TOLD[2]!r}, end='')"], check=True)
    print("a warning", file=sys.stderr)  # noqa: T201


@dg.job(executor_def=dg.in_process_executor)
def talking():
    talk()


@pytest.fixture
def ran(tmp_path, monkeypatch, capfd):
    """A run whose step talks; what was shown, and what Dagster has kept of it."""
    monkeypatch.setenv(settings.DATA_VARIABLE, str(tmp_path))
    # Python's streams of a terminal, in place of those of the test.
    for number, name in ((1, "stdout"), (2, "stderr")):
        monkeypatch.setattr(sys, name, os.fdopen(number, "w", closefd=False))
    with open_instance() as instance:
        result = talking.execute_in_process(instance=instance)
        logs = instance.compute_log_manager
        (captured,) = [
            event.event_specific_data
            for event in result.all_events
            if event.event_type_value == "LOGS_CAPTURED"
        ]
        key = [result.run_id, "compute_logs", captured.file_key]
        data = logs.get_log_data(key)
        assert logs.is_capture_complete(key)
    return capfd.readouterr(), data.stdout.decode(), data.stderr.decode()


def test_what_a_step_prints_is_kept_and_shown(ran):
    terminal, out, err = ran
    assert out == "".join(TOLD)
    assert "a warning" in err
    assert "".join(TOLD) in terminal.out
    assert "a warning" in terminal.err


def test_what_is_written_is_shown_before_the_end(tmp_path):
    file = tmp_path / "out"
    file.touch()
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as terminal, shown(file, terminal):
        file.write_text("early")
        assert os.read(reader, 100) == b"early"
    os.close(reader)


def test_a_terminal_that_is_gone_stops_no_step(tmp_path):
    file = tmp_path / "out"
    file.touch()
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as terminal, shown(file, terminal):
        file.write_text("nobody reads this")


def test_no_process_is_started_to_show_it(tmp_path):
    file = tmp_path / "out"
    file.touch()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with shown(file, sys.stderr):
        pass
    assert resource.getrusage(resource.RUSAGE_CHILDREN) == before
