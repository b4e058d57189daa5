"""The process that publishes who serves: a worker of the service opens neither lake nor registry.

It ends when its stdin does, which is when the service that started it has ended, and when it has
had a problem for a minute: what a library keeps of files that were replaced ends with the process,
and the service starts it again. On stdout it says that it goes on.
"""

import logging
import math
import os
import select
import signal
import sys
import time
from contextlib import suppress
from functools import cached_property

from filelock import FileLock, Timeout

from mlops_drift import settings
from mlops_drift.cli.common import require_trained
from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import find_model
from mlops_drift.gateways import open_lake, open_registry
from mlops_drift.lifecycle.publishing import Publisher
from mlops_drift.pipeline.shipping import ship
from mlops_drift.serving.deployment import PUBLISHER, PublisherState, write
from mlops_drift.serving.log.segments import LOG
from mlops_drift.sources.service import ServiceSource
from mlops_drift.store.lake import Lake

# A promotion is seen within so many seconds.
LOOK_SECONDS = 0.5
# Midnight, and files that were damaged, are seen within so many.
WHOLE_SECONDS = 5.0

# So often a log is brought into the lake.
SHIP_SECONDS = 60.0
# After so many seconds with a problem another process may have none.
STUCK_SECONDS = 60.0

NOBODY = (
    "%s: no version serves yet; one that is promoted does from the next day on: mlops-drift run %s"
)

logger = logging.getLogger("mlops_drift.publisher")


def main(names: list[str]) -> None:
    """Publishes models, until stdin ends or one of them is stuck."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    settings.isolate()
    # Ctrl-C is for the service, whose end is that of stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with open_lake() as lake, suppress(BrokenPipeError):
        looks = [Look(lake, name) for name in names]
        is_ended = False
        while not is_ended and not any(look.is_stuck for look in looks):
            for look in looks:
                for step in (look.publish, look.ship):
                    step()
                    os.write(sys.stdout.fileno(), b".")
            is_ended = bool(select.select([sys.stdin], [], [], LOOK_SECONDS)[0])


class Look:
    """Looks who serves one model, and says how that went.

    Of several services of a model one does so: the others do nothing until its process has ended.
    """

    def __init__(self, lake: Lake, name: str) -> None:
        self._lake, self._name = lake, name
        self._folder = settings.serving_root() / name
        self._lock = FileLock(settings.lock_root() / f"publisher-{name}.lock")
        self._seen: int | None = -1
        # Moments of a clock that nobody sets.
        self._last = self._shipped = -math.inf
        self._problem: str | None = None
        self._problem_since = math.inf

    @property
    def is_stuck(self) -> bool:
        """Whether there has been a problem for long."""
        return time.monotonic() - self._problem_since >= STUCK_SECONDS

    def publish(self) -> None:
        """Names who serves, if that may have changed."""
        is_early, problem = time.monotonic() - self._last < WHOLE_SECONDS, None
        if self._problem and is_early:
            return
        try:
            if not self._is_first():
                return
            commit = self._lake.last_commit(self._model.store.tables.promotions)
            if commit == self._seen and is_early:
                return
            if self._publisher.publish() is None and self._seen == -1:
                logger.warning(NOBODY, self._name, self._name)
            self._seen = commit
        # Whatever is wrong with lake or registry, who served until now still does.
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        self._last = now = time.monotonic()
        try:
            write(self._folder / PUBLISHER, PublisherState(time.time_ns() // 1000, problem))
        except OSError as error:
            problem = problem or f"{type(error).__name__}: {error}"
        if problem != self._problem:
            logger.warning("%s: %s", self._name, problem or "who serves is known again")
        self._problem_since = min(self._problem_since, now) if problem else math.inf
        self._problem = problem

    def ship(self) -> None:
        """Brings the log of a model into the lake whose days do not do that themselves."""
        now = time.monotonic()
        if not self._lock.is_locked or now - self._shipped < SHIP_SECONDS:
            return
        self._shipped = now
        try:
            if not isinstance(self._model.spec.source, ServiceSource):
                ship(self._model, self._folder / LOG)
        # It stays in the log, and is tried again.
        except Exception as error:
            logger.warning("%s: the log stays where it is: %s", self._name, error)

    def _is_first(self) -> bool:
        if not self._lock.is_locked:
            settings.lock_root().mkdir(parents=True, exist_ok=True)
            with suppress(Timeout):
                self._lock.acquire(timeout=0)
        return self._lock.is_locked

    @cached_property
    def _model(self) -> ModelContext:
        spec = find_model(self._name).spec
        require_trained(spec)
        return ModelContext.of(self._lake, spec, open_registry())

    @cached_property
    def _publisher(self) -> Publisher:
        return Publisher(self._model, self._folder)


if __name__ == "__main__":
    main(sys.argv[1:])
