"""The segment that a writer appends to."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from mlops_drift.serving.log.segments import DRAFT, OPEN, close, name_of


class OpenSegment:
    """A new file of a log, locked as long as this process writes it.

    Attributes:
        size: bytes of whole frames.
        file: its descriptor.
    """

    def __init__(self, folder: Path, stream: str, start: int, begun: int) -> None:
        name = name_of(stream, start, begun)
        draft, self._path = folder / f"{name}{DRAFT}", folder / f"{name}{OPEN}"
        self.size = 0
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        self.file = os.open(draft, flags, 0o600)
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Under this name nobody sees it before it is locked.
            draft.rename(self._path)
        except OSError:
            os.close(self.file)
            raise

    def append(self, frame: bytes) -> None:
        """Appends a frame, or nothing: an OSError leaves the segment as it was."""
        rest = memoryview(frame)
        try:
            while rest:
                rest = rest[os.write(self.file, rest) :]
        except OSError:
            # If that fails too, who takes the segment over cuts it off.
            if len(rest) < len(frame):
                os.ftruncate(self.file, self.size)
            raise
        self.size += len(frame)

    @property
    def missing(self) -> int:
        """Bytes of its records that no longer lie where they were written."""
        try:
            found = self._path.stat()
        except OSError:
            return self.size
        if found.st_ino != os.fstat(self.file).st_ino:
            return self.size
        return max(0, self.size - found.st_size)

    def close(self, *, is_on_disk: bool) -> int:
        """Ends it: if it is whole and on the disk it gets the name of a closed one.

        Without a record it is gone. Any other is taken over, as that of a dead writer is.

        Returns:
            How many bytes of its records are missing.
        """
        missing = self.missing
        with suppress(OSError):
            if not missing and os.fstat(self.file).st_size == self.size:
                if not self.size:
                    self._path.unlink()
                elif is_on_disk:
                    close(self._path)
        os.close(self.file)
        return missing
