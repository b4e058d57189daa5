"""A worker: the process that answers requests, from files that a publisher leaves for it."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from fastapi import FastAPI

from mlops_drift.serving.app import create_app
from mlops_drift.serving.deployment import LOG
from mlops_drift.serving.follower import Follower
from mlops_drift.serving.log.group_commit import GroupCommit
from mlops_drift.serving.log.segments import unshipped
from mlops_drift.serving.log.writer import LogUnavailable, LogWriter
from mlops_drift.serving.metrics import Metrics
from mlops_drift.serving.options import VARIABLE, Options
from mlops_drift.serving.service import TOKEN_VARIABLE, ServedModel, Service

SYNC_SECONDS = 0.05
LOOK_SECONDS = 0.2
STATE_SECONDS = 1.0

logger = logging.getLogger(__name__)


class _Worker:
    """One model of a worker: its log, and who answers."""

    def __init__(self, name: str, options: Options, metrics: Metrics) -> None:
        self._folder = Path(options.root) / name
        self.log = LogWriter(
            self._folder / LOG,
            f"worker{os.getpid()}",
            min_free_mb=options.min_free_mb,
            max_seconds=options.segment_seconds,
        )
        durable = GroupCommit(self.log).durable if options.durability == "fsync" else None
        self.model = ServedModel(name, self.log, metrics.of(name), durable)
        self.follower = Follower(self.model, self._folder)

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

    parent = os.getppid()

    async def end_with_parent() -> None:
        # Whoever starts the service again needs the port, and a publisher.
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    @asynccontextmanager
    async def background() -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(_repeat(end_with_parent, STATE_SECONDS)),
        ]
        tasks += [
            asyncio.create_task(_repeat(step, seconds))
            for worker in workers
            for step, seconds in (
                (worker.follower.look, LOOK_SECONDS),
                (worker.sync, SYNC_SECONDS),
                (worker.look, STATE_SECONDS),
            )
        ]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for worker in workers:
            worker.log.close()
            worker.follower.close()

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
