"""Lets a worker follow the publisher: whoever is named answers, once it has proven itself here."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from mlops_drift.serving.deployment import (
    Current,
    DeploymentError,
    load,
    read_current,
    read_publisher,
)
from mlops_drift.serving.service import LoadedVersion, ServedModel, now

# What a stranger may read; the log says more.
NOT_LOADED = "version {} should answer, and cannot be loaded"
SLOW = "version {} should answer, and is still being loaded"
UNKNOWN = "who should answer is not known"
NOBODY = "no version serves yet"

# A version that cannot be loaded is tried again after so many microseconds.
AGAIN = 5_000_000
# Nothing was heard of the publisher for so many: it looks every few seconds.
SILENT = 30_000_000
# A publisher gives less notice of a change.
LONGEST_NOTICE_SECONDS = 7.0
# A version that takes longer to load is a warning until it is loaded.
SLOW_SECONDS = 10.0
# Requests that have begun end in time; then the version before is closed.
GRACE_SECONDS = 60.0

logger = logging.getLogger(__name__)


class Follower:
    """Follows the publisher of one model.

    Args:
        folder: of the model, below `settings.serving_root`.
        clock: microseconds since 1970.
    """

    def __init__(self, model: ServedModel, folder: Path, clock: Callable[[], int] = now) -> None:
        self._model, self._folder, self._clock = model, folder, clock
        self._served: Current | None = None
        self._failed: tuple[Current, int] | None = None

    async def look(self) -> None:
        """Loads who is named, and lets it answer from the moment on that is named with it.

        What fails leaves the version before in its place, with a warning.
        """
        current = read_current(self._folder)
        if current is not None and current != self._served and self._is_due(current):
            try:
                version = await self._loaded(current)
            except DeploymentError as error:
                logger.warning("%s: %s", self._model.name, error)
                self._failed = current, self._clock()
            else:
                if self._model.current is not None:
                    # A clock that was put back keeps nobody waiting.
                    notice = (current.at - self._clock()) / 1e6
                    await asyncio.sleep(min(max(0.0, notice), LONGEST_NOTICE_SECONDS))
                self._serve(current, version)
        self._model.warn(self._warning(current))

    def _is_due(self, current: Current) -> bool:
        if self._failed is None or self._failed[0] != current:
            return True
        return self._is_past(self._failed[1], AGAIN)

    def _is_past(self, moment: int, microseconds: int) -> bool:
        """Whether a moment is so long ago; one ahead is of a clock that was put back since."""
        return abs(self._clock() - moment) >= microseconds

    async def _loaded(self, current: Current) -> LoadedVersion:
        loading = asyncio.create_task(asyncio.to_thread(load, self._folder, current))
        if not (await asyncio.wait([loading], timeout=SLOW_SECONDS))[0]:
            self._model.warn(SLOW.format(current.version))
        return await loading

    def _serve(self, current: Current, version: LoadedVersion) -> None:
        before = self._model.current
        self._model.serve(version)
        self._served, self._failed = current, None
        if before is not None:
            # What it has begun may take long to end.
            loop = asyncio.get_running_loop()
            loop.call_later(GRACE_SECONDS, loop.run_in_executor, None, before.close)

    def _warning(self, current: Current | None) -> str | None:
        if self._failed is not None:
            return NOT_LOADED.format(self._failed[0].version)
        publisher = read_publisher(self._folder)
        if publisher is None or publisher.problem or self._is_past(publisher.at, SILENT):
            return UNKNOWN
        if current is None:
            return UNKNOWN if self._served else NOBODY
        return None

    def close(self) -> None:
        """Ends what the version has begun."""
        if self._model.current is not None:
            self._model.current.close()
