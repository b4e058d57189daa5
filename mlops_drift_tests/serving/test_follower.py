"""A worker follows the publisher: it changes when it has loaded, and keeps what it had if not."""

import asyncio

import pytest

from mlops_drift.lifecycle.publishing import NOTICE_SECONDS, Publisher
from mlops_drift.serving import follower
from mlops_drift.serving.deployment import (
    CURRENT,
    PUBLISHER,
    VERSIONS,
    PublisherState,
    read_current,
    write,
)
from mlops_drift.serving.follower import AGAIN, NOBODY, NOT_LOADED, SILENT, SLOW, UNKNOWN, Follower
from mlops_drift.serving.metrics import Metrics
from mlops_drift.serving.service import ServedModel
from mlops_drift_tests.serving.published import Shops
from mlops_drift_tests.serving.service import Memory

NOW = 1_800_000_000.0


class Clock:
    """Microseconds since 1970, as a test lets them go by."""

    def __init__(self):
        self.now = int(1e6 * NOW)

    def __call__(self):
        return self.now

    @property
    def seconds(self):
        return self.now / 1e6


class Following:
    """A publisher and a worker that follows it."""

    def __init__(self, shops, folder):
        self.clock, self.folder = Clock(), folder
        self.publisher = Publisher(shops.about, folder, lambda: self.clock.seconds)
        self.model = ServedModel("tiny", Memory(), Metrics().of("tiny"))
        self.follower = Follower(self.model, folder, self.clock)

    def publish(self, problem=None):
        current = self.publisher.publish()
        write(self.folder / PUBLISHER, PublisherState(self.clock.now, problem))
        # The moment of the change has come.
        self.clock.now += int(1e6 * NOTICE_SECONDS)
        return current

    def look(self):
        asyncio.run(self.follower.look())
        return self.model.current and self.model.current.number


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    made = Shops(tmp_path_factory.mktemp("shop"))
    made.promoted(1)
    yield made
    made.connection.close()


@pytest.fixture
def following(shops, tmp_path):
    return Following(shops, tmp_path)


def test_before_a_version_is_named_nobody_answers(following):
    assert following.look() is None
    assert following.model.warning == UNKNOWN


def test_the_version_that_is_named_answers(following):
    following.publish()
    assert following.look() == 1
    assert following.model.warning is None
    loaded = following.model.current
    following.look()
    # It is loaded once.
    assert following.model.current is loaded


def test_a_version_that_cannot_be_loaded_leaves_the_one_before_with_a_warning(shops, tmp_path):
    following = Following(shops, tmp_path)
    following.publish()
    following.look()
    shops.promoted(2)
    second = following.publish()
    file = tmp_path / VERSIONS / second.folder / "compiled.json"
    good = file.read_bytes()
    file.write_bytes(good[:-100])
    assert following.look() == 1
    assert following.model.warning == NOT_LOADED.format(2)
    # As nothing has changed, it is not tried again at once.
    file.write_bytes(good)
    assert following.look() == 1
    following.clock.now += AGAIN
    assert following.look() == 2
    assert following.model.warning is None


def test_a_model_without_a_promotion_says_that_no_version_serves(following):
    following.look()
    assert following.model.warning == UNKNOWN
    write(following.folder / PUBLISHER, PublisherState(following.clock.now))
    following.look()
    assert following.model.warning == NOBODY


def test_a_publisher_that_has_a_problem_or_is_silent_is_a_warning(following):
    following.publish()
    following.look()
    following.publish(problem="LakeError: gone")
    assert following.look() is not None
    assert following.model.warning == UNKNOWN
    following.publish()
    following.look()
    assert following.model.warning is None
    following.clock.now += SILENT + 1
    following.look()
    assert following.model.warning == UNKNOWN


def test_a_change_waits_for_its_moment(following):
    following.publish()
    following.look()
    named = read_current(following.folder)
    later = type(named)(named.folder, named.version, named.promotion + 1, following.clock.now + 300)
    write(following.folder / "current.json", later)
    seen = []

    async def look():
        task = asyncio.create_task(following.follower.look())
        before = following.model.current
        await asyncio.sleep(0)
        seen.append(following.model.current is before)
        await task

    asyncio.run(look())
    assert seen == [True]
    assert following.model.current.number == named.version


def test_a_version_that_is_written_anew_after_a_damage_is_loaded_anew(following, tmp_path):
    current = following.publish()
    following.look()
    loaded = following.model.current
    (tmp_path / VERSIONS / current.folder / "sample.json").write_bytes(b"")
    following.publish()
    assert following.look() == current.version
    assert following.model.current is not loaded


def test_a_version_that_loads_slowly_is_a_warning_until_it_is_loaded(following, monkeypatch):
    monkeypatch.setattr(follower, "SLOW_SECONDS", 0)
    version = following.publish().version
    seen = set()

    async def look():
        task = asyncio.create_task(following.follower.look())
        while not task.done():
            seen.add(following.model.warning)
            await asyncio.sleep(0)

    asyncio.run(look())
    assert SLOW.format(version) in seen
    assert following.model.warning is None


def test_a_clock_that_was_put_back_keeps_no_version_from_being_tried_again(following, tmp_path):
    current = following.publish()
    file = tmp_path / VERSIONS / current.folder / "compiled.json"
    good = file.read_bytes()
    file.write_bytes(b"")
    assert following.look() is None
    file.write_bytes(good)
    following.clock.now -= 3_600_000_000
    assert following.look() == current.version
    # Nor is a publisher that is silent from then on heard for an hour.
    assert following.model.warning == UNKNOWN
    following.publish()
    following.look()
    assert following.model.warning is None


def test_a_folder_in_place_of_a_file_leaves_who_answers_with_a_warning(following):
    following.publish()
    following.look()
    for name in CURRENT, PUBLISHER:
        file = following.folder / name
        content = file.read_bytes()
        file.unlink()
        file.mkdir()
        assert following.look() is not None
        assert following.model.warning == UNKNOWN
        file.rmdir()
        file.write_bytes(content)
        following.look()
        assert following.model.warning is None


def test_a_damaged_name_of_who_serves_leaves_who_answers_with_a_warning(following):
    following.publish()
    following.look()
    file = following.folder / "current.json"
    file.write_bytes(b'{"folder": "1-')
    assert following.look() is not None
    assert following.model.warning == UNKNOWN
    # The publisher writes it again.
    following.publish()
    following.look()
    assert following.model.warning is None


def test_the_first_version_does_not_wait_for_a_clock_that_was_put_back(following):
    following.publish()
    following.clock.now -= 3_600_000_000
    assert following.look() is not None
