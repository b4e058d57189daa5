"""Messages about a model, from its runs to a receiver."""

import dagster as dg
import pandas as pd
import pytest

from mlops_drift.errors import UserError
from mlops_drift.notifications.outbox import Outbox
from mlops_drift.resources import default_resources
from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests.receiver import Receiver
from mlops_drift_tests.tiny import day, events_of, labels_of

SENT = [
    "tiny: retraining begins",
    "tiny: version 1 is champion",
    f"tiny: label_drift fails since {day(4)}",
    f"tiny: performance_drop fails since {day(4)}",
    "tiny: retraining begins",
    "tiny: version 2 is champion",
]


@pytest.fixture(scope="module")
def receiver():
    up = Receiver()
    yield up
    up.down()


def write(world, receiver, last=6, **changes):
    """The story, with a receiver; more of the turned days are labelled yes."""
    folder = world.write_model({"notifications": {"urls": [receiver.url]}, **changes})
    pd.concat([events_of(number) for number in range(7)]).to_csv(folder / "events.csv", index=False)
    labels = pd.concat([labels_of(number, flipped=number >= 3) for number in range(last)])
    labels.to_parquet(folder / "labels.parquet", index=False)
    return folder


def tick(world, instance):
    """One tick of the notification sensor."""
    sensor = world.definitions.resolve_sensor_def("tiny_notification_sensor")
    with dg.build_sensor_context(
        instance=instance,
        repository_def=world.definitions.get_repository_def(),
        resources={"lake": default_resources()["lake"]},
    ) as context:
        return sensor.evaluate_tick(context).skip_message


def titles(receiver):
    return [title for title in receiver.titles if "label_drift" not in title]


def test_a_receiver_gets_one_message_an_episode_and_decision_and_promotion(begin, receiver):
    world = begin("sent")
    write(world, receiver)
    receiver.posts.clear()
    with world.active(), open_instance() as instance:
        world.replay(instance)
        once = titles(receiver)
        world.replay(instance)
        assert tick(world, instance) == "0 messages sent"
    assert once == [title for title in SENT if "label_drift" not in title]
    assert titles(receiver) == once
    body = next(
        message["message"] for _, message in receiver.posts if "performance" in message["title"]
    )
    assert "accuracy of version 1" in body
    assert "concept drift" in body


def test_what_happens_while_a_receiver_is_down_waits_and_arrives_once(new_world, receiver):
    world = new_world("unheard")
    write(world, receiver)
    receiver.posts.clear()
    receiver.down()
    with world.active(), open_instance() as instance:
        try:
            world.replay(instance, until=day(2))
            assert ", 2 waiting: " in tick(world, instance)
        finally:
            receiver.up()
        assert receiver.titles == []
        assert tick(world, instance) == "2 messages sent"
        heard = titles(receiver)
        assert tick(world, instance) == "0 messages sent"
        with world.lake() as model:
            assert Outbox(model.lake, model.tables.outbox).pending() == []
    assert heard == SENT[:2]
    assert titles(receiver) == heard


def test_a_broken_check_is_reported_once_and_retrains_nothing(begin, receiver):
    world = begin("broke")
    write(world, receiver)
    with world.active(), open_instance() as instance:
        receiver.posts.clear()
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


def test_only_the_wanted_kinds_are_sent(new_world, receiver):
    world = new_world("selective")
    wanted = {"urls": [receiver.url], "about": ["promotion"]}
    write(world, receiver, notifications=wanted)
    receiver.posts.clear()
    with world.active(), open_instance() as instance:
        world.replay(instance, until=day(2))
    assert receiver.titles == ["tiny: version 1 is champion"]


def test_a_rejected_challenger_is_sent_as_the_outcome_of_the_decision(new_world, receiver):
    world = new_world("rejected_sent")
    write(world, receiver, gates={"metrics": {"log_loss": 0}})
    receiver.posts.clear()
    with world.active(), open_instance() as instance:
        world.replay(instance, until=day(1))
    assert receiver.titles[0] == "tiny: retraining begins"
    assert len(receiver.titles) == 2
    assert "must be at most 0" in receiver.posts[1][1]["message"]


def test_a_model_without_receivers_has_no_notification_sensor(begun_story):
    with begun_story.world.active():
        names = {sensor.name for sensor in begun_story.world.definitions.sensors}
    assert "tiny_retraining_sensor" in names
    assert "tiny_notification_sensor" not in names
