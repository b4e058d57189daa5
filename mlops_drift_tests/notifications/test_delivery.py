from datetime import date

import duckdb
import pytest
from filelock import FileLock

from mlops_drift.config.spec import ModelSpec
from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.notifications import delivery as notifications
from mlops_drift.notifications.base import Message
from mlops_drift.notifications.config import Notifications
from mlops_drift.notifications.delivery import Delivery, deliver, queue
from mlops_drift.notifications.history import History
from mlops_drift.notifications.kinds.failed_check import FailedCheck
from mlops_drift.notifications.outbox import Outbox
from mlops_drift.store.delta import DeltaLake
from mlops_drift_tests.processes import meet
from mlops_drift_tests.receiver import Receiver
from mlops_drift_tests.tiny import SPEC

TABLE = ModelSpec(**SPEC).tables.outbox
DAY = date(2024, 10, 5)


def message(name, kind="decision"):
    return Message(name, kind, DAY, name, f"about {name}", "{}")


@pytest.fixture
def receiver():
    started = Receiver()
    yield started
    started.down()


@pytest.fixture
def other():
    started = Receiver()
    yield started
    started.down()


@pytest.fixture
def outbox(lake):
    return Outbox(lake, TABLE)


@pytest.fixture
def locks(tmp_path):
    return tmp_path / "locks"


def failures(*numbers):
    about = {"check": "null_spike", "version": 1, "window": 1, "subject": "age", "n": 50}
    found = {"verdict": "fail", "code": "beyond_limit", "reason": "age", "value": 0.2}
    days = [DAY.replace(day=n) for n in numbers]
    return [
        CheckEvaluation(**about, **found, day=day, production_day=day, threshold=0.1)
        for day in days
    ]


def test_an_episode_is_sent_once_however_often_it_is_queued_and_delivered(outbox, receiver, locks):
    config = Notifications(urls=[receiver.url])
    for last in (6, 6, 7, 9):
        history = History("shop", failures(*range(5, last)), advice={"null_spike": "Look."})
        found = FailedCheck().messages(history)
        queue(config, outbox, found)
        deliver(config, outbox, locks)
    assert receiver.titles == ["shop: null_spike fails since 2024-10-05"]


def test_nothing_is_queued_without_a_receiver(outbox, locks):
    assert queue(Notifications(), outbox, [message("a")]) == 0
    assert outbox.pending() == []
    assert deliver(Notifications(), outbox, locks).sent == 0


def test_only_kinds_that_are_wanted_are_queued(outbox):
    config = Notifications(urls=["json://127.0.0.1/"], about=["promotion", "decision"])
    offered = [message(kind, kind) for kind in ("failed_check", "decision", "promotion")]
    assert queue(config, outbox, offered) == 2
    assert [pending.message.id for pending in outbox.pending()] == ["decision", "promotion"]


def test_messages_arrive_in_their_order(outbox, receiver, locks):
    config = Notifications(urls=[receiver.url])
    names = ["c", "a", "b"]
    assert queue(config, outbox, [message(name) for name in names]) == 3
    assert deliver(config, outbox, locks) == Delivery(3, 0)
    assert receiver.titles == names
    assert deliver(config, outbox, locks) == Delivery(0, 0)


def test_messages_wait_while_the_receiver_is_down_and_then_arrive_once(outbox, receiver, locks):
    config = Notifications(urls=[receiver.url])
    receiver.down()
    for name in ("a", "b", "c"):
        queue(config, outbox, [message(name)])
        delivery = deliver(config, outbox, locks)
        assert delivery.sent == 0
        assert delivery.error.startswith("notifications.urls[0], json: ")
    assert delivery.waiting == 3
    receiver.up()
    assert deliver(config, outbox, locks) == Delivery(3, 0)
    deliver(config, outbox, locks)
    assert receiver.titles == ["a", "b", "c"]


def test_a_receiver_that_fails_is_tried_twice_a_delivery(outbox, receiver, locks, lake):
    config = Notifications(urls=[receiver.url])
    receiver.status = 500
    queue(config, outbox, [message(name) for name in ("a", "b", "c")])
    deliver(config, outbox, locks)
    deliver(config, outbox, locks)
    stored = lake.rows("SELECT attempts, error FROM o ORDER BY number", o=TABLE)
    assert [row["attempts"] for row in stored] == [2, 2, 0]
    assert "error=500" in stored[0]["error"]


