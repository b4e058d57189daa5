"""Messages about a model, from its runs to a receiver."""

import json

import dagster as dg
import pytest
from standardwebhooks import Webhook

from mlops_drift import settings
from mlops_drift.config.context import ModelContext
from mlops_drift.errors import UserError
from mlops_drift.gateways import open_lake, open_registry
from mlops_drift.lifecycle.promotion import rollback
from mlops_drift.lifecycle.status import read_status
from mlops_drift.notifications.outbox import Outbox
from mlops_drift.sensors import notifications
from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests.lifecycle.people import BOB
from mlops_drift_tests.links import addresses_in, problem_of
from mlops_drift_tests.receiver import SECRET, Receiver, WebhookReceiver
from mlops_drift_tests.tiny import day, merged, wait

SENT = [
    "tiny: retraining begins",
    "tiny: version 1 is champion",
    f"tiny: performance_drop fails since {day(4)}",
    "tiny: retraining begins",
    "tiny: version 2 is champion",
]


@pytest.fixture(scope="module")
def receiver():
    up = Receiver()
    yield up
    up.down()


def listen(world, receiver, **changes):
    """Lets a story send its messages to a receiver, which has none so far."""
    receiver.posts.clear()
    world.write_model(merged({"notifications": {"urls": [receiver.url]}}, changes))


def tick(world, instance):
    """One tick of the notification sensor."""
    return world.look(instance, sensor="tiny_notification_sensor").skip_message


@pytest.fixture
def ended(told_story, tmp_path):
    """The told story, to go its own way; nobody has heard of it."""
    return told_story.world.copy(tmp_path)


def test_a_receiver_gets_one_message_an_episode_and_decision_and_promotion(ended, receiver):
    listen(ended, receiver)
    with ended.active(), open_instance() as instance:
        ended.replay(instance)
        once = receiver.titles
        ended.replay(instance)
        assert tick(ended, instance) == "0 messages sent"
    assert once == receiver.titles == SENT
    body = next(
        message["message"] for _, message in receiver.posts if "performance" in message["title"]
    )
    assert "accuracy of version 1" in body
    assert "concept drift" in body


def test_what_happens_while_a_receiver_is_down_waits_and_arrives_once(ended, receiver):
    listen(ended, receiver)
    receiver.down()
    with ended.active(), open_instance() as instance:
        try:
            ended.replay(instance)
            assert f", {len(SENT)} waiting: " in tick(ended, instance)
        finally:
            receiver.up()
        assert receiver.titles == []
        assert tick(ended, instance) == f"{len(SENT)} messages sent"
        heard = receiver.titles
        assert tick(ended, instance) == "0 messages sent"
        with ended.lake() as model:
            assert Outbox(model.lake, model.tables.outbox).pending() == []
    assert heard == SENT
    assert receiver.titles == heard


def test_another_system_gets_signed_events_of_a_run_and_of_a_rollback(ended, monkeypatch):
    monkeypatch.setenv("KEY", SECRET)
    system = WebhookReceiver()
    hook = {"url": system.url, "secret": "${KEY}"}
    ended.write_model({"notifications": {"webhooks": [hook]}})
    try:
        with ended.active(), open_instance() as instance:
            ended.replay(instance)
            with open_lake() as lake:
                rollback(ModelContext.of(lake, ended.spec(), open_registry()), BOB)
            assert tick(ended, instance) == "1 messages sent"
            assert tick(ended, instance) == "0 messages sent"
    finally:
        system.down()
    events = [Webhook(SECRET).verify(body, headers) for _, headers, body in system.posts]
    assert [event["type"].removeprefix("mlops_drift.") for event in events] == [
        *("decision.made", "version.promoted", "check.failed"),
        *("decision.made", "version.promoted", "version.rolled_back"),
    ]
    first, _, failed, decided, promoted, back = [event["data"] for event in events]
    assert (first["champion"], first["kind"], first["triggers"]) == (None, "first", [])
    drop = failed["evaluations"][0]
    assert (failed["check"], failed["version"], drop["subject"]) == (
        *("performance_drop", 1, "accuracy"),
    )
    assert drop["value"] < drop["threshold"]
    assert decided["evaluations"][0] == drop
    assert decided["triggers"] == ["performance_drop"]
    assert decided["decision"] == promoted["decision"]
    assert (promoted["version"], promoted["previous"]) == (2, 1)
    assert (back["version"], back["previous"], back["person"]) == (1, 2, "bob")
    assert {event["data"]["model"] for event in events} == {"tiny"}
    assert len(set(system.ids)) == len(events)


def queued(world, instance, **changes):
    """The messages about what has happened in a world, from the outbox; none is sent."""
    world.write_model(merged({"notifications": {"urls": ["json://127.0.0.1:9/"]}}, changes))
    tick(world, instance)
    with world.lake() as model:
        return [one.message for one in Outbox(model.lake, model.tables.outbox).pending()]


def require_links(world, instance, message):
    """Every link of a message leads somewhere, but to a report that no day has written; by name."""
    event = json.loads(message.event)["data"]
    pages = dict(event["links"])
    assert addresses_in(message.body) == list(pages.values())
    report = settings.report_root() / "tiny.html"
    assert pages["report"] == f"{report.as_uri()}#{message.day}"
    if not report.exists():
        del pages["report"]
    for page in pages.values():
        assert problem_of(page, world.definitions, instance) == ""
    assert f"\nnext: {event['next']}\n" in message.body
    return list(pages)


