"""The segment that a writer appends to."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from mlops_drift.serving.log.segments import DRAFT, OPEN, close, name_of


class OpenSegment:
    """A new file of a log, locked as long as this process writes it.

    Attributes:
        begun: when it was begun, in seconds since 1970.
        size: bytes of whole frames.
    """

    def __init__(self, folder: Path, stream: str, start: int, begun: float) -> None:
        name = name_of(stream, start, int(begun * 1e6))
        draft, self._path = folder / f"{name}{DRAFT}", folder / f"{name}{OPEN}"
        self.begun, self.size = begun, 0
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        self._file = os.open(draft, flags, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Under this name nobody sees it before it is locked.
            draft.rename(self._path)
        except OSError:
            os.close(self._file)
            raise

    def append(self, frame: bytes) -> None:
        """Appends a frame, or nothing: an OSError leaves the segment as it was."""
        rest = memoryview(frame)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            # If that fails too, who takes the segment over cuts it off.
            if len(rest) < len(frame):
                os.ftruncate(self._file, self.size)
            raise
        self.size += len(frame)

    @property
    def is_there(self) -> bool:
        """Whether the file still lies where it was begun."""
        try:
            return self._path.stat().st_ino == os.fstat(self._file).st_ino
        except FileNotFoundError:
            return False

    def duplicate(self) -> int:
        """The file once more, to bring it to the disk while this one is closed."""
        return os.dup(self._file)

    def close(self) -> int:
        """Ends it; without a record it is gone.

        Returns:
            Its file, to be brought to the disk and closed.
        """
        with suppress(OSError):
            if os.fstat(self._file).st_size == self.size:
                if self.size:
                    close(self._path)
                else:
                    self._path.unlink()
        return self._file
