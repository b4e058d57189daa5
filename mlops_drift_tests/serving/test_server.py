import json
import random
import socket
import time
from contextlib import suppress
from http.client import HTTPConnection

import pytest

from mlops_drift.project import CHECKOUT
from mlops_drift.serving.server import HEAD_BYTES, BoundedProtocol
from mlops_drift.serving.service import Limits
from mlops_drift_tests.serving.hostile import bodies
from mlops_drift_tests.serving.service import ROW, Young, only, running, served

PATHS = ["/predict", "/invocations", "/v2/models/drivers/infer"]
ROOT = str(CHECKOUT).encode()
HEAD = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


class Impatient(BoundedProtocol):
    request_seconds = 0.2
    write_seconds = 0.2


@pytest.fixture(scope="module")
def service():
    return served(rules=Young(), limits=Limits(body_seconds=0.1))


@pytest.fixture(scope="module")
def address(service):
    with running(service, http=Impatient) as found:
        yield found


@pytest.fixture
def connection(address):
    connection = HTTPConnection(*address, timeout=20)
    yield connection
    connection.close()


def post(connection, path, body, **headers):
    connection.request("POST", path, body, {"content-type": "application/json"} | headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def raw(address, *chunks):
    """All that comes back until the server closes the connection."""
    with socket.create_connection(address, timeout=20) as client:
        answer = b""
        try:
            for chunk in chunks:
                client.sendall(chunk)
            while more := client.recv(65536):
                answer += more
        except (ConnectionResetError, BrokenPipeError):
            pass
        return answer


def is_alive(connection):
    return post(connection, "/predict", json.dumps(ROW))[0] == 200


def test_requests_are_answered_one_after_another_on_a_connection(connection):
    for key in range(3):
        status, body = post(connection, "/predict", json.dumps(ROW | {"policy_id": key}))
        assert (status, json.loads(body)["key"]) == (200, key)


OFFER = b"connection: %s\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"
BODY = json.dumps(ROW).encode()
LENGTH = b"content-length: %d\r\n\r\n" % len(BODY)
CHUNKED = b"transfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
KEPT, CLOSED = OFFER % b"Upgrade, HTTP2-Settings", OFFER % b"Upgrade, close"


@pytest.mark.parametrize(
    "chunks",
    [
        [HEAD + CLOSED + LENGTH + BODY],
        [HEAD + CLOSED + LENGTH, BODY],
        [HEAD + CLOSED + CHUNKED],
        [HEAD + CLOSED[:40], CLOSED[40:] + LENGTH + BODY[:9], BODY[9:]],
        [2 * (HEAD + KEPT + LENGTH + BODY) + HEAD + CLOSED + LENGTH + BODY],
        [HEAD + KEPT + LENGTH + BODY, HEAD + CLOSED + LENGTH + BODY],
        [200 * (b"GET /health HTTP/1.1\r\nhost: x\r\n" + KEPT + b"\r\n") + HEAD + CLOSED + CHUNKED],
    ],
)
def test_a_client_that_offers_another_protocol_is_answered_in_this_one(address, chunks):
    answer = raw(address, *chunks)
    assert answer.count(b"HTTP/1.1 200 OK") == b"".join(chunks).count(b" HTTP/1.1\r\n")
    assert answer.count(b'"key":7') == b"".join(chunks).count(b"POST ")


def test_a_proxy_is_what_it_is_not(address):
    assert b"400 Bad Request" in raw(address, b"CONNECT a.example:443 HTTP/1.1\r\nhost: x\r\n\r\n")


def test_a_thousand_malformed_bodies_are_no_error_of_the_service(connection, service):
    draw, statuses = random.Random(5), {}
    for body in bodies(1000, seed=17):
        path = draw.choice(PATHS)
        status, answer = post(connection, path, body)
        statuses[status] = statuses.get(status, 0) + 1
        assert status in (200, 400, 422), (path, body, answer)
        json.loads(answer)
        assert not any(word in answer for word in (b"Traceback", b"msgspec", b".py", ROOT))
    assert statuses[400] > 50
    assert statuses[422] > 200
    # Whatever was answered is recorded.
    assert sum(len(record.rows) > 0 for record in only(service).log.records) >= statuses.get(200, 0)
    assert is_alive(connection)


@pytest.mark.parametrize("is_chunked", [False, True], ids=["of a length", "in chunks"])
def test_ten_mebibytes_are_too_many(is_chunked):
    chunk = b" " * 2**16
    body = iter([chunk] * 160) if is_chunked else chunk * 160
    # A busy machine may take longer for them than the service of the other tests waits.
    with running(served()) as address:
        connection = HTTPConnection(*address, timeout=20)
        status, answer = post(connection, "/predict", body)
        connection.close()
    assert status == 413
    assert b"longer than 1,048,576 bytes" in answer


def test_a_slow_body_is_given_up(address, connection):
    answer = raw(address, HEAD + b"content-length: 10\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer
    assert is_alive(connection)


def test_a_body_that_goes_on_after_its_answer_is_cut_off(address, connection):
    head = b"POST /nothing HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n"
    assert raw(address, head).startswith(b"HTTP/1.1 404 ")
    assert is_alive(connection)


def test_answers_that_are_not_taken_are_thrown_away(address, connection):
    path = "/static-offline-docs/swagger-ui-bundle.js"
    connection.request("GET", path)
    n_bytes = len(connection.getresponse().read())
    with socket.create_connection(address, timeout=20) as client:
        # Several times what the system keeps for a connection.
        client.sendall(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode() * 12)
        time.sleep(0.5)
        with suppress(ConnectionResetError):
            taken = len(client.recv(2**20))
            while more := client.recv(2**20):
                taken += len(more)
    assert 0 < taken < 12 * n_bytes
    assert is_alive(connection)


def test_a_slow_head_is_cut_off(address, connection):
    assert raw(address, HEAD) == b""
    assert raw(address) == b""
    assert is_alive(connection)


def test_a_line_that_begins_no_request_is_no_reason_to_wait_longer(address, connection):
    healthy = b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n"
    assert raw(address, b"\r\n") == b""
    with socket.create_connection(address, timeout=20) as client:
        client.sendall(healthy)
        assert client.recv(65536).startswith(b"HTTP/1.1 200 OK")
        client.sendall(b"\r\n")
        assert client.recv(65536) == b""
    assert is_alive(connection)


def test_many_requests_that_come_together_have_no_long_head(address):
    small = b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n"
    n = 2 * HEAD_BYTES // len(small)
    answer = raw(address, n * small + small[:-2], b"connection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 OK") == n + 1


def test_a_connection_may_be_silent_between_requests(connection):
    assert is_alive(connection)
    time.sleep(0.3)
    assert is_alive(connection)


@pytest.mark.parametrize(
    "flood",
    [
        [b"x-%d: 1\r\n" % number for number in range(20_000)],
        [b"x: ", *([b"y" * 4096] * 40)],
        [b"x: " + b"y" * (HEAD_BYTES + 1) + b"\r\n\r\n"],
    ],
    ids=["many", "long", "in one"],
)
def test_a_flood_of_headers_is_cut_off(address, connection, flood):
    answer = raw(address, HEAD, *flood)
    # The rest of the flood may make the connection break before the answer is read.
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert is_alive(connection)


def test_a_server_names_no_software(connection):
    connection.request("GET", "/health")
    answer = connection.getresponse()
    answer.read()
    assert answer.getheader("server") is None
