"""Whether a table can still be read as it was at a commit: a cleanup removes files."""

from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyarrow import fs

from mlops_drift.store.commit_log import CommitLog, filesystem


def is_readable(place: str, number: int) -> bool:
    """Whether a table can be read as it was at a commit."""
    found = at_commit(place, number)
    return found is not None and has_all_files(found)


def at_commit(place: str, number: int) -> DeltaTable | None:
    """A table at a commit; None where the log does not reach back to it."""
    try:
        return DeltaTable(place, version=number)
    except DeltaError:
        return None


def has_all_files(snapshot: DeltaTable) -> bool:
    """Whether none of the files of a snapshot was removed since."""
    files = snapshot.file_uris()
    if not files:
        return True
    system, _ = filesystem(files[0])
    # Paths come percent-encoded, which only a URL may be.
    paths = [file.split("://", 1)[1] if "://" in file else unquote(file) for file in files]
    return all(found.type == fs.FileType.File for found in system.get_file_info(paths))


def readable_commits(place: str) -> set[int]:
    """The commits at which a table can be read, by one reading of its log.

    A snapshot of each would take time that grows with commits times files.
    """
    log = CommitLog(place)
    found: set[int] = set()
    before = -1
    # None where it is not known.
    missing: set[str] | None = set()
    for commit in log.commits():
        if missing is not None and commit.number == before + 1:
            missing -= {unquote(one["path"]) for one in commit.of("remove")}
            missing |= {unquote(one["path"]) for one in commit.of("add")} - log.files
        else:
            # The log of later commits does not say what was there before those that are forgotten.
            snapshot = at_commit(place, commit.number)
            missing = _paths(snapshot) - log.files if snapshot is not None else None
        if missing is not None and not missing:
            found.add(commit.number)
        before = commit.number
    return found


def _paths(snapshot: DeltaTable) -> set[str]:
    added = pa.RecordBatchReader.from_stream(snapshot.get_add_actions()).read_all()
    return {unquote(path) for path in added["path"].to_pylist()}
