"""Whether a table can still be read as it was at a commit: a cleanup removes files."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyarrow import fs

_FILE, _NONE = fs.FileType.File, fs.FileType.NotFound


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
    system, _ = _filesystem(files[0])
    # Paths come percent-encoded, which only a URL may be.
    paths = [file.split("://", 1)[1] if "://" in file else unquote(file) for file in files]
    return all(found.type == _FILE for found in system.get_file_info(paths))


def readable_commits(place: str, last: int) -> set[int]:
    """The commits up to a number at which a table can be read, by one reading of its log.

    A snapshot of each would take time that grows with commits times files.
    """
    system, root = _filesystem(place)
    logs = [f"{root}/_delta_log/{number:020}.json" for number in range(last + 1)]
    if any(log.type == _NONE for log in system.get_file_info(logs)):
        # What is written in the log of later commits does not say what was there before.
        return {number for number in range(last + 1) if is_readable(place, number)}
    listed = system.get_file_info(fs.FileSelector(root, recursive=True))
    there = {one.path[len(root) + 1 :] for one in listed if one.type == _FILE}
    missing: set[str] = set()
    found = set()
    for number, log in enumerate(logs):
        actions = _actions(system, log)
        missing -= {_path(one["remove"]) for one in actions if "remove" in one}
        missing |= {_path(one["add"]) for one in actions if "add" in one} - there
        if not missing:
            found.add(number)
    return found


def _filesystem(place: str) -> tuple[fs.FileSystem, str]:
    if "://" in place:
        found: tuple[fs.FileSystem, str] = fs.FileSystem.from_uri(place)
        return found
    return fs.LocalFileSystem(), Path(place).absolute().as_posix()


def _actions(system: fs.FileSystem, log: str) -> list[dict[str, Any]]:
    with system.open_input_stream(log) as stream:
        return [json.loads(line) for line in stream.read().splitlines() if line]


def _path(file: dict[str, str]) -> str:
    return unquote(file["path"])
