"""What a worker appends to: every answer is in the log before it is given."""

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from mlops_drift.errors import UserError
from mlops_drift.serving.log.frames import frame
from mlops_drift.serving.log.open_segment import OpenSegment
from mlops_drift.serving.records import ServedRequest

# Between listing the files of a folder and locking them another process may be faster.
_ATTEMPTS = 5
_PROBE_BYTES = 4096
# To ask for the free space takes as long as to append a record.
_SECONDS_BETWEEN_LOOKS = 0.1

logger = logging.getLogger(__name__)


class LogUnavailable(UserError):  # noqa: N818 - a state of the service, which it reports as such
    """The log cannot be written now; the message says why."""


class LogWriter:
    """The log of one worker, in segments.

    A record is one write, so that it outlives the process, however that ends. `sync` brings all
    records to the disk, so that they outlive a power cut. One thread appends; `sync` may run in
    another one. Whoever has the log calls `sync` and `close_if_old` again and again.

    Args:
        folder: where the log lies, which is made.
        worker: the name of the worker; that of its stream begins with it.
        max_bytes: a segment of that size is closed.
        max_seconds: so is one of that age by `timer`, which `close_if_old` looks at.
        min_free_mb: with less space on the disk nothing is appended.
        clock: seconds since 1970.

    Attributes:
        appended: how many bytes were appended.
        synced: how many of them are on the disk.
        lost: up to which of them the disk has refused some; -1 where it has not.
    """

    def __init__(
        self,
        folder: Path,
        worker: str,
        *,
        max_bytes: int = 16 * 2**20,
        max_seconds: float = 60.0,
        min_free_mb: int = 200,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._clock, self._timer = folder, clock, timer
        self._stream = f"{worker}-{int(clock() * 1e6):016}-{secrets.token_hex(4)}"
        self._max_bytes, self._max_seconds, self._min_free_mb = max_bytes, max_seconds, min_free_mb
        self.appended = self.synced = 0
        self.lost = -1
        self._encoder = msgspec.json.Encoder()
        self._lock, self._syncing = threading.Lock(), threading.Lock()
        self._segment: OpenSegment | None = None
        self._due = 0.0
        # They are closed when they are on the disk.
        self._ended: list[OpenSegment] = []
        self._folder_changed = self._has_failed = False
        self._looked_at: float | None = None

    def append(self, request: ServedRequest) -> int:
        """Appends a request; how many bytes that took.

        Raises:
            LogUnavailable: if it is not in the log, of which nothing has changed then.
        """
        data, now = frame(self._encoder.encode(request)), time.monotonic()
        if self._looked_at is None or now - self._looked_at > _SECONDS_BETWEEN_LOOKS:
            with self._lock:
                if self._segment and self._segment.missing:
                    self._end()
            self._require_space()
        with self._lock:
            if self._segment and self._segment.size + len(data) > self._max_bytes:
                self._end()
            try:
                if self._segment is None:
                    self._segment = self._open()
                self._segment.append(data)
            except OSError as error:
                self._has_failed = True
                self._end()
                raise self._unavailable(error) from error
            self._has_failed = False
            self.appended += len(data)
        return len(data)

    def close_if_old(self) -> None:
        """Closes the segment if it has reached its age: without requests, too, records are due.

        So is one of which something is missing.
        """
        with self._lock:
            if self._segment and (self._timer() >= self._due or self._segment.missing):
                self._end()
            if self.synced >= self.appended:
                self._close(self._ended)
                self._ended = []

    def sync(self) -> None:
        """Brings what was appended so far to the disk.

        Raises:
            LogUnavailable: if the disk refuses some of it, which a power cut may take then.
        """
        # Whoever comes later waits for what this one brings there.
        with self._syncing:
            self._sync()

    def problem(self) -> str | None:
        """Why nothing can be appended, in a sentence; None where it can.

        After a failure it tries to write: no request comes that would.
        """
        try:
            self._require_space()
            if self._has_failed:
                self._probe()
        except LogUnavailable as error:
            return str(error)
        return None

    def close(self) -> None:
        """Closes the segment, and brings all to the disk."""
        with self._lock:
            self._end()
        self.sync()

    def _sync(self) -> None:
        with self._lock:
            appended, ended, folder_changed = self.appended, self._ended, self._folder_changed
            segment = self._segment if appended > self.synced else None
            try:
                # It may end, and be closed, meanwhile.
                files = [os.dup(segment.file)] if segment else []
            except OSError as error:
                raise self._unavailable(error) from error
            self._ended, self._folder_changed = [], False
        try:
            for file in [*(one.file for one in ended), *files]:
                os.fdatasync(file)
            if folder_changed:
                self._sync_folder()
        except OSError as error:
            with self._lock:
                # What the disk refused once is not written again, whatever the next sync says.
                self.lost, self._has_failed, self._folder_changed = appended, True, True
                self._end()
                refused, self._ended = [*ended, *self._ended], []
            self._close(refused, is_on_disk=False)
            raise self._unavailable(error) from error
        finally:
            for file in files:
                os.close(file)
        self._close(ended)
        self.synced = max(self.synced, appended)

    def _open(self) -> OpenSegment:
        for _ in range(_ATTEMPTS):
            with suppress(BlockingIOError, FileNotFoundError):
                begun = int(self._clock() * 1e6)
                segment = OpenSegment(self._folder, self._stream, self.appended, begun)
                self._folder_changed, self._due = True, self._timer() + self._max_seconds
                return segment
        raise OSError(f"no segment can be begun in {_ATTEMPTS} attempts")

    def _end(self) -> None:
        if self._segment is None:
            return
        segment, self._segment = self._segment, None
        self._folder_changed = True
        if segment.size:
            self._ended.append(segment)
        else:
            segment.close(is_on_disk=True)

    def _close(self, ended: list[OpenSegment], *, is_on_disk: bool = True) -> None:
        for segment in ended:
            if missing := segment.close(is_on_disk=is_on_disk):
                logger.warning(
                    "somebody has removed or cut a segment of the log in %s while it was written: "
                    "%s bytes of records are gone",
                    self._folder,
                    f"{missing:,}",
                )

    def _require_space(self) -> None:
        # Where it is short, the next one looks again.
        self._looked_at = None
        try:
            # Somebody may have removed it.
            self._folder.mkdir(parents=True, exist_ok=True)
            free = free_bytes(self._folder)
        except OSError as error:
            raise self._unavailable(error) from error
        if free < self._min_free_mb * 10**6:
            raise LogUnavailable(
                f"{self._folder} has {free // 10**6} MB left, less than {self._min_free_mb}: "
                "nothing is answered that could not be kept; free some space on the disk"
            )
        self._looked_at = time.monotonic()

    def _probe(self) -> None:
        place = self._folder / f"{self._stream}.probe"
        try:
            with place.open("wb") as file:
                file.write(b"\0" * _PROBE_BYTES)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._unavailable(error) from error
        finally:
            with suppress(OSError):
                place.unlink()
        self._has_failed = False

    def _sync_folder(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _unavailable(self, error: OSError) -> LogUnavailable:
        why = error.strerror or str(error)
        return LogUnavailable(
            f"the log in {self._folder} cannot be written: {why}; it must be a folder, on a "
            "disk that takes data"
        )


def free_bytes(folder: Path) -> int:
    """How many bytes a process without privileges may still write to the disk of a folder."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
