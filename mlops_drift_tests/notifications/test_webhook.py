import hmac
import json
import logging
import socket
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from datetime import date

import pytest
from standardwebhooks import Webhook as Reader
from standardwebhooks import WebhookVerificationError

from mlops_drift.notifications import webhook
from mlops_drift.notifications.base import Message
from mlops_drift.notifications.config import Webhook
from mlops_drift.notifications.errors import (
    MessageRejectedError,
    NotifierError,
    ReceiverDownError,
    ReceiverGoneError,
)
from mlops_drift.notifications.webhook import send
from mlops_drift_tests.receiver import OTHER_SECRET, SECRET, WebhookReceiver

EVENT = '{"type":"mlops_drift.check.failed","data":{"subject":"Größe"}}'
MESSAGE = Message("shop-null_spike-v1", "failed_check", date(2024, 10, 5), "t", "b", EVENT)


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("KEY", SECRET)


@pytest.fixture
def receiver():
    started = WebhookReceiver()
    yield started
    started.down()


def hook(url):
    return Webhook(url=url, secret="${KEY}")


def error_of(receiver, kind=NotifierError, url=None):
    with pytest.raises(NotifierError) as raised:
        send(hook(url or receiver.url), MESSAGE)
    assert type(raised.value) is kind
    return str(raised.value)


def test_an_event_arrives_as_json_that_the_library_verifies(receiver):
    send(hook(receiver.url), MESSAGE)
    [(path, headers, body)] = receiver.posts
    assert (path, body) == ("/", EVENT.encode())
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == MESSAGE.id
    assert abs(time.time() - int(headers["webhook-timestamp"])) < 60
    assert Reader(SECRET).verify(body, headers) == json.loads(EVENT)


def test_the_signature_is_that_of_the_specification(receiver):
    send(hook(receiver.url), MESSAGE)
    [(_, headers, body)] = receiver.posts
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}"
    digest = hmac.digest(b64decode(SECRET.removeprefix("whsec_")), signed.encode(), "sha256")
    assert headers["webhook-signature"] == f"v1,{b64encode(digest).decode()}"


def test_what_was_changed_on_the_way_does_not_verify(receiver):
    send(hook(receiver.url), MESSAGE)
    [(_, headers, body)] = receiver.posts
    later = str(int(headers["webhook-timestamp"]) + 1)
    for changed in (
        {"data": body.replace(b"failed", b"passed")},
        {"headers": headers | {"webhook-id": "another"}},
        {"headers": headers | {"webhook-timestamp": later}},
    ):
        with pytest.raises(WebhookVerificationError):
            Reader(SECRET).verify(**({"data": body, "headers": headers} | changed))
    with pytest.raises(WebhookVerificationError):
        Reader(OTHER_SECRET).verify(body, headers)


def test_a_secret_may_come_without_its_padding(receiver, monkeypatch):
    monkeypatch.setenv("KEY", OTHER_SECRET.rstrip("="))
    send(hook(receiver.url), MESSAGE)
    [(_, headers, body)] = receiver.posts
    assert Reader(OTHER_SECRET).verify(body, headers) == json.loads(EVENT)


def test_while_a_secret_is_exchanged_the_old_one_and_the_new_one_verify(receiver, monkeypatch):
    monkeypatch.setenv("KEY", f"{SECRET} {OTHER_SECRET}")
    send(hook(receiver.url), MESSAGE)
    [(_, headers, body)] = receiver.posts
    for known in (SECRET, OTHER_SECRET):
        assert Reader(known).verify(body, headers) == json.loads(EVENT)


def test_variables_of_the_url_are_filled_from_the_environment(receiver, monkeypatch):
    monkeypatch.setenv("WHERE", receiver.url)
    monkeypatch.setenv("PLACE", "events")
    send(hook("${WHERE}"), MESSAGE)
    send(hook(f"{receiver.url}$PLACE"), MESSAGE)
    assert [path for path, _, _ in receiver.posts] == ["/", "/events"]