def test_messages_say_what_is_next_and_their_links_lead_somewhere(ended):
    with ended.active(), open_instance() as instance:
        messages = queued(ended, instance)
        with ended.lake() as model:
            said = read_status(ModelContext(ended.spec(), model))["next"]
        found = {one.title: require_links(ended, instance, one) for one in messages}
    assert list(found) == [*dict.fromkeys(SENT)]
    assert {json.loads(one.event)["data"]["next"] for one in messages} == {said}
    assert said == "nothing: no failed check of version 2 that may retrain"
    assert list(found.values()) == [
        ["report", "check", "version", "run"],
        ["report", "version", "run"],
        ["report", "check", "version"],
        ["report", "check", "version", "run"],
    ]


def test_a_message_about_a_challenger_that_waits_names_the_command(three_versions, tmp_path):
    world = three_versions.copy(tmp_path)
    with world.active(), open_instance() as instance:
        with world.lake() as model:
            wait(model, 3, "tiny-v0-x")
        [*_, waits] = queued(world, instance, policy={"approval": "manual"})
        # There was no run.
        assert require_links(world, instance, waits) == ["check", "version"]
    assert waits.title == "tiny: version 3 waits for approval"
    command = "mlops-drift approve tiny --version 3 --reason …"
    assert f"\ncommand: {command}\n" in waits.body
    assert json.loads(waits.event)["data"]["command"] == command


def test_the_message_about_a_rejected_challenger_links_to_what_it_was_trained_for(
    rejected_story, tmp_path
):
    world = rejected_story.copy(tmp_path)
    with world.active(), open_instance() as instance:
        [*_, rejected] = queued(world, instance)
        pages = require_links(world, instance, rejected)
    assert pages == ["report", "check", "version", "run"]
    assert "nothing: the failed checks of version 1 were decided on" in rejected.body


def test_the_policy_may_be_unknown_where_its_tables_cannot_be_read(ended, monkeypatch):
    def broken(model):
        raise UserError("the table is damaged")

    monkeypatch.setattr(notifications, "read_status", broken)
    with ended.active(), open_instance() as instance:
        messages = queued(ended, instance)
    assert len(messages) == len(SENT)
    assert all("\nnext: unknown: the table is damaged\n" in one.body for one in messages)


def test_a_broken_check_is_reported_once_and_retrains_nothing(begin, receiver):
    world = begin("broke")
    listen(world, receiver)
    with world.active(), open_instance() as instance:
        for file in world.data.glob("lake/training/tiny/*/versions/1/reference.json"):
            file.write_text("{}")
        for _ in range(2):
            with pytest.raises(UserError, match="is damaged"):
                world.replay(instance)
        assert not world.look(instance).run_requests
    broke = {
        title: message["message"]
        for title, (_, message) in zip(receiver.titles, receiver.posts, strict=True)
        if title not in SENT
    }
    # Both read the baseline.
    assert sorted(broke) == [
        f"tiny: tiny__{asset} broke on {day(4)}"
        for asset in ("drift_metrics", "performance_metrics")
    ]
    assert len(receiver.titles) == len(set(receiver.titles))
    assert all("is damaged" in body for body in broke.values())
    assert all("\nrun: http" in body for body in broke.values())


@pytest.fixture(scope="module")
def alerted(begin, receiver):
    """A run of the day on which performance drops, in the mode alert; and what was heard of it."""
    world = begin("alerting")
    listen(world, receiver, policy={"mode": "alert"})
    with world.active(), open_instance() as instance:
        world.replay(instance, until=day(4))
    return world, receiver.titles


def test_a_run_sends_what_its_day_and_its_decision_said(alerted):
    assert alerted[1] == [*SENT[:3], "tiny: a retraining is due"]


def test_in_the_mode_alert_nothing_is_trained(alerted):
    world, _ = alerted
    with world.active(), world.lake() as model:
        records, versions = model.decisions.records(idle=False), model.versions.all()
    assert [(record.action, record.kind) for record in records] == [
        ("retrain", "first"),
        ("alert", "performance"),
    ]
    assert [version.version for version in versions] == [1]


def test_only_the_wanted_kinds_are_sent(ended, receiver):
    listen(ended, receiver, notifications={"about": ["promotion"]})
    with ended.active(), dg.DagsterInstance.ephemeral() as instance:
        tick(ended, instance)
    assert receiver.titles == [title for title in SENT if title.endswith("is champion")]


def test_a_rejected_challenger_is_sent_as_the_outcome_of_the_decision(
    rejected_story, tmp_path, receiver
):
    world = rejected_story.copy(tmp_path)
    listen(world, receiver)
    with world.active(), open_instance() as instance:
        tick(world, instance)
    assert receiver.titles == [*SENT[:4], "tiny: version 2 is rejected"]
    assert "must be at most 0" in receiver.posts[-1][1]["message"]


def test_a_model_without_receivers_has_no_notification_sensor(begun_story):
    with begun_story.world.active():
        names = {sensor.name for sensor in begun_story.world.definitions.sensors}
    assert "tiny_retraining_sensor" in names
    assert "tiny_notification_sensor" not in names
