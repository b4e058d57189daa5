"""Real workers: they change who answers under load, and lose no record when they are killed."""

import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import msgspec
import pytest

from mlops_drift.serving.log.frames import read_frames
from mlops_drift.serving.log.segments import LOG, take_over
from mlops_drift.serving.options import METRICS_VARIABLE
from mlops_drift.serving.records import ServedRequest
from mlops_drift_tests.serving.real_service import ROW, publish, real_service


class Clients:
    """Threads that ask without a pause, and keep every answer."""

    def __init__(self, url, n=4):
        self.url, self.answers, self.failures = url, [], []
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=[i]) for i in range(n)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number):
        asked = 0
        with httpx.Client(base_url=self.url) as client:
            while not self._ended.is_set():
                asked += 1
                row = {**ROW, "id": f"{number}-{asked}"}
                try:
                    found = client.post("/predict", json=row)
                except httpx.TransportError as error:
                    self.failures.append(error)
                    continue
                (self.answers if found.status_code == 200 else self.failures).append(found.json())

    def wait(self, n):
        """Waits for so many further answers."""
        wanted, end = len(self.answers) + n, time.monotonic() + 60
        while len(self.answers) < wanted:
            assert time.monotonic() < end
            time.sleep(0.02)


def logged(root):
    """All requests of the log."""
    folder, decoder = root / "towns" / LOG, msgspec.json.Decoder(ServedRequest)
    take_over(folder)
    frames = [frame for path in folder.glob("*.closed") for frame in read_frames(path)]
    return [decoder.decode(frame.payload) for frame in frames]


@pytest.fixture(scope="module")
def versions(tmp_path_factory):
    """A service of two workers whose version changed under load, and what was answered."""
    root = tmp_path_factory.mktemp("changes")
    scores = publish(root, 1)
    with real_service(root, workers=2) as service:
        with Clients(service.url) as clients:
            clients.wait(50)
            for version in (2, 3, 2):
                scores |= publish(root, version)
                clients.wait(150)
                time.sleep(0.5)
            clients.wait(50)
        metrics = httpx.get(f"{service.url}/metrics").text
        metrics += httpx.get(f"{service.url}/metrics").text
    return root, scores, clients, metrics


def test_a_change_of_who_answers_fails_no_request(versions):
    _, _, clients, _ = versions
    assert clients.failures == []
    assert {answer["version"] for answer in clients.answers} == {1, 2, 3}
    assert clients.answers[-1]["version"] == 2


def test_every_answer_is_that_of_the_version_that_it_names(versions):
    _, scores, clients, _ = versions
    assert len(set(scores.values())) == 3
    for answer in clients.answers:
        assert answer["score"] == scores[answer["version"]]


def test_every_answer_is_in_the_log_once_with_its_version(versions):
    root, _, clients, _ = versions
    answered = {answer["request_id"]: answer for answer in clients.answers}
    records = {record.id: record for record in logged(root)}
    assert records.keys() == answered.keys()
    for name, answer in answered.items():
        [row] = records[name].rows
        assert (records[name].version, row.key) == (answer["version"], answer["key"])
        assert row.model.score == answer["score"]


def test_two_workers_count_together(versions):
    _, _, clients, metrics = versions
    line = 'mlops_drift_requests_total{model="towns",outcome="ok"}'
    counts = [float(one.split()[-1]) for one in metrics.splitlines() if one.startswith(line)]
    assert counts == [len(clients.answers)] * 2


def test_a_worker_that_is_killed_loses_no_answer_and_is_started_again(tmp_path):
    publish(tmp_path, 1)
    with real_service(tmp_path, workers=2) as service, Clients(service.url) as clients:
        clients.wait(50)
        killed = service.worker_pids()[0]
        os.kill(killed, signal.SIGKILL)
        clients.wait(100)
        end = time.monotonic() + 60
        while len(set(service.worker_pids()) - {killed}) < 2:
            assert time.monotonic() < end
            time.sleep(0.05)
    # It takes requests again when it has a version.
    assert all(isinstance(one, httpx.TransportError) for one in clients.failures)
    found = Counter(record.id for record in logged(tmp_path))
    assert {found[answer["request_id"]] for answer in clients.answers} == {1}
    # What was in the log and not answered when the worker died may be there; nothing is twice.
    assert set(found.values()) == {1}


def test_workers_whose_service_was_killed_end_and_leave_nothing_behind(tmp_path):
    publish(tmp_path, 1)
    with real_service(tmp_path, workers=2) as service:
        environment = (
            Path(f"/proc/{service.worker_pids()[0]}/environ").read_bytes().decode().split("\0")
        )
        [folder] = [line.partition("=")[2] for line in environment if METRICS_VARIABLE in line]
        assert list(Path(folder).iterdir())
        service.process.kill()
        end = time.monotonic() + 60
        while Path(folder).exists() or is_served(service.url):
            assert time.monotonic() < end
            time.sleep(0.05)


def is_served(url):
    try:
        return bool(httpx.get(f"{url}/health"))
    except httpx.TransportError:
        return False
