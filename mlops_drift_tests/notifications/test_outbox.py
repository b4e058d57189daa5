from dataclasses import replace
from datetime import date

import duckdb
import pytest

from mlops_drift.config.spec import ModelSpec
from mlops_drift.notifications.base import Message
from mlops_drift.notifications.outbox import Outbox
from mlops_drift.store.delta import DeltaLake
from mlops_drift_tests.processes import meet
from mlops_drift_tests.tiny import SPEC

TABLE = ModelSpec(**SPEC).tables.outbox


def message(name, **changes):
    body = "amount moved\n- 'quoted' — 5 %"
    written = Message(name, "decision", date(2024, 10, 5), f"about {name}", body, '{"n":1}')
    return replace(written, **changes)


@pytest.fixture
def outbox(lake):
    return Outbox(lake, TABLE)


def ids(outbox):
    return [pending.message.id for pending in outbox.pending()]


def test_an_outbox_that_was_never_written_is_empty(outbox):
    assert outbox.pending() == []
    assert outbox.add([]) == 0


def test_messages_wait_as_they_are_in_the_order_in_which_they_were_added(outbox):
    assert outbox.add([message("b"), message("a")]) == 2
    assert outbox.add([message("0")]) == 1
    assert [pending.message for pending in outbox.pending()] == [
        message("b"),
        message("a"),
        message("0"),
    ]
    assert {pending.delivered for pending in outbox.pending()} == {frozenset()}


def test_a_message_is_added_once_ever(outbox):
    assert outbox.add([message("a"), message("b"), message("a", title="again")]) == 2
    outbox.mark_sent(["a"])
    assert outbox.add([message("a"), message("b", title="again"), message("c")]) == 1
    assert [pending.message for pending in outbox.pending()] == [message("b"), message("c")]


def test_a_sent_message_waits_no_longer(outbox):
    outbox.add([message("a"), message("b"), message("c")])
    outbox.mark_sent(["a", "c"])
    assert ids(outbox) == ["b"]


def test_a_receiver_that_has_a_message_is_remembered(outbox):
    outbox.add([message("a"), message("b")])
    outbox.mark_delivered(["a"], "first")
    outbox.mark_delivered(["a"], "second")
    assert [pending.delivered for pending in outbox.pending()] == [{"first", "second"}, set()]


def test_failed_attempts_are_counted_until_the_message_is_sent(outbox, lake):
    outbox.add([message("a"), message("b")])
    outbox.mark_failed(["a"], "down")
    outbox.mark_failed(["a"], "still down")
    assert ids(outbox) == ["a", "b"]
    query = "SELECT attempts, error FROM o ORDER BY number"
    assert [tuple(row.values()) for row in lake.rows(query, o=TABLE)] == [
        (2, "still down"),
        (0, None),
    ]
    outbox.mark_sent(["a"])
    assert tuple(lake.rows(query, o=TABLE)[0].values()) == (2, None)


def test_a_receiver_that_wants_nothing_is_remembered_beyond_the_message(outbox, lake):
    assert outbox.gone() == set()
    outbox.add([message("a"), message("b")])
    outbox.mark_gone(["a"], "first", "status 410")
    outbox.mark_gone(["b"], "second", "status 410")
    outbox.mark_sent(["a"])
    assert outbox.gone() == {"first", "second"}
    rows = lake.rows("SELECT attempts, error FROM o ORDER BY number", o=TABLE)
    assert [tuple(row.values()) for row in rows] == [(1, None), (1, "status 410")]


def add_at_once(root, number):
    lake = DeltaLake(root, duckdb.connect())
    meet(4)
    return Outbox(lake, TABLE).add([message("shared"), message(f"own {number}")])


def test_processes_that_add_at_once_add_a_message_once_and_lose_none(lake, processes):
    added = processes.run(add_at_once, *((lake.root, number) for number in range(4)))
    assert sorted(added) == [1, 1, 1, 2]
    found = ids(Outbox(lake, TABLE))
    assert sorted(found) == ["own 0", "own 1", "own 2", "own 3", "shared"]
    numbers = lake.rows("SELECT number FROM o ORDER BY number", o=TABLE)
    assert [row["number"] for row in numbers] == [1, 2, 3, 4, 5]
