"""The process that publishes who serves: a worker of the service opens neither lake nor registry.

It ends when its stdin does, which is when the service that started it has ended.
"""

import logging
import signal
import sys
import threading
import time

from mlops_drift import settings
from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import find_model
from mlops_drift.gateways import open_lake, open_registry
from mlops_drift.lifecycle.publishing import Publisher
from mlops_drift.pipeline.shipping import ship
from mlops_drift.serving.deployment import LOG, PUBLISHER, PublisherState, write
from mlops_drift.sources.service import ServiceSource
from mlops_drift.store.tables import Table

# A promotion is seen within so many seconds.
LOOK_SECONDS = 0.5
# Midnight, and files that were damaged, are seen within so many.
WHOLE_SECONDS = 5.0

# So often a log is brought into the lake.
SHIP_SECONDS = 60.0

logger = logging.getLogger("mlops_drift.publisher")


def main(names: list[str]) -> None:
    """Publishes models, until stdin ends."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    settings.isolate()
    ended = threading.Event()
    # Ctrl-C is for the service, whose end is that of stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_wait, args=[ended], daemon=True).start()
    with open_lake() as lake:
        looks = [_Look(ModelContext.of(lake, find_model(n).spec, open_registry())) for n in names]
        while not ended.is_set():
            for look in looks:
                look()
                look.ship()
            ended.wait(LOOK_SECONDS)


def _wait(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


class _Look:
    """Looks who serves one model, and says how that went."""

    def __init__(self, model: ModelContext) -> None:
        self._model = model
        self._folder = settings.serving_root() / model.spec.name
        self._publisher = Publisher(model, self._folder)
        self._seen: int | None = -1
        self._last = self._shipped = 0.0
        self._problem: str | None = None

    def ship(self) -> None:
        """Brings the log of a model into the lake whose days do not do that themselves."""
        now, model = time.time(), self._model
        if isinstance(model.spec.source, ServiceSource) or now - self._shipped < SHIP_SECONDS:
            return
        self._shipped = now
        try:
            ship(model, self._folder / LOG)
        # It stays in the log, and is tried again.
        except Exception as error:
            logger.warning("%s: the log stays where it is: %s", model.spec.name, error)

    def __call__(self) -> None:
        now = time.time()
        try:
            commit = self._model.store.lake.last_commit(self._promotions)
            if commit == self._seen and now - self._last < WHOLE_SECONDS:
                return
            self._publisher.publish()
            self._seen, problem = commit, None
        # Whatever is wrong with lake or registry, who served until now still does.
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
            if now - self._last < WHOLE_SECONDS:
                return
        if problem != self._problem:
            name = self._model.spec.name
            logger.warning("%s: %s", name, problem or "who serves is known again")
        self._last, self._problem = now, problem
        write(self._folder / PUBLISHER, PublisherState(int(1e6 * now), problem))

    @property
    def _promotions(self) -> Table:
        return self._model.store.tables.promotions


if __name__ == "__main__":
    main(sys.argv[1:])
