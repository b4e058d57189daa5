"""A service as a process, and a client that sends it the events of a day."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any, NamedTuple

import msgspec

# What takes longer hangs.
PATIENCE_SECONDS = 120.0
POLL_SECONDS = 0.02
# Rows of one request.
BATCH = 50

Row = dict[str, Any]


class Answer(NamedTuple):
    """What a client was given for a row."""

    request: str
    key: int
    version: int
    prediction: str
    served_by: str
    score: float | None


@dataclass
class Traffic:
    """What was sent, what came back, and how long that took.

    Attributes:
        rejected: keys of rows that were not accepted.
        by_another: answers by another version than the one that should serve.
        sending: seconds from the first request of each day to its last answer.
        swaps: seconds from a promotion until all connections saw its version, of each.
        closing: seconds until the log of each day could be shipped.
    """

    answers: list[Answer] = field(default_factory=list)
    rejected: list[int] = field(default_factory=list)
    requests: int = 0
    by_another: int = 0
    sending: float = 0.0
    swaps: list[float] = field(default_factory=list)
    closing: float = 0.0


@contextmanager
def served(model: str, workers: int, environment: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """The address of `mlops-drift serve`, as a process of its own."""
    command = [sys.executable, "-m", "mlops_drift.cli.main", "serve", model, "--port", "0"]
    command += ["--workers", str(workers), "--segment-seconds", "0.1"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        found = re.search(r"http://([0-9.]+):([0-9]+)", line)
        if found is None:
            sys.exit(f"the service has not begun: {line!r}")
        yield found[1], int(found[2])
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_SECONDS)


class Client:
    """Sends the events of days over several connections, which stay for a day."""

    def __init__(self, address: tuple[str, int], model: str, connections: int) -> None:
        self._address, self._model = address, model
        self._pool = ThreadPoolExecutor(connections)
        self._connections = connections
        self._served: int | None = None
        self.traffic = Traffic()

    def send(self, number: int, rows: Sequence[Row], version: int) -> None:
        """Sends the rows of a day, by its number, once the version that should serve does.

        A third of the days goes row by row, a third in batches, a third half and half.
        """
        begun = time.monotonic()
        connections = list(self._pool.map(self._connect, [version] * self._connections))
        if version != self._served:
            self.traffic.swaps.append(time.monotonic() - begun)
            self._served = version
        singles = (len(rows), 0, len(rows) // 2)[number % 3]
        requests: list[list[Row]] = [[row] for row in rows[:singles]]
        requests += [list(rows[at : at + BATCH]) for at in range(singles, len(rows), BATCH)]
        shares = [requests[one :: self._connections] for one in range(self._connections)]
        begun = time.monotonic()
        for found in self._pool.map(self._send_all, connections, shares):
            self._count(found, version)
        self.traffic.sending += time.monotonic() - begun

    def _count(self, found: Traffic, version: int) -> None:
        traffic = self.traffic
        traffic.answers += found.answers
        traffic.rejected += found.rejected
        traffic.requests += found.requests
        traffic.by_another += sum(one.version != version for one in found.answers)

    def _connect(self, version: int) -> HTTPConnection:
        """A connection to a worker that answers by a version."""
        connection = HTTPConnection(*self._address, timeout=PATIENCE_SECONDS)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            connection.request("GET", "/version")
            state = msgspec.json.decode(connection.getresponse().read())
            if state["models"][self._model]["version"] == version:
                return connection
            time.sleep(POLL_SECONDS)
        sys.exit(f"version {version} does not serve after {PATIENCE_SECONDS:g} s: {state}")

    def _send_all(self, connection: HTTPConnection, requests: list[list[Row]]) -> Traffic:
        found = Traffic()
        for rows in requests:
            self._post(connection, rows, found)
        connection.close()
        return found

    def _post(self, connection: HTTPConnection, rows: list[Row], found: Traffic) -> None:
        is_single = len(rows) == 1
        body = msgspec.json.encode(rows[0] if is_single else {"rows": rows})
        headers = {"content-type": "application/json"}
        connection.request("POST", f"/models/{self._model}/predict", body, headers)
        answer = connection.getresponse()
        content = msgspec.json.decode(answer.read())
        found.requests += 1
        if answer.status == 422 and not is_single:
            # Nothing of a request with a wrong row is answered.
            for row in rows:
                self._post(connection, [row], found)
        elif answer.status == 422:
            found.rejected.append(rows[0]["policy_id"])
        elif answer.status == 200:
            request, version = content["request_id"], content["version"]
            for one in [content] if is_single else content["predictions"]:
                given = one["key"], version, one["prediction"], one["served_by"], one.get("score")
                found.answers.append(Answer(request, *given))
        else:
            sys.exit(f"status {answer.status}: {content}")

    def close(self) -> None:
        """Ends its threads."""
        self._pool.shutdown()