def test_a_variable_that_is_not_set_is_named(receiver, monkeypatch):
    monkeypatch.delenv("PLACE", raising=False)
    url = f"{receiver.url}${{PLACE}}"
    assert error_of(receiver, url=url) == "http: PLACE not set in the environment"
    monkeypatch.delenv("KEY")
    assert error_of(receiver) == "http: KEY not set in the environment"
    assert receiver.tried == []


@pytest.mark.parametrize(
    "value",
    [
        *("s3cr3t", SECRET.removeprefix("whsec_"), f"{SECRET}!", SECRET[:-3], "whsec_c2hvcnQ="),
        *(f"whsec_{'a' * 88}", f"{SECRET} s3cr3t", "whsec_", "whsk_" + SECRET[6:], "whsec_é"),
    ],
)
def test_what_is_no_secret_signs_nothing_and_is_not_shown(receiver, monkeypatch, value):
    monkeypatch.setenv("KEY", value)
    assert error_of(receiver) == (
        "http: KEY in the environment is no secret; write whsec_ and the base64 of 24 to 64 bytes"
    )
    assert receiver.tried == []


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_status_of_success_is_a_delivery(receiver, status):
    receiver.status = status
    send(hook(receiver.url), MESSAGE)
    assert receiver.ids == [MESSAGE.id]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((401, NotifierError), (404, NotifierError), (599, NotifierError)),
        *((status, MessageRejectedError) for status in (400, 409, 413, 415, 422, 500)),
        *((429, ReceiverDownError), (502, ReceiverDownError), (503, ReceiverDownError)),
        *((504, ReceiverDownError), (410, ReceiverGoneError)),
    ],
)
def test_any_other_status_is_an_error(receiver, status, kind):
    receiver.status = status
    assert error_of(receiver, kind) == f"http: status {status}"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(receiver, status):
    receiver.status, receiver.headers = status, {"Location": f"{receiver.url}elsewhere"}
    assert error_of(receiver).startswith(f"http: status {status}; redirects are not followed")
    assert len(receiver.tried) == 1


def test_a_receiver_without_an_answer_is_down(receiver, monkeypatch):
    receiver.down()
    assert error_of(receiver, ReceiverDownError) == "http: no connection"
    receiver.up()
    tls = receiver.url.replace("http", "https")
    found = error_of(receiver, ReceiverDownError, tls)
    assert found == "https: the certificate or the TLS is not right"
    monkeypatch.setattr(webhook, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert error_of(receiver, ReceiverDownError, url) == "http: no answer within 0.2 s"


@pytest.mark.parametrize("url", ["http://", "http://[::1", "$WHERE", "http://127.0.0.1:port/"])
def test_a_url_that_cannot_be_called_is_not_quoted(receiver, monkeypatch, url):
    monkeypatch.setenv("WHERE", "nosuch://s3cr3t/")
    assert error_of(receiver, url=url).endswith(": the URL cannot be called")


def test_neither_errors_nor_logs_have_a_secret(receiver, monkeypatch, caplog, capfd):
    monkeypatch.setenv("PLACE", "s3cr3t")
    caplog.set_level(logging.DEBUG)
    port = receiver.url.rsplit(":", 1)[1]
    urls = [f"{receiver.url}$PLACE", f"http://me:$PLACE@127.0.0.1:{port}?q=$PLACE"]
    for url in urls:
        send(hook(url), MESSAGE)
    receiver.status, receiver.headers = 302, {"Location": "/s3cr3t"}
    errors = [error_of(receiver, url=url) for url in urls]
    receiver.down()
    errors += [error_of(receiver, ReceiverDownError, url) for url in urls]
    receiver.up()
    shown = [*errors, *capfd.readouterr(), caplog.text, repr(hook(urls[0]))]
    assert not [text for text in shown if "s3cr3t" in text or SECRET[6:] in text]


def test_the_client_is_imported_when_something_is_sent():
    modules = "{'requests', 'standardwebhooks'} & set(sys.modules)"
    script = f"import sys, mlops_drift.notifications.receivers; sys.exit(bool({modules}))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
