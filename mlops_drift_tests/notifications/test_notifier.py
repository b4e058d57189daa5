import logging
import socket
import subprocess
import sys

import pytest

from mlops_drift.notifications import notifier
from mlops_drift.notifications.errors import NotifierError
from mlops_drift.notifications.notifier import send
from mlops_drift_tests.receiver import Receiver


@pytest.fixture
def receiver():
    started = Receiver()
    yield started
    started.down()


def test_a_message_arrives_with_title_and_text(receiver):
    send(receiver.url, "churn: null_spike fails", "age & income\n- <1 % {{left}}")
    [(_, message)] = receiver.posts
    assert message["title"] == "churn: null_spike fails"
    assert message["message"] == "age & income\n- <1 % {{left}}"


def test_variables_are_filled_from_the_environment(receiver, monkeypatch):
    monkeypatch.setenv("HOOK", "s3cr3t")
    monkeypatch.setenv("WHERE", receiver.url)
    send(f"{receiver.url}${{HOOK}}/$HOOK/$$", "t", "b")
    send("$WHERE", "t", "b")
    assert [path for path, _ in receiver.posts] == ["/s3cr3t/s3cr3t/$", "/"]


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_not_set_is_named(receiver, monkeypatch, value):
    monkeypatch.delenv("HOOK", raising=False)
    if value is not None:
        monkeypatch.setenv("HOOK", value)
    with pytest.raises(NotifierError, match=r"^json: HOOK not set"):
        send(f"{receiver.url}$HOOK", "t", "b")
    assert receiver.posts == []


def test_a_dollar_that_begins_no_name_is_an_error():
    with pytest.raises(NotifierError, match=r"^json: no name follows a \$; write \$\$ for a plain"):
        send("json://127.0.0.1/${NOT-A-NAME}", "t", "b")


@pytest.mark.parametrize(
    "url",
    [
        *("nosuch://s3cr3t/", "s3cr3t", "json://", "slack://s3cr3t", "", "json://[::1", "a b,c"),
        "json://:s3cr3t",
    ],
)
def test_a_url_that_apprise_does_not_understand_is_not_quoted(url):
    with pytest.raises(NotifierError, match="Apprise does not know this URL") as raised:
        send(url, "t", "b")
    assert "s3cr3t" not in str(raised.value)


def test_an_unreachable_receiver_is_an_error_with_its_cause(receiver):
    receiver.down()
    with pytest.raises(NotifierError, match=r"^json: .*[Cc]onnection error"):
        send(receiver.url, "t", "b")
    receiver.up()


def test_a_refusal_is_an_error_with_its_status(receiver):
    receiver.status = 503
    with pytest.raises(NotifierError, match=r"^json: .*error=503"):
        send(receiver.url, "t", "b")


def test_no_error_has_a_secret(receiver, monkeypatch):
    monkeypatch.setenv("WORD", "p%40ssw0rd")
    host = receiver.url.removeprefix("json://")
    receiver.status = 401
    errors = []
    for url in (
        f"json://me:$WORD@{host}p%40ssw0rd?-key=$WORD&+Auth=$WORD",
        "json://$WORD:1/",
        "json://p%40ssw0rd/",
    ):
        with pytest.raises(NotifierError) as raised:
            send(url, "t", "b")
        errors.append(str(raised.value))
    assert not [error for error in errors if "ssw0rd" in error]


def test_nothing_is_logged_or_printed(receiver, monkeypatch, capfd):
    # caplog listens to loggers that keep their records to themselves, too.
    shown = logging.StreamHandler(sys.stdout)
    monkeypatch.setattr(logging.getLogger(), "handlers", [shown])
    monkeypatch.setattr(logging.getLogger(), "level", logging.INFO)
    send(receiver.url, "t", "b")
    receiver.status = 500
    for url in (f"{receiver.url}s3cr3t", "nosuch://s3cr3t"):
        with pytest.raises(NotifierError):
            send(url, "t", "b")
    assert capfd.readouterr() == ("", "")


def test_a_receiver_that_never_answers_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(notifier, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"json://127.0.0.1:{silent.getsockname()[1]}/?rto=1"
        with pytest.raises(NotifierError, match="did not finish within"):
            send(url, "t", "b")


def test_apprise_is_imported_when_something_is_sent():
    script = "import sys, mlops_drift.notifications.notifier; sys.exit('apprise' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
