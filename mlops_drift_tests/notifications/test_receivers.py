"""Webhooks beside other receivers, from the outbox to the wire."""

import json
from dataclasses import replace
from datetime import date

import pytest
from standardwebhooks import Webhook as Reader

from mlops_drift.config.spec import ModelSpec
from mlops_drift.notifications.base import Message
from mlops_drift.notifications.config import Notifications
from mlops_drift.notifications.delivery import Delivery, deliver, queue
from mlops_drift.notifications.outbox import Outbox
from mlops_drift.notifications.receivers import receivers_of
from mlops_drift.schema.webhook import Endpoint
from mlops_drift_tests.receiver import OTHER_SECRET, SECRET, Receiver, WebhookReceiver
from mlops_drift_tests.tiny import SPEC

TABLE = ModelSpec(**SPEC).tables.outbox


def message(name, kind="decision"):
    event = json.dumps({"name": name})
    return Message(name, kind, date(2024, 10, 5), name, f"about {name}", event)


@pytest.fixture
def receiver():
    started = Receiver()
    yield started
    started.down()


@pytest.fixture
def system():
    started = WebhookReceiver()
    yield started
    started.down()


@pytest.fixture
def other_system():
    started = WebhookReceiver()
    yield started
    started.down()


@pytest.fixture(autouse=True)
def secrets(monkeypatch):
    monkeypatch.setenv("KEY", SECRET)
    monkeypatch.setenv("OTHER_KEY", OTHER_SECRET)


def hook(system, secret="KEY", **changes):
    return {"url": system.url, "secret": f"${{{secret}}}", **changes}


@pytest.fixture
def outbox(lake):
    return Outbox(lake, TABLE)


def test_the_webhook_that_decisions_call_is_named_by_its_own_place():
    hooks = [{"url": "https://a.example.com", "secret": "${KEY}"}]
    action = Endpoint(url="https://b.example.com", secret="${KEY}")
    named = [one.place for one in receivers_of(Notifications(webhooks=hooks).with_requests(action))]
    assert named == ["notifications.webhooks[0]", "policy.action.webhook"]


@pytest.fixture
def locks(tmp_path):
    return tmp_path / "locks"


def test_a_webhook_that_was_down_gets_its_events_in_order_once(outbox, system, locks, lake):
    config = Notifications(webhooks=[hook(system)])
    system.down()
    for name in ("a", "b", "c"):
        queue(config, outbox, [message(name)])
        found = deliver(config, outbox, locks)
        assert found.error == "notifications.webhooks[0], http: no connection"
    # One that is down is tried with the oldest event only.
    stored = lake.rows("SELECT attempts FROM o ORDER BY number", o=TABLE)
    assert [row["attempts"] for row in stored] == [3, 0, 0]
    system.up()
    assert deliver(config, outbox, locks) == Delivery(3, 0)
    deliver(config, outbox, locks)
    assert system.tried == system.ids == ["a", "b", "c"]


def test_an_event_has_one_id_and_one_body_at_all_attempts(outbox, system, locks):
    config = Notifications(webhooks=[hook(system)])
    queue(config, outbox, [message("a")])
    for system.status in (500, 503, 302, 404, 200):
        queue(config, outbox, [replace(message("a"), event="{}")])
        deliver(config, outbox, locks)
    assert system.tried == ["a"] * 5
    assert system.events == [{"name": "a"}]


def test_a_webhook_that_fails_holds_up_no_other_receiver(
    outbox, receiver, system, other_system, locks
):
    hooks = [hook(system), hook(other_system, "OTHER_KEY")]
    config = Notifications(urls=[receiver.url], webhooks=hooks)
    names = ["a", "b", "c"]
    system.status = 503
    queue(config, outbox, [message(name) for name in names])
    assert deliver(config, outbox, locks) == Delivery(
        0, 3, "notifications.webhooks[0], http: status 503"
    )
    assert (receiver.titles, other_system.ids, system.tried) == (names, names, ["a"])
    system.status = 200
    assert deliver(config, outbox, locks) == Delivery(3, 0)
    assert (receiver.titles, other_system.ids, system.ids) == (names, names, names)
    for taken, secret in ((system, SECRET), (other_system, OTHER_SECRET)):
        bodies = [Reader(secret).verify(body, headers) for _, headers, body in taken.posts]
        assert bodies == [{"name": name} for name in names]


def test_an_event_that_a_webhook_refuses_does_not_hold_up_the_others(outbox, system, locks):
    config = Notifications(webhooks=[hook(system)])
    system.refused = {"bad"}
    queue(config, outbox, [message(name) for name in ("a", "bad", "b")])
    for _ in range(2):
        found = deliver(config, outbox, locks)
    assert system.ids == ["a", "b"]
    assert (found.waiting, found.error) == (1, "notifications.webhooks[0], http: status 400")


def test_events_that_a_webhook_always_refuses_do_not_hold_up_later_ones(outbox, system, locks):
    config = Notifications(webhooks=[hook(system)])
    system.refused = {"bad-1", "bad-2", "bad-3"}
    names = ["bad-1", "bad-2", "a", "bad-3", "b", "c"]
    queue(config, outbox, [message(name) for name in names])
    assert deliver(config, outbox, locks).waiting == 3
    assert sorted(system.ids) == ["a", "b", "c"]
    system.tried.clear()
    assert deliver(config, outbox, locks).waiting == 3
    assert len(system.tried) == 3


def test_each_receiver_gets_its_kinds_and_waits_for_no_other_kind(outbox, receiver, system, locks):
    kinds = ("failed_check", "decision", "promotion", "broken_check")
    hooks = [hook(system, about=["promotion", "failed_check"])]
    config = Notifications(urls=[receiver.url], webhooks=hooks, about=["decision", "promotion"])
    assert queue(config, outbox, [message(kind, kind) for kind in kinds]) == 3
    assert deliver(config, outbox, locks) == Delivery(3, 0)
    assert receiver.titles == ["decision", "promotion"]
    assert system.ids == ["failed_check", "promotion"]


def test_a_webhook_that_is_gone_gets_nothing_more_until_its_url_changes(
    outbox, receiver, system, locks
):
    config = Notifications(urls=[receiver.url], webhooks=[hook(system)])
    system.status = 410
    queue(config, outbox, [message("a"), message("b")])
    gone = "notifications.webhooks[0] answered that it is gone and gets nothing more; remove it, or"
    for sent in (2, 0):
        found = deliver(config, outbox, locks)
        assert (found.sent, found.waiting) == (sent, 0)
        assert found.error.startswith(gone)
    system.status = 200
    queue(config, outbox, [message("c")])
    assert deliver(config, outbox, locks).sent == 1
    assert (system.tried, receiver.titles) == (["a"], ["a", "b", "c"])
    changed = Notifications(webhooks=[hook(system, url=f"{system.url}events")])
    queue(changed, outbox, [message("d")])
    assert deliver(changed, outbox, locks) == Delivery(1, 0)
    assert system.ids == ["d"]


def test_the_secret_of_a_webhook_is_stored_nowhere(outbox, system, locks, lake, monkeypatch):
    config = Notifications(webhooks=[hook(system, url=f"{system.url}${{PLACE}}")])
    monkeypatch.setenv("PLACE", "s3cr3t")
    queue(config, outbox, [message(name) for name in ("a", "b")])
    for system.status in (500, 503, 410):
        found = deliver(config, outbox, locks)
        shown = str([found, config, *lake.read(TABLE).to_pylist()])
        assert SECRET[6:] not in shown
        assert "s3cr3t" not in shown
