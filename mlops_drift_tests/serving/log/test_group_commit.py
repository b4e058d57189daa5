"""Answers that wait for the disk: all are woken, whatever becomes of the others."""

import asyncio
import os
import threading

import pytest

from mlops_drift.serving.log.group_commit import GroupCommit
from mlops_drift.serving.log.writer import LogUnavailable, LogWriter
from mlops_drift_tests.serving.log.samples import request


class Disk:
    """Stands between the log and the disk: counts syncs, and holds or fails them."""

    def __init__(self, monkeypatch):
        self.syncs, self.fails = 0, False
        self.goes_on = threading.Event()
        self.goes_on.set()
        self._sync = os.fdatasync
        monkeypatch.setattr(os, "fdatasync", self)

    def __call__(self, file):
        self.syncs += 1
        assert self.goes_on.wait(30)
        if self.fails:
            raise OSError(5, "Input/output error")
        self._sync(file)


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


@pytest.fixture
def log(tmp_path):
    writer = LogWriter(tmp_path, "w1", max_bytes=2000)
    yield writer
    writer.close()


def in_time(coroutine):
    """What a coroutine gives; one that is never woken fails."""
    return asyncio.run(asyncio.wait_for(coroutine, 30))


async def answer(log, commit, number):
    log.append(request(number))
    mine = log.appended
    await commit.durable()
    assert log.synced >= mine
    return number


def test_requests_at_the_same_time_share_syncs(log, disk):
    async def serve():
        commit = GroupCommit(log)
        return await asyncio.gather(*(answer(log, commit, number) for number in range(200)))

    assert in_time(serve()) == list(range(200))
    assert log.synced == log.appended
    # One for each segment, and the one that was under way when the others came.
    assert disk.syncs < 60


def test_many_requests_one_after_another_are_all_woken(log):
    async def serve():
        commit = GroupCommit(log)

        async def client(start):
            for number in range(start, start + 50):
                await answer(log, commit, number)
                await asyncio.sleep(0)

        await asyncio.gather(*(client(100 * start) for start in range(8)))

    in_time(serve())
    assert log.synced == log.appended


def test_a_request_that_is_given_up_takes_nobody_with_it(log, disk):
    async def serve():
        commit = GroupCommit(log)
        disk.goes_on.clear()
        waiting = [asyncio.create_task(answer(log, commit, number)) for number in range(5)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        waiting[3].cancel()
        await asyncio.sleep(0)
        disk.goes_on.set()
        return await asyncio.gather(*waiting, return_exceptions=True)

    first, *others = in_time(serve())
    assert isinstance(first, asyncio.CancelledError)
    assert [one for one in others if isinstance(one, int)] == [1, 2, 4]


def test_a_disk_that_refuses_is_told_to_all_that_wait_and_to_nobody_later(log, disk):
    async def serve():
        commit = GroupCommit(log)
        disk.fails = True
        refused = await asyncio.gather(
            *(answer(log, commit, number) for number in range(5)), return_exceptions=True
        )
        disk.fails = False
        return refused, await answer(log, commit, 5)

    refused, later = in_time(serve())
    assert [type(one) for one in refused] == [LogUnavailable] * 5
    assert later == 5


def test_what_another_sync_has_lost_is_not_durable(log, disk):
    async def serve():
        commit = GroupCommit(log)
        log.append(request(1))
        disk.fails = True
        with pytest.raises(LogUnavailable):
            log.sync()
        disk.fails = False
        await commit.durable()

    with pytest.raises(LogUnavailable, match="refused what was appended"):
        in_time(serve())


def test_without_a_record_nothing_is_waited_for(log, disk):
    in_time(GroupCommit(log).durable())
    assert disk.syncs == 0


def test_an_answer_waits_for_the_sync_that_has_its_segment(tmp_path, disk):
    log = LogWriter(tmp_path, "w1", max_seconds=0)

    async def serve():
        waiting = GroupCommit(log)
        log.append(request(1))
        log.close_if_old()
        disk.goes_on.clear()
        # It has taken the segment, as what a worker does again and again.
        other = asyncio.create_task(asyncio.to_thread(log.sync))
        while not disk.syncs:
            await asyncio.sleep(0.01)
        mine = asyncio.create_task(waiting.durable())
        await asyncio.sleep(0.1)
        assert not mine.done()
        disk.goes_on.set()
        await asyncio.gather(mine, other)

    in_time(serve())
    log.close()
