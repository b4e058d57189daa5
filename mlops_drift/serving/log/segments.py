"""The segments of a log: files `<stream>-<position>-<begun>.open` or `.closed`.

All that a writer ever appends is one stream, whose name no other one ever has. A segment begins at
a position of it in bytes, and at a time in microseconds since 1970. A writer holds a lock on the
segment that it writes, so whoever gets that lock knows that the writer is dead.
"""

import fcntl
import logging
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mlops_drift.serving.log.frames import CorruptLogError, read_frames

# The folder of the log of a model, below that of its service, and the file that its workers lock.
LOG, WORKERS = "log", "workers.lock"
OPEN, CLOSED = ".open", ".closed"
# A segment that is made, for the moment in which nobody has locked it yet.
DRAFT = ".new"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unshipped:
    """What a log holds that is not in the lake: segments, bytes, age of the oldest in seconds."""

    segments: int
    bytes: int
    seconds: float


class Segment(NamedTuple):
    """A file of a log.

    Attributes:
        start: where it begins in its stream.
        begun: in microseconds since 1970.
    """

    stream: str
    start: int
    begun: int
    path: Path

    @classmethod
    def of(cls, path: Path) -> "Segment":
        """What the name of a file says."""
        stream, start, begun = path.stem.rsplit("-", 2)
        return cls(stream, int(start), int(begun), path)


def name_of(stream: str, start: int, begun: int) -> str:
    """The name of a segment, without its ending.

    >>> Segment.of(Path(name_of("w1", 17, 1_700_000_000_000_000) + OPEN)).start
    17
    """
    return f"{stream}-{start:015}-{begun:016}"


def segments(folder: Path, ending: str = CLOSED) -> list[Segment]:
    """The segments of a log with an ending, stream by stream, in their order."""
    return sorted(map(Segment.of, folder.glob(f"*{ending}")))


def closed_streams(folder: Path) -> dict[str, list[Segment]]:
    """By stream, the closed segments that no open one is in front of."""
    # In this order, so that one that is closed meanwhile is in the second list.
    still_open = segments(folder, OPEN)
    closed = segments(folder)
    known = {one.path.stem for one in closed}
    first_open: dict[str, int] = {}
    for one in still_open:
        if one.path.stem not in known:
            first_open.setdefault(one.stream, one.start)
    found: dict[str, list[Segment]] = {}
    for one in closed:
        if one.start < first_open.get(one.stream, one.start + 1):
            found.setdefault(one.stream, []).append(one)
    return found


def unshipped(folder: Path, now: float) -> Unshipped:
    """What a log holds at a time, in seconds since 1970; open segments count too."""
    found: dict[str, tuple[int, int]] = {}
    for one in [*segments(folder, OPEN), *segments(folder)]:
        # It may be shipped, or renamed, meanwhile.
        with suppress(FileNotFoundError):
            found[one.path.stem] = (one.path.stat().st_size, one.begun)
    oldest = min((begun for _, begun in found.values()), default=None)
    seconds = 0.0 if oldest is None else max(0.0, now - oldest / 1e6)
    return Unshipped(len(found), sum(size for size, _ in found.values()), seconds)


def attend(folder: Path) -> int:
    """Says that a worker of a service writes there, until the file that it returns is closed."""
    folder.mkdir(parents=True, exist_ok=True)
    file = os.open(folder / WORKERS, os.O_WRONLY | os.O_CREAT, 0o600)
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


def is_attended(folder: Path) -> bool:
    """Whether a worker of a service writes there."""
    try:
        file = os.open(folder / WORKERS, os.O_WRONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def take_over(folder: Path) -> list[Path]:
    """Closes the segments that dead writers left open, without their unfinished end.

    Returns:
        The segments that it closed; what holds no record is gone.
    """
    taken = []
    for path in sorted([*folder.glob(f"*{OPEN}"), *folder.glob(f"*{DRAFT}")]):
        try:
            closed = _take_over(path)
        # Its writer, or another process that takes it over, may be faster.
        except (FileNotFoundError, BlockingIOError):
            continue
        except OSError as error:
            logger.warning("%s stays open: %s", path, error.strerror)
            continue
        taken += [closed] if closed else []
    return taken


def _take_over(path: Path) -> Path | None:
    file = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file).st_ino != path.stat().st_ino:
            return None
        end = 0
        try:
            for frame in read_frames(path):
                end = frame.end
        except CorruptLogError:
            # Whoever reads it next says so: nothing is cut off.
            end = os.fstat(file).st_size
        if not end:
            path.unlink()
            return None
        os.ftruncate(file, end)
        # Its writer may have had no time for that.
        os.fdatasync(file)
        return close(path)
    finally:
        os.close(file)


def close(path: Path) -> Path:
    """Gives an open segment the name of a closed one."""
    closed = path.with_suffix(CLOSED)
    path.rename(closed)
    return closed