def test_a_message_that_a_receiver_refuses_does_not_hold_up_the_others(outbox, receiver, locks):
    config = Notifications(urls=[receiver.url])
    receiver.refused = {"bad"}
    queue(config, outbox, [message(name) for name in ("a", "bad", "b", "c")])
    for _ in range(2):
        delivery = deliver(config, outbox, locks)
    assert receiver.titles == ["a", "b", "c"]
    assert (delivery.sent, delivery.waiting) == (0, 1)
    assert "error=400" in delivery.error
    receiver.refused = set()
    assert deliver(config, outbox, locks) == Delivery(1, 0)
    assert receiver.titles == ["a", "b", "c", "bad"]


def test_a_receiver_that_is_up_gets_a_message_once_while_another_is_down(
    outbox, receiver, other, locks
):
    config = Notifications(urls=[receiver.url, other.url])
    receiver.down()
    queue(config, outbox, [message("a"), message("b")])
    for _ in range(2):
        delivery = deliver(config, outbox, locks)
        assert (delivery.sent, delivery.waiting) == (0, 2)
        assert "urls[0]" in delivery.error
        assert "urls[1]" not in delivery.error
    assert other.titles == ["a", "b"]
    receiver.up()
    assert deliver(config, outbox, locks) == Delivery(2, 0)
    assert (receiver.titles, other.titles) == (["a", "b"], ["a", "b"])


def test_who_has_a_message_is_known_by_the_url_and_not_by_its_place(outbox, receiver, other, locks):
    receiver.down()
    config = Notifications(urls=[receiver.url, other.url])
    queue(config, outbox, [message("a")])
    deliver(config, outbox, locks)
    receiver.up()
    turned = Notifications(urls=[other.url, receiver.url, other.url])
    assert deliver(turned, outbox, locks) == Delivery(1, 0)
    assert (receiver.titles, other.titles) == (["a"], ["a"])


def test_a_receiver_that_is_no_longer_named_is_not_waited_for(outbox, receiver, other, locks):
    receiver.down()
    config = Notifications(urls=[receiver.url, other.url])
    queue(config, outbox, [message("a")])
    deliver(config, outbox, locks)
    assert deliver(Notifications(urls=[other.url]), outbox, locks) == Delivery(1, 0)
    assert other.titles == ["a"]
    receiver.up()


def test_a_missing_secret_makes_messages_wait_and_is_stored_nowhere(
    outbox, receiver, locks, lake, monkeypatch
):
    config = Notifications(urls=[f"{receiver.url}${{HOOK}}"])
    queue(config, outbox, [message("a")])
    monkeypatch.delenv("HOOK", raising=False)
    assert "HOOK not set" in deliver(config, outbox, locks).error
    monkeypatch.setenv("HOOK", "s3cr3t")
    receiver.status = 500
    assert "error=500" in deliver(config, outbox, locks).error
    assert "s3cr3t" not in str(lake.read(TABLE).to_pylist())
    receiver.status = 200
    assert deliver(config, outbox, locks).sent == 1
    assert [path for path, _ in receiver.posts] == ["/s3cr3t"]


def deliver_at_once(root, url, locks):
    outbox = Outbox(DeltaLake(root, duckdb.connect()), TABLE)
    meet(2)
    return deliver(Notifications(urls=[url]), outbox, locks).sent


def test_two_processes_that_deliver_at_once_send_a_message_once(
    outbox, receiver, locks, lake, processes
):
    names = ["a", "b", "c"]
    queue(Notifications(urls=[receiver.url]), outbox, [message(name) for name in names])
    arguments = (lake.root, receiver.url, locks)
    assert sorted(processes.run(deliver_at_once, arguments, arguments)) == [0, 3]
    assert receiver.titles == names


def test_a_delivery_does_not_wait_for_ever_for_another(outbox, receiver, locks, monkeypatch):
    monkeypatch.setattr(notifications, "LOCK_SECONDS", 0.05)
    config = Notifications(urls=[receiver.url])
    queue(config, outbox, [message("a")])
    locks.mkdir()
    with FileLock(locks / f"{TABLE.name}.lock"):
        assert deliver(config, outbox, locks) == Delivery(0, 1, "another process is sending")
    assert deliver(config, outbox, locks) == Delivery(1, 0)
    assert receiver.titles == ["a"]
