"""The files of a table: on this machine or in an object store, one of all days or one a day."""

import hashlib
from collections.abc import Collection
from datetime import date
from functools import lru_cache
from pathlib import Path

from mlops_drift.files.error import TableError
from mlops_drift.files.remote import RemoteFile, is_remote, stamps_under
from mlops_drift.sources.base import Origin, SourceError

DAY = "{day}"


class StoredFiles:
    """Where the files of a table lie, and what tells that one has changed.

    Args:
        path: as the YAML has it; `{day}` in it stands for the day.
        folder: where a path of this machine starts.
    """

    def __init__(self, path: str, folder: Path) -> None:
        self._path, self._folder = path, folder

    def file(self, day: date | None = None) -> Path | RemoteFile:
        """The file of a day, or of all days."""
        path = self._path if day is None else self.path_of(day)
        return RemoteFile(path) if is_remote(path) else self._folder / path

    def path_of(self, day: date) -> str:
        """The path of the file of a day, as the YAML has it."""
        return self._path.replace(DAY, day.isoformat())

    def stamps(self, days: Collection[date]) -> dict[date, str]:
        """Size and times of the file of each day, which are others when it changes; empty without.

        In an object store one look finds them all.

        Raises:
            SourceError: if the store cannot be read.
        """
        if not is_remote(self._path):
            return {day: _stamp(self._folder / self.path_of(day)) for day in days}
        base = self._path[: self._path.index(DAY)].rpartition("/")[0]
        try:
            found = stamps_under(f"{base}/") if days else {}
        except TableError as error:
            raise SourceError(str(error)) from None
        return {day: found.get(self.path_of(day), "") for day in days}

    def origin(self, file: Path | RemoteFile) -> Origin:
        """Where rows come from, with a digest of the file as it was read."""
        if isinstance(file, RemoteFile):
            return Origin(str(file), hashlib.sha256(file.read_bytes()).hexdigest())
        # As in the YAML, so that records do not depend on where the project lies.
        place = file.relative_to(self._folder) if file.is_relative_to(self._folder) else file
        return Origin(str(place), _digest(file, _stamp(file)))


def _stamp(path: Path) -> str:
    """Size and times of a file; empty without one."""
    try:
        state = path.stat()
    except OSError:
        return ""
    # The last one also changes when a file is given an older time.
    return f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}"


@lru_cache(maxsize=256)
def _digest(path: Path, stamp: str) -> str:
    """SHA-256 of a file; one that has not changed is read once a process."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
