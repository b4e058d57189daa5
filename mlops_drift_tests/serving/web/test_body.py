import asyncio
import json

import pytest

from mlops_drift.serving.service import Limits
from mlops_drift.serving.web.body import ClientGone, read_body
from mlops_drift.serving.web.errors import NotServedError
from mlops_drift_tests.serving.asking import Client
from mlops_drift_tests.serving.service import ROW, only, served

SMALL = Limits(body=100, body_seconds=0.05)


def read(chunks, headers=(), limits=SMALL, more=None):
    """Reads chunks of a body; what comes after them is `more`, or nothing for ever."""
    rest = [*chunks]

    async def receive():
        if rest:
            chunk = rest.pop(0)
            is_last = not rest and more is None
            return {"type": "http.request", "body": chunk, "more_body": not is_last}
        if more == "disconnect":
            return {"type": "http.disconnect"}
        await asyncio.sleep(60)
        return None

    return asyncio.run(read_body({"headers": [*headers]}, receive, limits)), rest


def test_chunks_are_one_body():
    assert read([b"a" * 60, b"b" * 40])[0] == b"a" * 60 + b"b" * 40
    assert read([b""])[0] == b""


@pytest.mark.parametrize("headers", [(), [(b"content-length", b"101")]])
def test_a_long_body_is_not_kept(headers):
    with pytest.raises(NotServedError) as caught:
        read([b"a"] * 101, headers)
    assert caught.value.status == 413


def test_a_body_without_end_is_not_read_on():
    with pytest.raises(NotServedError) as caught:
        read([b"a" * 99] * 1000)
    assert caught.value.status == 413


def test_a_long_body_that_waits_for_leave_gets_none():
    headers = [(b"content-length", b"101"), (b"expect", b"100-continue")]
    with pytest.raises(NotServedError) as caught:
        read([], headers, more="never")
    assert caught.value.status == 413


def test_a_slow_body_is_given_up():
    with pytest.raises(NotServedError) as caught:
        read([b"a"], more="never")
    assert caught.value.status == 408
    assert (b"connection", b"close") in caught.value.headers


def test_a_client_that_hangs_up_is_no_error_of_the_service():
    with pytest.raises(ClientGone):
        read([b"a"], more="disconnect")


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "Application/JSON; charset=utf-8",
        'application/json; charset="UTF-8"; x=1',
    ],
)
def test_json_is_accepted(kind):
    assert Client(served()).post("/predict", ROW, kind).status_code == 200


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, "content-type is missing"),
        ({"content-type": "text/plain"}, "content-type is text/plain"),
        ({"content-type": "application/x-www-form-urlencoded"}, "it should be application/json"),
        ({"content-type": "application/json; charset=latin-1"}, "charset is latin-1"),
        ({"content-type": "application/json", "content-encoding": "gzip"}, "content-encoding"),
    ],
)
def test_other_types_are_not(headers, found):
    service = served()
    body = json.dumps(ROW).encode()
    answer = Client(service).ask("POST", "/predict", content=body, headers=headers)
    assert answer.status_code == 415
    assert found in answer.json()["error"]
    assert only(service).log.records == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"policy_id": NaN}',
        b'{"policy_id": Infinity}',
        b'{"policy_id": 1e999}',
        b'{"policy_id": ' + b"9" * 5000 + b"}",
        b"\xef\xbb\xbf{}",
        b'{"policy_id": "\xff"}',
        b'{"policy_id": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"{} {}",
        b"\x00",
    ],
)
def test_what_is_no_json_is_an_error_of_the_client(body):
    answer = Client(served()).post("/predict", body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "details"}
