"""The segments of a log: files `<worker>-<microseconds since 1970>-<random>.open` or `.closed`.

A writer holds a lock on the segment that it writes, so whoever gets that lock knows that the writer
is dead. No two segments ever have the same name.
"""

import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlops_drift.serving.log.frames import CorruptLogError, read_frames

OPEN, CLOSED = ".open", ".closed"
# A segment that is made, for the moment in which nobody has locked it yet.
DRAFT = ".new"


@dataclass(frozen=True)
class Unshipped:
    """What a log holds that is not in the lake: segments, bytes, age of the oldest in seconds."""

    segments: int
    bytes: int
    seconds: float


def closed_segments(folder: Path) -> list[Path]:
    """The closed segments of a log, those begun first before the others."""
    return sorted(folder.glob(f"*{CLOSED}"), key=lambda path: (begun(path), path.name))


def begun(path: Path) -> int:
    """When a segment was begun, in microseconds since 1970."""
    return int(path.stem.rsplit("-", 2)[1])


def unshipped(folder: Path, now: float) -> Unshipped:
    """What a log holds at a time, in seconds since 1970; open segments count too."""
    sizes = {}
    for path in [*folder.glob(f"*{OPEN}"), *folder.glob(f"*{CLOSED}")]:
        # It may be shipped, or renamed, meanwhile.
        with suppress(FileNotFoundError):
            sizes[path.stem] = (path.stat().st_size, begun(path))
    oldest = min((start for _, start in sizes.values()), default=None)
    seconds = 0.0 if oldest is None else max(0.0, now - oldest / 1e6)
    return Unshipped(len(sizes), sum(size for size, _ in sizes.values()), seconds)


def take_over(folder: Path) -> list[Path]:
    """Closes the segments that dead writers left open, without their unfinished end.

    Returns:
        The segments that it closed; what holds no record is gone.
    """
    taken = []
    for path in sorted([*folder.glob(f"*{OPEN}"), *folder.glob(f"*{DRAFT}")]):
        # Its writer, or another process that takes it over, may be faster.
        with suppress(FileNotFoundError, BlockingIOError):
            closed = _take_over(path)
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
        return close(path)
    finally:
        os.close(file)


def close(path: Path) -> Path:
    """Gives an open segment the name of a closed one."""
    closed = path.with_suffix(CLOSED)
    path.rename(closed)
    return closed
