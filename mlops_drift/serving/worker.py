"""A worker: the process that answers requests, from files that a publisher leaves for it."""

import asyncio
import logging
import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
from fastapi import FastAPI

from mlops_drift.serving.app import create_app
from mlops_drift.serving.follower import Follower
from mlops_drift.serving.log.group_commit import GroupCommit
from mlops_drift.serving.log.segments import LOG, attend, unshipped
from mlops_drift.serving.log.writer import LogUnavailable, LogWriter
from mlops_drift.serving.metrics import Metrics
from mlops_drift.serving.options import METRICS_VARIABLE, VARIABLE, Options
from mlops_drift.serving.service import TOKEN_VARIABLE, ServedModel, Service

SYNC_SECONDS = 0.05
LOOK_SECONDS = 0.2
STATE_SECONDS = 1.0
# So long others answer in its place, or clients wait; then it says that it has no version.
FIRST_LOOK_SECONDS = 10.0

logger = logging.getLogger(__name__)


class _Worker:
    """One model of a worker: its log, and who answers."""

    def __init__(self, name: str, options: Options, metrics: Metrics) -> None:
        self._folder = Path(options.root) / name
        # To the end of this process; where nothing can be written `/ready` says so.
        with suppress(OSError):
            attend(self._folder)
        self.log = LogWriter(
            self._folder / LOG,
            f"worker{os.getpid()}",
            min_free_mb=options.min_free_mb,
            max_seconds=options.segment_seconds,
        )
        durable = GroupCommit(self.log).durable if options.durability == "fsync" else None
        self.model = ServedModel(name, self.log, metrics.of(name), durable)
        self.follower = Follower(self.model, self._folder)
        self.has_looked = asyncio.Event()

    async def follow(self) -> None:
        """Looks who serves."""
        try:
            await self.follower.look()
        finally:
            self.has_looked.set()

    async def sync(self) -> None:
        """Brings the log to the disk, so that little is lost where the machine fails."""
        if self.log.synced < self.log.appended:
            try:
                await asyncio.to_thread(self.log.sync)
            except LogUnavailable as error:
                logger.warning("%s: %s", self.model.name, error)

    async def look(self) -> None:
        """Closes what is due, and measures the log."""
        self.log.close_if_old()
        left = await asyncio.to_thread(unshipped, self._folder / LOG, time.time())
        self.model.metrics.unshipped.set(left.bytes)
        self.model.metrics.waiting.set(left.seconds)
        self.model.troubles()

    def close(self) -> None:
        """Ends what the version has begun, and closes the log."""
        self.follower.close()
        try:
            self.log.close()
        except LogUnavailable as error:
            logger.warning("%s: %s", self.model.name, error)


def create() -> FastAPI:
    """The application of a worker, by the options in the environment."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    options = msgspec.json.decode(os.environ[VARIABLE], type=Options)
    metrics = Metrics()
    workers = [_Worker(name, options, metrics) for name in options.models]
    service = Service(
        {worker.model.name: worker.model for worker in workers},
        metrics,
        os.environ.get(TOKEN_VARIABLE) or None,
    )

    parent = multiprocessing.parent_process()

    def is_left() -> bool:
        return parent is not None and not parent.is_alive()

    async def end_with_parent() -> None:
        # Whoever starts the service again needs the port, and a publisher.
        if is_left():
            os.kill(os.getpid(), signal.SIGTERM)

    @asynccontextmanager
    async def background() -> AsyncIterator[None]:
        tasks = [asyncio.create_task(_repeat(end_with_parent, STATE_SECONDS))]
        tasks += [
            asyncio.create_task(_repeat(step, seconds))
            for worker in workers
            for step, seconds in (
                (worker.follow, LOOK_SECONDS),
                (worker.sync, SYNC_SECONDS),
                (worker.look, STATE_SECONDS),
            )
        ]
        # A worker that is started again takes no request before it can answer.
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_LOOK_SECONDS):
                for worker in workers:
                    await worker.has_looked.wait()
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for worker in workers:
            worker.close()
        if is_left():
            # It would have removed where all count together.
            shutil.rmtree(os.environ[METRICS_VARIABLE], ignore_errors=True)

    return create_app(service, background)


async def _repeat(step: Callable[[], Awaitable[None]], seconds: float) -> None:
    """Does a step again and again, whatever happens to it."""
    while True:
        try:
            await step()
        # What is broken now may be mended by the next time.
        except Exception:
            logger.exception("a step in the background failed")
        await asyncio.sleep(seconds)
